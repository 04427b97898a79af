"""The step `unfinished`: the gain that more training would bring, and the limit that ended a training."""

from __future__ import annotations

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import NOTICEABLE_REST
from mmg_registry.errors import TrainingWarning, about
from mmg_registry.training import Report


def find(evidence: Evidence, value: float) -> Finding:
    """Keep the value; return the extrapolated gain of more training as a part of the error.

    The extrapolation is too rough to serve as a correction.
    """
    left = sum(report.unfinished for report in evidence.fitted.trained.reports)
    return Finding(value, left, "what held-out rows say that more training would still gain")


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn of how much may be left to learn, and of limits that ended a training early."""
    found = [_rest(finding.error or 0.0, evidence.gap.direct)]
    found += [stopped(report) for report in evidence.fitted.trained.reports]
    return about(TrainingWarning, filter(None, found))


def _rest(left: float, mi: float) -> str:
    if not NOTICEABLE_REST(left, mi):
        return ""
    return (
        f"Held-out rows were still gaining: more training may add some {left:.2f} nats, which the standard error "
        "includes; allow more steps or more time."
    )


def stopped(report: Report) -> str:
    """Return a warning for a training that a limit ended, else ""."""
    if report.kept == 0 and report.stopped.startswith("max"):
        limit = "time limit" if report.stopped == "max_seconds" else "limit"
        return (
            f"At its {limit}, after {report.steps} steps, the network did not beat the linear denoisers on held-out "
            "rows, and only linear dependence is counted; allow more steps or more time."
        )
    if report.stopped == "max_seconds":
        return f"Training was cut by the time limit after {report.steps} steps, before the held-out loss had settled."
    if report.stopped == "max_steps":
        return f"Training ended at its limit of {report.steps} steps, before the held-out loss had settled."
    return ""


STEP = Step("unfinished", find, warn)
