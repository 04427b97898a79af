"""The step `neighbours`: a second opinion by nearest neighbours.

The held-out loss of a network cannot show a dependence that the network never began to learn.
"""

from __future__ import annotations

from dataclasses import replace

from mmg_plugins.baselines.ksg import KSG
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.facts import Measured
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import NEIGHBOUR_COLUMNS, NEIGHBOUR_ERRORS, NEIGHBOUR_ROWS, NOTICEABLE_PART
from mmg_registry.contracts import Array, Run


def ask_neighbours(x: Array, y: Array, run: Run) -> Measured:
    """Return the information that nearest neighbours find in some of the rows, in nats; zeros where they give none.

    The search runs on the CPU, wherever the network runs.
    """
    every = -(-len(x) // NEIGHBOUR_ROWS)
    x, y = x[::every], y[::every]
    if x.shape[1] + y.shape[1] > NEIGHBOUR_COLUMNS or len(x) < 2:
        return Measured(0.0, 0.0)
    found = KSG(run=replace(run, progress=None, device="cpu")).fit(x, y).estimate(x, y)
    if found.diagnostics["rows_with_copies"] or found.diagnostics["method"] != "squares":
        return Measured(0.0, 0.0)
    return Measured(found.mi, found.diagnostics["errors"]["rows"])  # where they are low, they find the more surely


def find(evidence: Evidence, value: float) -> Finding:
    """Keep the value; return as a part of the error what neighbours find beyond the value and two of their own errors.

    Nearest neighbours are biased low where dependence is strong or columns are many, so nothing is concluded where they
    find less.
    """
    found, error = evidence.facts.needed("neighbours", STEP.name)
    missed = max(0.0, found - NEIGHBOUR_ERRORS * error - value)
    return Finding(value, missed, "what nearest neighbours find in training rows beyond the estimate")


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn that nearest neighbours find noticeably more than the estimate."""
    missed = finding.error or 0.0
    if not NOTICEABLE_PART(missed, mi):
        return []
    return [
        f"Nearest neighbours find at least {mi + missed:.2f} nats in the training rows, {missed:.2f} more than the "
        "network learned; the standard error includes that. Give it more rows, or compare with --plugin ksg."
    ]


STEP = Step("neighbours", find, warn)
