"""A screen of all pairs of columns, one of x and one of y, for dependence of any shape.

Ranks of a column are expanded in cosines, which are orthonormal for independent rows, so that the sum of the squared
means of their products over rows measures the dependence of a pair of columns: the information of the expansion, to
second order (the test of Kallenberg and Ledwina, JASA 1999, with a fixed number of terms). All pairs are one product of
matrices. The largest value among pairs with shuffled rows is the noise.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import rankdata

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array

TERMS = 8  # cosines of each column: eight resolve four waves over the range of the ranks
SHUFFLES = 4  # of the rows of y: one pair of columns in five independent tables is then taken for dependent
SCREEN_ROWS = 8_000  # rows of the product, for time
MOST_COLUMNS = 256  # of a side, for time


def dependent_columns(x: Array, y: Array, seed: int) -> tuple[Index, Index]:
    """Return the columns of x and of y that are surely in a dependent pair; none where a side has too many columns.

    Args:
        x, y: `(n, dim_x)`, `(n, dim_y)`.
        seed: seed of the shuffles.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.standard_normal((2, 2000, 10))
        >>> y[:, 3] += x[:, 7] ** 2
        >>> [columns.tolist() for columns in dependent_columns(x, y, seed=0)]
        [[7], [3]]
    """
    if max(x.shape[1], y.shape[1]) > MOST_COLUMNS:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    rng = np.random.default_rng(seed)
    picked = rng.permutation(len(x))[:SCREEN_ROWS]
    of_x, of_y = expanded(x[picked]), expanded(y[picked])
    noise = max(float(scores(of_x, of_y[rng.permutation(len(picked))]).max()) for _ in range(SHUFFLES))
    found = scores(of_x, of_y) > noise
    return np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))


def expanded(rows: Array) -> F64:
    """Return cosines of the ranks of each column, `(n, dim, TERMS)`, of mean 0 and, without ties, of mean square 1."""
    ranks = (rankdata(rows, axis=0) - 0.5) / len(rows)
    cosines = math.sqrt(2) * np.cos(math.pi * ranks[:, :, None] * np.arange(1, TERMS + 1))
    centred: F64 = cosines - cosines.mean(0)
    return centred


def scores(of_x: F64, of_y: F64) -> F64:
    """Return n times the sum of squared mean products of each pair of columns, `(dim_x, dim_y)`.

    For independent columns without ties it is chi-squared with `TERMS` squared degrees of freedom.
    """
    n, dim_x, _ = of_x.shape
    products = of_x.reshape(n, -1).T @ of_y.reshape(n, -1) / math.sqrt(n)
    squares: F64 = (products**2).reshape(dim_x, TERMS, -1, TERMS).sum((1, 3))
    return squares
