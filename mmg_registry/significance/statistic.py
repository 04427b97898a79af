"""One statistic of many moments: the level of detail that is least likely by chance, at a price for detail.

Each level sums the squares of the first moments of a table. Its mean and variance under all exchanges of rows are
known, a chi-square variable with the same ones tells how unlikely the sum is, and the smallest of these probabilities,
times the price of its level, is the statistic. Only its rank among exchanged rows counts, so none of this has
to be exact for the test to be: it decides on power alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc, log_ndtr

from mmg_registry.arrays import F64
from mmg_registry.significance.features import Features

PRICE = 2.0
"""Factor by which each further level of a side counts less. 1: smooth dependence is found less often (a correlation of
0.15 in 500 rows in 83 of 100 samples in place of 93). Higher: dependence of fine detail is."""

SMALLEST = 1e-300  # p-value that is told: a smaller one would underflow to 0, which no p-value is


@dataclass(frozen=True)
class Statistic:
    """The statistic of a table of moments.

    Attributes:
        levels: for each axis of the table, how many of its first entries each level has.
        mean: mean of each level's sum of squares under exchange, an axis for each of the table's.
        variance: its variance.
    """

    levels: tuple[tuple[int, ...], ...]
    mean: F64
    variance: F64

    def __call__(self, moments: F64) -> F64:
        """Return the statistic of each table of `moments` `(draws, ..)`: the larger, the less likely by chance."""
        sums = nested(moments**2, self.levels)
        freedom = 2 * self.mean**2 / self.variance
        # Wilson and Hilferty (PNAS 1931): the cube root of a chi-square variable is nearly normal
        scores = ((sums / self.mean) ** (1 / 3) - (1 - 2 / (9 * freedom))) / np.sqrt(2 / (9 * freedom))
        surprise = -log_ndtr(-scores) - np.log(PRICE) * np.indices(self.mean.shape).sum(axis=0)
        most: F64 = surprise.reshape(len(moments), -1).max(axis=1)
        return most

    def tail(self, moments: F64) -> float:
        """Return how likely a table of `moments` is by chance in many rows, without exchanging any; see `tails`."""
        return float(self.tails(moments[None])[0])

    def tails(self, moments: F64) -> F64:
        """Return how likely each table of `moments` `(tables, ..)` is by chance in many rows, `(tables,)`.

        Each level's sum is nearly a multiple of a chi-square variable with its mean and variance, and the levels' tails
        are put together with the prices as weights (Holm, Scand. J. Statist. 1979, section 4), which errs on the side
        of too large a p-value, since levels are nested.
        """
        sums, freedom = nested(moments**2, self.levels), 2 * self.mean**2 / self.variance
        tails = gammaincc(freedom / 2, sums * freedom / (2 * self.mean))
        prices = PRICE ** np.indices(self.mean.shape).sum(axis=0, dtype=float)
        least = (tails * prices).min(axis=tuple(range(1, tails.ndim)))
        found: F64 = np.clip(least * (1 / prices).sum(), SMALLEST, 1.0)
        return found


def nested(values: F64, levels: Sequence[Sequence[int]]) -> F64:
    """Return the sums `(draws, ..)` of the first entries along every axis but the first.

    Example:
        >>> nested(np.ones((1, 4, 3)), [(1, 4), (2, 3)])[0].tolist()
        [[2.0, 3.0], [8.0, 12.0]]
    """
    for axis, ends in enumerate(levels, 1):
        values = np.take(np.cumsum(values, axis=axis), np.asarray(ends) - 1, axis=axis)
    return values


@dataclass(frozen=True)
class Spread:
    """How the rows of a side share in its features, which no exchange changes.

    Attributes:
        levels: how many features each level has.
        uneven: how unevenly rows share in those of each level.
    """

    levels: tuple[int, ...]
    uneven: F64


def of_permutations(a: Features, b: Features) -> Statistic:
    """Return the statistic of `a.values.T @ b.values[permutation] / sqrt(n)`, at least four rows."""
    return of_spreads(spread_of(a), spread_of(b), len(a.values))


def of_spreads(a: Spread, b: Spread, n: int) -> Statistic:
    """Return the statistic of two sides of `n` rows by their spreads.

    Mean and variance over all permutations are those of Kazi-Aoual, Hitier, Sabatier and Lebreton (Comput. Statist.
    Data Anal. 1995).
    """
    of_a, of_b = (np.asarray(side.levels, dtype=float) for side in (a, b))
    mean = np.outer(of_a, of_b) / (n - 1) * n
    variance = 2 * np.outer(n - 1 - of_a, n - 1 - of_b) / ((n + 1) * (n - 1) ** 2 * (n - 2))
    variance = variance * (1 + (n - 3) / (2 * n * (n - 1)) * np.outer(a.uneven, b.uneven))
    return Statistic((a.levels, b.levels), mean, variance * np.outer(of_a, of_b) * n**2)


def spread_of(features: Features, counts: F64 | None = None) -> Spread:
    """Return how the rows share in the features of each level.

    Args:
        features: of all rows, or of their different values.
        counts: `(n,)` how many rows each value has; 1 unless given.
    """
    each = np.ones(len(features.values)) if counts is None else counts
    n, count = each.sum(), np.asarray(features.levels, dtype=float)
    shares = np.cumsum(features.values**2, axis=1)[:, np.asarray(features.levels) - 1]
    uneven = n * (n + 1) * (each @ shares**2) / (n * n * count) - (n - 1) * (count + 2)
    return Spread(features.levels, (n - 1) / ((n - 3) * (n - 1 - count)) * uneven)


def of_signs(products: F64, shape: Sequence[int], levels: Sequence[Sequence[int]]) -> Statistic:
    """Return the statistic of `signs @ products / sqrt(n)`, each of `n` signs drawn alone.

    Args:
        products: `(n, k)` the product of each row, of `shape` and flattened.
        shape: axes of the table of moments.
        levels: of each axis.
    """
    n = len(products)
    each = nested(products.reshape(n, *shape) ** 2, levels)
    crossed = (products.T @ products) ** 2
    places = np.arange(products.shape[1]).reshape(shape)
    variance = np.empty(each.shape[1:])
    for level in np.ndindex(*each.shape[1:]):
        own = places[tuple(slice(ends[i]) for ends, i in zip(levels, level, strict=True))].ravel()
        variance[level] = 2 * crossed[np.ix_(own, own)].sum()
    variance = (variance - 2 * (each**2).sum(axis=0)) / n**2
    return Statistic(tuple(map(tuple, levels)), each.mean(axis=0), variance)
