"""Whether the order of rows matters: rows that remember the ones before, and sorted files, which only look so.

Independent rows in any order, a sorted file too, are still independent rows. In a series each row remembers those
before it, and two series without any dependence then agree by chance far more than independent rows would: the variance
of a cross moment of x and y is that of independent rows times 1 + 2 sum_k r_x(k) r_y(k), over the autocorrelations r at
lags k (Bartlett, J. R. Statist. Soc. 1935). So both sides must remember; one alone does no harm.

A sorted file has autocorrelations as large as a series, but none within short stretches once their mean is taken off,
for there the order means nothing: that is how the two are told apart. A column that only rises or only falls is what a
file was sorted by, and is not asked, nor is one that is mostly one value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri
from scipy.stats import rankdata
from scipy.stats import t as student

from mmg_registry.arrays import F64
from mmg_registry.contracts import Array

LEVEL = 0.01  # of the test of one side; both must speak, so that shuffled rows pass in 99 of 100 files and more
LEAST_MEMORY = 0.1  # mean autocorrelation within stretches; a few classes, one after the other, stay below it
LEAST_INFLATION = 1.2  # of a cross moment's variance: below it the error grows by less than a tenth
SHORTEST = 8  # rows of a stretch; the next scales are four times as long each
FEWEST_STRETCHES, MANY_STRETCHES = 6, 48  # at the shortest scale, and at others: a class may cover some stretches
ONE_WAY = 0.95  # share of a column's steps in one direction that only a file sorted by it has
MOSTLY = 0.9  # share of the commonest value, above which a column is not asked
MOST_COLUMNS = 64  # of a side that are asked
MOST_NUMBERS, MOST_ROWS = 1_000_000, 100_000  # of a side; of longer files the first rows are asked
FEW_MEMORIES = 20.0  # stretches of independent rows below which nothing is known well


@dataclass(frozen=True)
class Order:
    """What the order of rows tells.

    Attributes:
        alike: whether neighbouring rows are alike in x and in y, as in a series, a sorted file or repeated measures.
        series: whether they are alike within short stretches too, which no sorted file is.
        memory: rows after which the side that remembers longer has forgotten, its integrated autocorrelation time.
        inflation: factor by which the variance of a cross moment exceeds that of independent rows.
        period: rows that lie so far apart are alike in x and in y though neighbours are not, as in measurements of the
            same units in turn; 0 where there is no such distance.
    """

    alike: bool = False
    series: bool = False
    memory: float = 1.0
    inflation: float = 1.0
    period: int = 0


def order_of(x: Array, y: Array) -> Order:
    """Return what the order of the rows `x` `(n, dim_x)` and `y` `(n, dim_y)` tells.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> walks = np.cumsum(rng.standard_normal((2, 1000, 1)), axis=1)
        >>> order_of(*walks).series, order_of(np.sort(walks[0], axis=0), walks[1]).series
        (True, False)
    """
    sides = [_standard(normal_scores(some_columns(side))) for side in (x, y)]
    if min(side.size for side in sides) == 0:
        return Order()
    acfs = [autocorrelations(side) for side in sides]
    times = [np.array([integrated(column) for column in acf.T]) for acf in acfs]
    most = [acf[:, int(time.argmax())] for acf, time in zip(acfs, times, strict=True)]
    inflation = integrated(most[0] * most[1])
    if inflation < LEAST_INFLATION or not all(_is_alike(acf, len(x)) for acf in acfs):
        return Order(period=_period(acfs, len(sides[0])))
    series = all(remembers(side) for side in sides)
    return Order(True, series, float(max(time.max() for time in times)), inflation)


def some_columns(side: Array) -> Array:
    """Return the columns that are asked, evenly spread over those that a file is not sorted by, and so many rows."""
    rows = side[: min(MOST_ROWS, max(1_000, MOST_NUMBERS // side.shape[1]))]
    asked = [j for j in range(side.shape[1]) if _varies_enough(rows[:, j]) and not _one_way(rows[:, j])]
    return rows[:, asked[:: -(-len(asked) // MOST_COLUMNS) or 1]]


def _varies_enough(column: NDArray[Any]) -> bool:
    """Whether the order of a column can prove anything; of one that is mostly one value, a few rows would decide."""
    counts = np.unique(column, return_counts=True)[1]
    return bool(counts.max() <= MOSTLY * len(column))


def _one_way(column: NDArray[Any]) -> bool:
    steps = np.sign(np.diff(column))
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    return max(up, down) >= ONE_WAY * (up + down)


def normal_scores(rows: Array) -> F64:
    """Return the ranks of `rows` `(n, d)` as quantiles of the normal law; equal values share their mean rank.

    They are unchanged by any increasing map of a column.

    Example:
        >>> normal_scores(np.array([[1.0], [100.0], [10.0]])).round(2).ravel().tolist()
        [-0.97, 0.97, 0.0]
    """
    scores: F64 = ndtri((rankdata(rows, axis=0) - 0.5) / len(rows))
    return scores


def _standard(scores: F64) -> F64:
    centred = scores - scores.mean(axis=0)
    standard: F64 = centred / centred.std(axis=0)
    return standard


def autocorrelations(columns: F64) -> F64:
    """Return the sample autocorrelations of centred `columns` `(n, d)` at the lags 0 to n // 2, `(n // 2 + 1, d)`."""
    n = len(columns)
    size = next_fast_len(2 * n, real=True)
    power = np.abs(rfft(columns, size, axis=0)) ** 2
    sums: F64 = irfft(power, size, axis=0)[: n // 2 + 1]
    return sums / np.where(sums[0] > 0, sums[0], 1.0)


def integrated(acf: F64) -> float:
    """Return 1 + 2 sum_k `acf`[k], cut where two neighbouring lags are no longer positive together; at least 1.

    The cut is Geyer's initial positive sequence (Statist. Sci. 1992, section 3.3).

    Example:
        >>> round(integrated(0.9 ** np.arange(200.0)), 2)  # 1.9 / 0.1
        19.0
    """
    pairs = acf[1 : len(acf) // 2 * 2 - 1].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    return max(1.0, 1.0 + 2.0 * float(pairs[: ends[0] if len(ends) else len(pairs)].sum()))


def _is_alike(acf: F64, n: int) -> bool:
    """Whether some column's autocorrelation at lag 1 is beyond chance, by its error of 1 / sqrt(n), for all columns."""
    z = -float(ndtri(LEVEL / acf.shape[1]))
    return float(acf[1].max()) > z / math.sqrt(n)


def _period(acfs: list[F64], n: int) -> int:
    """Return the lag at which both sides are most alike, if that is beyond chance for all lags and columns; else 0."""
    both = np.minimum(*(acf[2 : n // FEWEST_STRETCHES].max(axis=1, initial=0.0) for acf in acfs))
    if not len(both):
        return 0
    z = -float(ndtri(LEVEL / (len(both) * max(acf.shape[1] for acf in acfs))))
    beyond = both.max() > max(LEAST_MEMORY, z / math.sqrt(n))
    return 2 + int(both.argmax()) if beyond else 0


def remembers(columns: F64) -> bool:
    """Whether some `columns` `(n, d)` are autocorrelated within short stretches, beyond chance and noticeably."""
    found = list(_within_stretches(columns))
    level = LEVEL / max(1, columns.shape[1] * len(found))
    return any(
        bool(np.any((mean > LEAST_MEMORY) & (mean > error * student.ppf(1 - level, np.maximum(count - 1, 1)))))
        for mean, error, count in found
    )


def _within_stretches(columns: F64) -> Iterator[tuple[F64, F64, F64]]:
    """Yield for each length of stretches the columns' mean autocorrelation, its error, and how many stretches vary."""
    length = SHORTEST
    while len(columns) // length >= (FEWEST_STRETCHES if length == SHORTEST else MANY_STRETCHES):
        cut = columns[: len(columns) // length * length].reshape(-1, length, columns.shape[1])
        yield _mean_and_error(_lag_one(cut))
        length *= 4


def _lag_one(stretches: F64) -> F64:
    """Return the autocorrelation at lag 1 of `stretches` `(m, length, d)`, `(m, d)`; NaN where nothing varies.

    Values that can be exchanged within a stretch have a mean of exactly 0, whatever their law: of centred values the
    product of two has the mean -s / (length (length - 1)), s their sum of squares.
    """
    centred = stretches - stretches.mean(axis=1, keepdims=True)
    squares = (centred**2).sum(axis=1)
    products = (centred[:, 1:] * centred[:, :-1]).sum(axis=1)
    varies = squares > 1e-12
    found: F64 = np.where(varies, products / np.where(varies, squares, 1.0) + 1 / stretches.shape[1], np.nan)
    return found


def _mean_and_error(found: F64) -> tuple[F64, F64, F64]:
    known = ~np.isnan(found)
    count = known.sum(axis=0).astype(float)
    few = count < FEWEST_STRETCHES
    size = np.where(few, 2.0, count)
    mean = np.where(known, found, 0.0).sum(axis=0) / size
    spread = np.sqrt((np.where(known, found - mean, 0.0) ** 2).sum(axis=0) / (size - 1))
    return np.where(few, 0.0, mean), np.where(few, np.inf, spread / np.sqrt(size)), count
