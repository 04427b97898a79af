"""The step `doubt`: what another estimator surely finds beyond the value, as a part of the error.

It is the step `challenge` of the variants whose value is that of a published method, and stays so.
"""

from __future__ import annotations

from mmg_plugins.mmg.challengers import WORDS
from mmg_plugins.mmg.challengers.contract import NOTHING
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.challenge import surest
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import NOTICEABLE_PART


def find(evidence: Evidence, value: float) -> Finding:
    """Keep the value; return by how much the lower end of what others find lies above it as a part of the error.

    Nothing is concluded from others who find less, for all of them are low where they fail.
    """
    facts = evidence.fitted.facts
    best = surest(facts.all_heard(STEP.name))[1] if facts else NOTHING
    missed = max(0.0, best.least - value) if best.value > 0 else 0.0
    return Finding(value, missed, "what other estimators find in training rows beyond the estimate")


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn that another estimator finds noticeably more than the estimate."""
    missed = finding.error or 0.0
    if not NOTICEABLE_PART(missed, mi):
        return []
    by = surest(evidence.facts.all_heard(STEP.name))[0]
    return [
        f"{WORDS[by]} at least {mi + missed:.2f} nats in the training rows, {missed:.2f} more than the network "
        "learned; the standard error includes that. Give it more rows, or compare with --plugin auto."
    ]


STEP = Step("doubt", find, warn)
