"""The p-value of a statistic among those of exchanged rows, drawn until it is known well enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import F64

ENOUGH = 20
"""Exchanges that reach the observed statistic, after which no more are drawn: p is then known to a fifth of itself.
Lower: p-values that move with the seed. Higher: time, spent on p-values that are not small."""

FIRST, LARGEST = 64, 4_096  # exchanges drawn at once, at first and later
ROUNDING = 1e-9  # of a statistic: the same rows summed in another order are as large


@dataclass(frozen=True)
class PValue:
    """A p-value, and the exchanges behind it.

    Attributes:
        value: the p-value, in (0, 1].
        drawn: exchanges that were drawn.
        reached: those whose statistic reached the observed one.
    """

    value: float
    drawn: int
    reached: int


@dataclass(frozen=True)
class Judged:
    """What a test found.

    Attributes:
        p: the p-value with the exchanges behind it.
        statistic: of the rows as they are; its scale is the method's own.
        method: what was compared with what, in a few words.
        doubts: sentences for the user.
    """

    p: PValue
    statistic: float
    method: str
    doubts: tuple[str, ...] = ()


def p_value(observed: float, draw: Callable[[int], F64], most: int, enough: int = ENOUGH, first: int = FIRST) -> PValue:
    """Return the p-value of `observed`, which exchanges reach or exceed the less often the less likely it is by chance.

    With `most` exchanges drawn and g of them as large, p = (1 + g) / (1 + most). Where g reaches `enough` at the l-th,
    p = enough / l. Both keep any level exactly (Besag and Clifford, Biometrika 1991, section 3).

    Args:
        observed: the statistic of the rows as they are.
        draw: returns so many statistics of exchanged rows; every call draws new ones.
        most: exchanges that are drawn at most.
        enough: those as large after which none is drawn any more.
        first: exchanges that are drawn at once, at first; twice as many every time.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p_value(9.0, rng.standard_normal, 999)
        PValue(value=0.001, drawn=999, reached=0)
        >>> p_value(0.0, rng.standard_normal, 999).drawn < 100
        True
    """
    drawn = reached = 0
    edge = observed - ROUNDING * max(1.0, abs(observed))
    size = first
    while drawn < most:
        large = np.cumsum(draw(min(size, most - drawn)) >= edge)
        if reached + large[-1] >= enough:
            drawn += int(np.searchsorted(large, enough - reached)) + 1
            return PValue(enough / drawn, drawn, enough)
        drawn, reached, size = drawn + len(large), reached + int(large[-1]), min(2 * size, LARGEST)
    return PValue((1 + reached) / (1 + most), drawn, reached)
