"""The step `generalisation`: a correction for what the network memorised of its training rows ("by heart")."""

from __future__ import annotations

import math

from mmg_plugins.mmg.belief import surely_above
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.facts import Measured
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import BY_HEART_SHARE


def find(evidence: Evidence, value: float) -> Finding:
    """Add half of the excess of the value on training rows, and return that half as a part of the error too."""
    direct = evidence.adjusted[1]
    seen = evidence.facts.seen_for(STEP.name)
    half = half_by_heart(Measured(direct.mean, direct.residual_error), seen)
    return Finding(value + half, half, "half of what the direct value is larger by on training rows")


def half_by_heart(direct: Measured, seen: Measured) -> float:
    """Return half of the excess of the value on training rows, as far as it is believed (`surely_above`), in nats.

    To first order, memorising raises the value on training rows by as much as it lowers it on other rows (the optimism
    of a fit: Efron, "How biased is the apparent error rate of a prediction rule?", JASA 1986), so that the truth lies
    midway. Neither value contains what an early stop left unlearned, for which the same half serves as the error of
    this correction.

    Args:
        direct: the direct value on evaluation rows, adjusted to all rows.
        seen: the direct value on training rows, adjusted to all rows.

    Example:
        >>> sure = Measured(0.3, 0.0)
        >>> half_by_heart(sure, Measured(0.4, 0.0)), half_by_heart(sure, Measured(0.2, 0.0))
        (0.05000000000000002, 0.0)
    """
    return BY_HEART_SHARE * surely_above(seen.value - direct.value, math.hypot(seen.error, direct.error))


STEP = Step("generalisation", find)
