"""A second opinion by nearest neighbours: of what a network never began to learn, its held-out loss cannot tell."""

from __future__ import annotations

from dataclasses import replace

from mmg_plugins.baselines import KSG
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.facts import Measured
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import NEIGHBOUR_COLUMNS, NEIGHBOUR_ERRORS, NEIGHBOUR_ROWS, NOTICEABLE_PART
from mmg_registry.contracts import Array, Run


def ask_neighbours(x: Array, y: Array, run: Run) -> Measured:
    """Return the information by nearest neighbours in some of the rows; zeros where they cannot tell.

    They run on the CPU whatever the network does.
    """
    every = -(-len(x) // NEIGHBOUR_ROWS)
    x, y = x[::every], y[::every]
    if x.shape[1] + y.shape[1] > NEIGHBOUR_COLUMNS or len(x) < 2:
        return Measured(0.0, 0.0)
    found = KSG(run=replace(run, progress=None, device="cpu")).fit(x, y).estimate(x, y)
    if found.diagnostics["rows_with_copies"]:
        return Measured(0.0, 0.0)
    return Measured(found.mi, found.std_error or 0.0)


def find(evidence: Evidence, value: float) -> Finding:
    """Let what neighbours find beyond the estimate and two of their own errors widen the error.

    They are low where dependence is strong or columns many, so nothing is concluded where they find less.
    """
    found, error = evidence.facts.neighbours
    missed = max(0.0, found - NEIGHBOUR_ERRORS * error - value)
    return Finding(value, missed, "what nearest neighbours find in training rows beyond the estimate")


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Say that neighbours find more, where that is noticeable."""
    missed = finding.error or 0.0
    if not NOTICEABLE_PART(missed, mi):
        return []
    return [
        f"Nearest neighbours find at least {mi + missed:.2f} nats in the training rows, {missed:.2f} more than the "
        "network learned; the standard error includes that. Give it more rows, or compare with --plugin ksg."
    ]


STEP = Step("neighbours", find, warn)
