"""Features of a variable whose moments with those of another see any dependence: scores, polynomials, random waves.

A side of one column has its normal scores and Legendre polynomials of its ranks, as Neyman's smooth tests have; a side
of several has the scores, their squares and products, and cosines of random directions (Rahimi and Recht, NeurIPS
2007). They come in nested levels, from the few that see what is common to the many that see what is fine, and are
orthonormal over the rows, so that a sum of squared moments is nearly chi-square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from scipy.special import ndtri
from scipy.stats import rankdata

from mmg_registry.arrays import F64
from mmg_registry.data.order import normal_scores

DEGREES = (1, 2, 4, 8, 16)  # of a single column's levels: a period needs some four degrees
PRODUCTS = 10  # columns of which all pairs are multiplied: 45 products; of more, the first principal components
WAVES = 24  # random cosines of several columns, of each length
LENGTHS = (2.0, 0.8)  # of the waves, in typical distances of two rows
MOST = 100  # features of a side
ROWS_A_FEATURE = 20  # rows for each feature at least: with fewer a sum of squares is no longer nearly chi-square
TOLD_BY_OTHERS = 1e-6  # of a feature's norm that the ones before leave: with less it is a combination of them


@dataclass(frozen=True)
class Features:
    """Orthonormal features of `n` rows.

    Attributes:
        values: `(n, p)`, of mean 0, with `values.T @ values` = n.
        levels: how many of the first features each level has, rising; the last is p.
    """

    values: F64
    levels: tuple[int, ...]


def features_of(side: F64, seed: int, most: int = MOST) -> Features:
    """Return at most so many features of `side` `(n, d)`; the random waves are drawn with `seed`, not by the rows.

    Example:
        >>> found = features_of(np.random.default_rng(0).standard_normal((400, 1)), seed=0)
        >>> found.values.shape, found.levels
        ((400, 16), (1, 2, 4, 8, 16))
        >>> bool(np.allclose(found.values.T @ found.values, 400 * np.eye(16)))
        True
    """
    most = max(1, min(most, len(side) // ROWS_A_FEATURE))
    parts = _of_one(side) if side.shape[1] == 1 else _of_several(side, most, seed)
    return orthonormal(parts, most)


def orthonormal(parts: list[F64], most: int, counts: F64 | None = None) -> Features:
    """Return the columns of `parts` `(n, k)` one after the other, each without what the ones before tell.

    Args:
        parts: the columns of each level beyond those of the level before.
        most: features that are kept at most.
        counts: `(n,)` how many equal rows each row stands for, over which features are orthonormal; 1 unless given.
    """
    n = len(parts[0]) if counts is None else int(counts.sum())
    ends = np.cumsum([part.shape[1] for part in parts])
    columns = np.concatenate(parts, axis=1)
    root = np.ones((1, 1)) if counts is None else np.sqrt(counts)[:, None]
    columns = (columns - np.average(columns, axis=0, weights=counts)) * root
    norms = np.linalg.norm(columns, axis=0)
    columns = columns / np.where(norms > 0, norms, 1.0)
    kept = np.flatnonzero(norms > TOLD_BY_OTHERS * np.sqrt(n))[: len(columns) - 1]
    basis, left = np.linalg.qr(columns[:, kept])
    while (told := np.abs(np.diag(left)) <= TOLD_BY_OTHERS).any():
        kept = kept[~told]
        basis, left = np.linalg.qr(columns[:, kept])
    kept = kept[:most]
    levels = sorted({int(np.searchsorted(kept, end)) for end in ends} - {0})
    return Features(basis[:, :most] * np.sqrt(n) / root, tuple(levels))


def _of_one(column: F64) -> list[F64]:
    return of_ranks((rankdata(column[:, 0]) - 0.5) / len(column))


def of_ranks(ranks: F64) -> list[F64]:
    """Return the features of a single column, level by level, from its ranks `(n,)` between 0 and 1."""
    polynomials = legendre.legvander(2 * ranks - 1, DEGREES[-1])[:, 2:]
    edges = [degree - 1 for degree in DEGREES]  # the score stands for the first degree
    parts: list[F64] = np.split(polynomials, edges[1:-1], axis=1)
    return [ndtri(ranks)[:, None], *parts]


def _of_several(side: F64, most: int, seed: int) -> list[F64]:
    scores = fewer(normal_scores(side), most)
    return [scores, products(scores), *(waves(scores, length, WAVES, seed) for length in LENGTHS)]


def products(scores: F64) -> F64:
    """Return the products of all pairs of columns, squares included; of many columns, of their first components."""
    few = fewer(scores, PRODUCTS)
    return np.concatenate([few[:, [i]] * few[:, i:] for i in range(few.shape[1])], axis=1)


def fewer(scores: F64, most: int) -> F64:
    """Return `scores` `(n, d)`, or the first principal components of more than `most` columns."""
    if scores.shape[1] <= most:
        return scores
    centred = scores - scores.mean(axis=0)
    turned: F64 = centred @ np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :most]
    return turned


def waves(scores: F64, length: float, count: int, seed: int) -> F64:
    """Return `count` cosines of random directions, with `length` in typical distances of two rows: `(n, count)`."""
    rng = np.random.default_rng([seed, round(100 * length)])
    distance = np.sqrt(2 * scores.var(axis=0).sum())
    directions = rng.standard_normal((scores.shape[1], count)) * np.sqrt(2) / (length * distance)
    found: F64 = np.cos(scores @ directions + rng.uniform(0, 2 * np.pi, count))
    return found
