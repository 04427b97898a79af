"""What the network learned by heart: seen in its training rows, and in no others."""

from __future__ import annotations

import math

from mmg_plugins.mmg.belief import surely_above
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.facts import Measured
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import BY_HEART_SHARE


def find(evidence: Evidence, value: float) -> Finding:
    """Add half of what the network sees more in training rows than in evaluation rows; it widens the error as well."""
    direct = evidence.adjusted[1]
    seen = evidence.facts.seen or Measured(direct.mean, 0.0)
    half = half_by_heart(Measured(direct.mean, direct.residual_error), seen)
    return Finding(value + half, half, "half of what the direct value is larger by on training rows")


def half_by_heart(direct: Measured, seen: Measured) -> float:
    """Return half of what the network surely sees more in rows it was trained on, in nats.

    What was learned by heart is gained there and lost on other rows, to first order as much (the optimism of a fit:
    Efron, "How biased is the apparent error rate of a prediction rule?", JASA 1986), so that the truth lies midway.
    What training was stopped too early to learn is in neither: the same half is the error of this correction.

    Args:
        direct: the direct value on evaluation rows, adjusted to all rows.
        seen: the same on training rows.

    Example:
        >>> sure = Measured(0.3, 0.0)
        >>> half_by_heart(sure, Measured(0.4, 0.0)), half_by_heart(sure, Measured(0.2, 0.0))
        (0.05000000000000002, 0.0)
    """
    return BY_HEART_SHARE * surely_above(seen.value - direct.value, math.hypot(seen.error, direct.error))


STEP = Step("generalisation", find)
