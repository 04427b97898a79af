"""A floor under the estimate: what the norms of rows of x and of y alone share, x and y share too."""

from __future__ import annotations

import math

from mmg_plugins.mmg.belief import surely_above
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.facts import Measured
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import FLOOR_ERROR_SHARE, NOTICEABLE_PART


def find(evidence: Evidence, value: float) -> Finding:
    """Raise an estimate that is surely lower to the floor (`mmg_registry.diffusion.norms`)."""
    raised, error = raised_to(value, evidence.facts.norms)
    return Finding(value + raised, error, "the norms of x and y alone share no more than x and y do")


def raised_to(mi: float, floor: Measured) -> tuple[float, float]:
    """Return what to add to an estimate `mi` below a floor, and what that adds to its standard error, in nats.

    Half of what it is raised by widens the error, for there may be more.

    Example:
        >>> raised_to(0.1, Measured(0.3, 0.0)), raised_to(0.3, Measured(0.1, 0.0)), raised_to(0.1, Measured(0.11, 0.02))
        ((0.19999999999999998, 0.09999999999999999), (0.0, 0.0), (0.0, 0.0))
    """
    raised = surely_above(floor.value - mi, floor.error)
    return raised, math.hypot(raised * FLOOR_ERROR_SHARE, floor.error) if raised else 0.0


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Say that the estimate was raised, where that is noticeable."""
    doubt = finding.error or 0.0
    if not NOTICEABLE_PART(doubt, mi):
        return []
    return [
        f"The norms of rows of x and of y alone share at least {mi:.2f} nats, more than the network learned of the "
        f"whole; the estimate was raised to that, and {doubt:.2f} went into its standard error. Give it more rows."
    ]


STEP = Step("norms", find, warn)
