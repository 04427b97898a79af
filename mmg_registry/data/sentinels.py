"""Codes for missing values that stand among numbers: -999, 9999, 1e30, and -1 among positive numbers.

Such a code is one value that many rows repeat, far from all others. Zeros are none; a value at which a column is cut
off lies beside others, as close as these do; and the extremes of heavy tails do not repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARE = 0.005  # of the rows that repeat the value at least
ROWS = 4  # and rows
FAR = 10.0  # times the spread of the others (their middle half) that lie between it and the nearest
FAR_KNOWN = 0.2  # the same for codes that are in use: 99 among ages is no age
EXCESS = 3.0  # times the rows of a typical value, for codes that are not in use
KNOWN = (  # of surveys, weather stations, SPSS and SAS; and the ends of whole-number types
    *(-99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0),
    *(-(2.0**15), 2.0**15 - 1, 2.0**16 - 1, -(2.0**31), 2.0**31 - 1, 2.0**32 - 1),
)
NONE = -1.0  # a code in use where all other values are positive, unless they are labels
HUGE = 1e20  # what no measurement reaches and many programs write: 1e20, 1e30, NetCDF's 9.97e36
NEAREST = 5  # other values to which the gap is compared: a cut-off value is no farther than these are apart


def sentinels(values: NDArray[Any], counts: NDArray[np.int64], labels: bool = False) -> dict[float, float]:
    """Return the values of a column that look like codes for missing ones, with their shares of the rows.

    Args:
        values: the different values of the column, rising.
        counts: how many rows hold each.
        labels: whether the column is a category, whose numbers mean nothing: there only the codes in use count.

    Example:
        >>> column = np.where(np.arange(1000) < 30, -999.0, np.random.default_rng(0).normal(size=1000))
        >>> sentinels(*np.unique(column, return_counts=True))
        {-999.0: 0.03}
    """
    n = int(counts.sum())
    often = (counts >= max(ROWS, SHARE * n)) & (values != 0)
    known = _known(values) if labels else _known(values) | _alone_below_zero(values)
    if labels or len(values) == int(often.sum()):
        often &= known
    found = np.flatnonzero(often) if len(values) > 2 else np.empty(0, dtype=np.int64)
    return {
        float(values[at]): float(counts[at] / n)
        for at in found.tolist()
        if _stands_apart(values, counts, at, known=bool(known[at]), labels=labels)
    }


def _stands_apart(values: NDArray[Any], counts: NDArray[np.int64], at: int, *, known: bool, labels: bool) -> bool:
    """Return whether one value lies far from all others, by their spread and by how far these are apart."""
    value = float(values[at])
    low, high = _floats(values[max(0, at - NEAREST) : at]), _floats(values[at + 1 :][:NEAREST])
    sides = [(abs(value - near[0]), abs(near[-1] - near[0])) for near in (low[::-1], high) if near]
    gap, local = min(sides)
    spread = _spread(np.delete(values, at), np.delete(counts, at), whole=labels)
    factor = 1.0 if labels else FAR_KNOWN if known else FAR
    odd = len(sides) == 1 and counts[at] > EXCESS * np.median(counts)
    return (known or bool(odd)) and gap > local and gap > factor * spread > 0


def _known(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(np.isin(values, KNOWN) | (np.abs(values) >= HUGE), dtype=bool)


def _alone_below_zero(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((values == NONE) & (np.append(values, 0.0)[1] > 0), dtype=bool)


def _floats(values: NDArray[Any]) -> Sequence[float]:
    """Python's floats, which become infinite where NumPy's warn."""
    return [float(value) for value in values]


def _spread(values: NDArray[Any], counts: NDArray[np.int64], whole: bool) -> float:
    """The range of the middle half of the rows; of all where that is one value, or where the `whole` is asked for."""
    shares = np.cumsum(counts) / counts.sum()
    low, high = (float(values[np.searchsorted(shares, share)]) for share in (0.25, 0.75))
    return float(values[-1]) - float(values[0]) if whole or low == high else high - low
