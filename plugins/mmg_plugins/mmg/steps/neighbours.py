"""The step `neighbours`: a second opinion by nearest neighbours.

The held-out loss of a network cannot show a dependence that the network never began to learn.
"""

from __future__ import annotations

from mmg_plugins.baselines import second_opinion
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.facts import Measured
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import NEIGHBOUR_COLUMNS, NEIGHBOUR_ROWS, NOTICEABLE_PART
from mmg_registry.contracts import Array, Run


def ask_neighbours(x: Array, y: Array, run: Run) -> Measured:
    """Return the information that nearest neighbours find in some of the rows, in nats; zeros where they give none."""
    return Measured(*second_opinion.ask_neighbours(x, y, run, NEIGHBOUR_ROWS, NEIGHBOUR_COLUMNS))


def find(evidence: Evidence, value: float) -> Finding:
    """Keep the value; return as a part of the error what neighbours find beyond the value and two of their own errors.

    Nearest neighbours are biased low where dependence is strong or columns are many, so nothing is concluded where they
    find less.
    """
    missed = second_opinion.Opinion(*evidence.facts.needed("neighbours", STEP.name)).beyond(value)
    return Finding(value, missed, "what nearest neighbours find in training rows beyond the estimate")


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn that nearest neighbours find noticeably more than the estimate."""
    missed = finding.error or 0.0
    if not NOTICEABLE_PART(missed, mi):
        return []
    return [second_opinion.neighbours_find_more(mi, missed)]


STEP = Step("neighbours", find, warn)
