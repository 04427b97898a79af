"""How much of a noisy value to believe, given its standard error, and what a fit knows by heart."""

from __future__ import annotations

import math
from typing import NamedTuple

SEEN_ROWS = 4_000
"""Training rows that the network is evaluated on again, to find what it learned by heart.

Evidence: with 4,000 rows the excess is known to 0.007 to 0.012 nats on tasks of 10,000 rows ("What was learned by
heart").
Lower: the excess is lost in noise, and is not believed. Higher: time, up to that of the evaluation itself.
"""

BY_HEART_SHARE = 0.5
"""Share of the excess on training rows that is added to the estimate, and that widens its error.

Evidence: half is what theory gives to first order (`half_by_heart`); with 10,000 rows twice that was missing, for
training stops before it has learned everything.
Lower: estimates of few rows stay low. Higher: what training did not learn is counted as if it were memorised.
"""


class Measured(NamedTuple):
    """A value and its standard error, both in nats."""

    value: float
    error: float


def shrinkage(value: float, error: float) -> float:
    """Return the share of a noisy value to believe: `max(0, 1 - error^2 / value^2)`.

    This is the factor of the positive-part James-Stein estimator, for a single value.

    Args:
        value: the noisy value, in any unit.
        error: its standard error, in the same unit.

    Example:
        >>> shrinkage(0.1, 0.05), shrinkage(0.01, 0.05)
        (0.75, 0.0)
    """
    return max(0.0, 1.0 - (error / value) ** 2) if value else 0.0


def surely_above(value: float, error: float) -> float:
    """Return how far above zero a noisy value is believed to lie, in its own unit; 0.0 for a negative one.

    Example:
        >>> surely_above(0.2, 0.1), surely_above(0.1, 0.2), surely_above(-0.2, 0.1)
        (0.15000000000000002, 0.0, 0.0)
    """
    return max(0.0, value) * shrinkage(value, error)


def half_by_heart(direct: Measured, seen: Measured) -> float:
    """Return half of the excess of the value on training rows, as far as it is believed (`surely_above`), in nats.

    To first order, memorising raises the value on training rows by as much as it lowers it on other rows (the optimism
    of a fit: Efron, "How biased is the apparent error rate of a prediction rule?", JASA 1986), so that the truth lies
    midway. Neither value contains what an early stop left unlearned, for which the same half serves as the error of
    this correction.

    Args:
        direct: the value on rows that nothing was fitted to.
        seen: the value on training rows.

    Example:
        >>> sure = Measured(0.3, 0.0)
        >>> half_by_heart(sure, Measured(0.4, 0.0)), half_by_heart(sure, Measured(0.2, 0.0))
        (0.05000000000000002, 0.0)
    """
    return BY_HEART_SHARE * surely_above(seen.value - direct.value, math.hypot(seen.error, direct.error))
