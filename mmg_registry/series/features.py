"""Columns as few functions of their ranks, in which a dependence that is not linear is linear too.

The first is the normal score of a column, so that a Gaussian copula is as linear as its columns; the others are
polynomials of its rank, which are bounded: heavy tails have no more weight than other rows. A label has a function for
each of its names. All are orthonormal over the rows, so that a column of two values has one function and no more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from mmg_registry.arrays import F64
from mmg_registry.data.order import normal_scores
from mmg_registry.errors import DataError, demand
from mmg_registry.series.recording import Channels

NEW = 1e-6  # share of a function's length that the ones before it do not hold, from which it is another function
MOST_LABELS = 30
"""Labels of a column. Lower: states of a machine are refused. Higher: functions that few rows tell.

Evidence: chosen; each label costs a function at every lag.
"""


def functions_of(side: Channels, degree: int) -> list[F64]:
    """Return for each column of `side` its functions `(n, p)`: mean 0, uncorrelated, variance 1 where not missing.

    Args:
        side: columns; missing values make rows of NaN.
        degree: of the polynomials; 1 for the normal score alone. Labels have all their functions in any case.

    Raises:
        DataError: for a column that does not vary, or has more labels than can be told apart.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> of = Channels(np.column_stack([rng.standard_normal(200), rng.integers(0, 2, 200)]), ("a", "b"))
        >>> [each.shape for each in functions_of(of, 3)]
        [(200, 3), (200, 1)]
    """
    labels = side.labels or ((),) * len(side.names)
    return [
        _functions(side.values[:, j].astype(np.float64), len(labels[j]), degree, side.names[j])
        for j in range(len(side.names))
    ]


def _functions(column: F64, labels: int, degree: int, name: str) -> F64:
    there = np.isfinite(column)
    values = column[there]
    demand(
        len(values) and np.ptp(values) > 0,
        f"'{name}' does not vary, so that it shares nothing; leave it out.",
        DataError,
    )
    demand(
        labels <= MOST_LABELS,
        f"'{name}' has {labels} labels, and {MOST_LABELS} are told apart in a series; put some of them together.",
        DataError,
    )
    made = orthonormal(_of_labels(values, labels) if labels > 2 else _of_numbers(values, degree))
    functions = np.full((len(column), made.shape[1]), np.nan)
    functions[there] = made
    return functions


def _of_labels(codes: F64, labels: int) -> F64:
    return np.asarray(codes[:, None] == np.arange(labels - 1), dtype=np.float64)


def _of_numbers(values: F64, degree: int) -> F64:
    rank = 2 * (rankdata(values) - 0.5) / len(values) - 1
    return np.column_stack([normal_scores(values[:, None]), *(rank**power for power in range(2, degree + 1))])


def orthonormal(columns: F64) -> F64:
    """Return `columns` `(n, d)` less their means, uncorrelated with those before them, of variance 1; without old ones.

    Example:
        >>> orthonormal(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])).shape
        (3, 1)
    """
    made: list[NDArray[np.float64]] = []
    for column in columns.T:
        left = column - column.mean()
        length = np.linalg.norm(left)
        for _ in range(2):  # once more, for what rounding leaves
            for other in made:
                left = left - other * (other @ left) / len(left)
        rest = np.linalg.norm(left)
        if length > 0 and rest > NEW * length:
            made.append(left * np.sqrt(len(left)) / rest)
    return np.column_stack(made) if made else np.empty((len(columns), 0))
