"""Shrinkage of a noisy value: how much of it to believe, given its standard error."""

from __future__ import annotations


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
