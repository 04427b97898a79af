"""The step `norms`: a floor under the estimate, since x and y share at least what the norms of their rows share."""

from __future__ import annotations

import math

from mmg_plugins.belief import surely_above
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.facts import Measured
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import FLOOR_ERROR_SHARE, NOTICEABLE_PART


def find(evidence: Evidence, value: float) -> Finding:
    """Raise the value to the floor (`mmg_registry.diffusion.norms`) where it is significantly lower."""
    raised, error = raised_to(value, evidence.facts.needed("norms", STEP.name))
    return Finding(value + raised, error, "the norms of x and y alone share no more than x and y do")


def raised_to(mi: float, floor: Measured) -> tuple[float, float]:
    """Return the rise of an estimate `mi` below a floor, and the part of the standard error, both in nats.

    Half of the rise is the part of the error, for the truth may lie above the floor.

    Example:
        >>> raised_to(0.1, Measured(0.3, 0.0)), raised_to(0.3, Measured(0.1, 0.0)), raised_to(0.1, Measured(0.11, 0.02))
        ((0.19999999999999998, 0.09999999999999999), (0.0, 0.0), (0.0, 0.0))
    """
    raised = surely_above(floor.value - mi, floor.error)
    return raised, math.hypot(raised * FLOOR_ERROR_SHARE, floor.error) if raised else 0.0


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn that the estimate was raised, where the rise is noticeable."""
    doubt = finding.error or 0.0
    if not NOTICEABLE_PART(doubt, mi):
        return []
    return [
        f"The norms of rows of x and of y alone share at least {mi:.2f} nats, more than the network learned of the "
        f"whole; the estimate was raised to that, and {doubt:.2f} went into its standard error. Give it more rows."
    ]


STEP = Step("norms", find, warn)
