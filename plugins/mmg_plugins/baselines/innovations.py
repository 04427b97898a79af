"""Whether a pair is more than its correlations: what linear prediction leaves of one side must not depend on the other.

Of a normal pair, E = y less its best linear prediction from x is independent of x, and the same holds with x and y
exchanged. Of one column a side both hold for normal pairs alone, or independent ones (Darmois 1953; Skitovich 1954). A
closed form counts correlations only; for y with normal margins it misses I(x; E) and what E is less spread than a
normal variable.

Dependence is looked for where closed forms are known to be blind, each with a level of its own: single pairs of columns
by counts in a table of ranks, squares as by the norms of both sides, and all columns of one side together by nearest
neighbours (Azadkia and Chatterjee, Ann. Statist. 2021).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import chi2, norm, rankdata

from mmg_registry.arrays import F64, Index

ROWS_A_BOX = 10
"""Rows a cell of a table, on average. Lower: counts are not normal. Higher: coarse tables miss waves."""

MOST_BINS = 16
"""Most bins of a column. Lower: waves are averaged out. Higher: weak dependence is spread over many cells."""

PAIRED_COLUMNS = 64
"""Most columns of a side in tables, evenly chosen among more. Lower: some are not looked at. Higher: time."""

MOST_DISTINCT = 0.95
"""Different values a row up to which a column has ties. Lower: noise of slopes counts. Higher: every column has."""

SURE_WEIGHT = 3.0
"""Standard errors from which a coefficient of a column with ties counts. Lower: as above. Higher: linear parts stay."""

WHOLE_SIDE_COLUMNS = 10
"""Most columns that nearest neighbours are looked for in. Lower: less is seen. Higher: time; neighbours are far."""

LEVEL = 0.002
"""False alarms of each look on normal pairs, were counts normal. Lower: less is seen. Higher: more false alarms.

Evidence: with 0.01, which costs little power, 10 of 800 draws of normal pairs were doubted.
"""

NOTICEABLE = 0.005
"""Nats that are left at least to be spoken of. Lower: doubts that change nothing. Higher: weak ones go unsaid."""


class Left(NamedTuple):
    """Dependence that linear prediction left.

    Attributes:
        nats: information of the pair of columns, or of the column and its neighbours, in which most is found.
        where: in words, where it is found.
    """

    nats: float
    where: str


def left_over(x: F64, y: F64) -> Left | None:
    """Return the dependence that linear prediction leaves in rows x `(n, dim_x)`, y `(n, dim_y)`; None for none.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, e = rng.standard_normal((2, 2000, 1))
        >>> left_over(x, 0.8 * x + 0.6 * e), left_over(x, np.abs(x) + 0.6 * e).where
        (None, 'x0 and y0')
    """
    if len(x) < x.shape[1] + y.shape[1] + ROWS_A_BOX * 4:
        return None
    found = []
    for given, other, names in ((x, y, "xy"), (y, x, "yx")):
        rest = unpredicted(given, other)
        found += [by_tables(given, rest, names), by_neighbours(given, rest, names)]
    sure = [each for each in found if each is not None and each.nats > NOTICEABLE]
    return max(sure, key=lambda each: each.nats, default=None)


def unpredicted(x: F64, y: F64) -> F64:
    """Return `y` less its best linear prediction from `x`, `(n, dim_y)`.

    Of a column with ties no more is taken away than is surely there: the noise of a coefficient would set equal values
    in the order of x.
    """
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    weights = np.linalg.lstsq(x, y, rcond=None)[0]
    tied = np.array([len(np.unique(column)) <= MOST_DISTINCT * len(column) for column in y.T])
    if tied.any():
        spread = np.sqrt(np.diag(np.linalg.pinv(x.T @ x)))[:, None] * (y - x @ weights).std(axis=0)
        weights[tied & (np.abs(weights) <= SURE_WEIGHT * spread)] = 0.0
    rest: F64 = y - x @ weights
    return rest


def by_tables(x: F64, rest: F64, names: str = "xy") -> Left | None:
    """Return the surely dependent pair of columns, or of norms, whose table of ranks holds the most information."""
    (of_x, x_names), (of_rest, rest_names) = _columns(x, names[0]), _columns(rest, names[1])
    excess, where = _most(of_x, of_rest, np.ones((of_x.shape[1], of_rest.shape[1]), dtype=bool))
    return Left(excess, f"{x_names[where[0]]} and {rest_names[where[1]]}") if excess else None


def folded(canonical: F64) -> float:
    """Return the information, in nats, that two of the canonical columns `(n, k)` of one side surely share, or 0.

    They are uncorrelated; where they depend otherwise, as an angle's cosine and its double's, they tell partly the same
    of the other side, and a sum over canonical pairs counts it twice.
    """
    k = canonical.shape[1]
    if k < 2 or len(canonical) < 4 * ROWS_A_BOX:
        return 0.0
    return _most(canonical, canonical, np.triu(np.ones((k, k), dtype=bool), 1))[0]


def _most(of_x: F64, of_rest: F64, looked_at: NDArray[np.bool_]) -> tuple[float, tuple[int, int]]:
    """Return the most information between the bins of two columns, 0 where none is sure, and which columns.

    A table's chi-squared statistic of `n` independent rows has (bins - 1)^2 degrees of freedom, and its excess over
    them is 2n times the information between the bins, to second order. The level is shared by all pairs.
    """
    n, bins = len(of_x), max(2, min(MOST_BINS, math.isqrt(len(of_x) // ROWS_A_BOX)))
    counts = _indicators(of_x, bins).T @ _indicators(of_rest, bins)
    counts = counts.reshape(of_x.shape[1], bins, of_rest.shape[1], bins)
    expected = counts.sum(axis=3, keepdims=True) * counts.sum(axis=1, keepdims=True) / n
    statistic = ((counts - expected) ** 2 / np.maximum(expected, 1e-9)).sum(axis=(1, 3)) * looked_at
    freedom = (bins - 1) ** 2
    i, j = np.unravel_index(int(statistic.argmax()), statistic.shape)
    sure = chi2.sf(statistic[i, j], freedom) * looked_at.sum() <= LEVEL
    return (float(statistic[i, j] - freedom) / (2 * n) if sure else 0.0), (int(i), int(j))


def by_neighbours(x: F64, rest: F64, names: str = "xy") -> Left | None:
    """Return the column of `rest`, or its absolute values, that is most alike in neighbouring rows of `x`.

    Given the neighbours, the mean product of a column of scores with that of the nearest row has the variance (n +
    mutual neighbours) / n^2 where the column is independent of x. A share r that x explains is -1/2 log(1 - r) nats of
    a normal column.
    """
    if not 1 < x.shape[1] <= WHOLE_SIDE_COLUMNS:
        return None
    n, nearest = len(x), _nearest(x)
    error = math.sqrt(n + int((nearest[nearest] == np.arange(n)).sum())) / n
    scores = np.concatenate([_scores(rest), _scores(np.abs(rest - np.median(rest, axis=0)))], axis=1)
    alike = (scores * scores[nearest]).mean(axis=0)
    best = int(alike.argmax())
    if norm.sf(alike[best] / error) * len(alike) > LEVEL:
        return None
    words = f"all of {names[0]} and {names[1]}{best % rest.shape[1]}"
    return Left(-0.5 * math.log1p(-min(float(alike[best]), 0.999)), words)


def _columns(side: F64, name: str) -> tuple[F64, list[str]]:
    """Return some columns `(n, k)` of a side and, of several columns, their norm; and their names."""
    chosen = np.unique(np.linspace(0, side.shape[1] - 1, min(side.shape[1], PAIRED_COLUMNS)).astype(int))
    found, names = side[:, chosen], [f"{name}{j}" for j in chosen]
    if side.shape[1] == 1:
        return found, names
    size = np.linalg.norm(side / np.maximum(side.std(axis=0), 1e-300), axis=1)
    return np.column_stack([found, size]), [*names, f"the norm of {name}"]


def _indicators(columns: F64, bins: int) -> NDArray[np.float32]:
    """Return `(n, k * bins)` of 0 and 1: the bin of equal count of each row and column; ties share a bin."""
    n, k = columns.shape
    found = np.zeros((n, k, bins), dtype=np.float32)
    for j in range(k):
        edges = np.quantile(columns[:, j], np.arange(1, bins) / bins)
        found[np.arange(n), j, np.searchsorted(edges, columns[:, j], side="left")] = 1
    return found.reshape(n, k * bins)


def _scores(columns: F64) -> F64:
    """Return ranks of columns `(n, k)` with mean 0 and variance 1; zeros of a constant column."""
    ranks = rankdata(columns, axis=0)
    return np.asarray((ranks - ranks.mean(axis=0)) / np.maximum(ranks.std(axis=0), 1e-300))


def _nearest(x: F64) -> Index:
    """Return the number of each row's nearest other row `(n,)`, by columns of equal spread."""
    scaled = x / np.maximum(x.std(axis=0), 1e-300)
    two: Index = np.asarray(cKDTree(scaled).query(scaled, 2)[1], dtype=np.int64)
    return np.asarray(np.where(two[:, 0] == np.arange(len(x)), two[:, 1], two[:, 0]))


def more_than_linear(left: Left) -> str:
    """Return the warning that dependence is left where a closed form counts none."""
    return (
        f"Only linear dependence is counted, and {left.where} depend otherwise too: given the best linear prediction "
        f"some {left.nats:.2g} nats are left there, so the estimate is no measure of all information, most often too "
        "low. Compare with --plugin ksg or auto."
    )


def counted_twice(nats: float) -> str:
    """Return the warning that canonical columns of one side share `nats`."""
    return (
        f"Canonical columns of one side, which a Gaussian takes for independent, share {nats:.2g} nats: they tell "
        "partly the same of the other side, the sum counts it twice, and the estimate is most often too high. Compare "
        "with --plugin auto."
    )


def nothing_linear(columns: int) -> str:
    """Return the warning that no linear dependence is no evidence of no dependence."""
    return (
        f"Nothing linear is sure in {columns} columns; that is no evidence that there is nothing, for a closed form "
        "sees nothing else, and other dependence on combinations of so many columns is hidden from single pairs of "
        "them. Compare with --plugin auto."
    )
