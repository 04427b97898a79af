"""How far a noisy value is believed."""

from __future__ import annotations


def shrinkage(value: float, error: float) -> float:
    """Return the share of a noisy value to believe: `max(0, 1 - error^2 / value^2)`.

    The positive-part James-Stein factor of a single value.

    Args:
        value: any unit.
        error: its standard error, in the same unit.

    Example:
        >>> shrinkage(0.1, 0.05), shrinkage(0.01, 0.05)
        (0.75, 0.0)
    """
    return max(0.0, 1.0 - (error / value) ** 2) if value else 0.0


def surely_above(value: float, error: float) -> float:
    """Return what of a noisy value is believed to lie above zero, in its unit.

    Example:
        >>> surely_above(0.2, 0.1), surely_above(0.1, 0.2), surely_above(-0.2, 0.1)
        (0.15000000000000002, 0.0, 0.0)
    """
    return max(0.0, value) * shrinkage(value, error)
