"""The quick test of one column with another, without an exchange of rows: for many columns with one target.

Its statistic sums squared moments of orthonormal features, nearly chi-square in many rows; its mean and variance over
all exchanges are known for any rows, so that no exchange has to be drawn. A p-value is then as small as it is, where
999 exchanges know none below 0.001, which is not enough to choose among a thousand columns. Features are functions of
a column's different values, and of columns without ties they are the same but for their order, so that they are made
once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array
from mmg_registry.kinds import KindName
from mmg_registry.significance.features import MOST, ROWS_A_FEATURE, of_ranks, orthonormal
from mmg_registry.significance.statistic import Spread, of_spreads, spread_of

RARE = 2.0
"""Times the root of the number of rows: a value that recurs in fewer rows is put together with its neighbours, a label
with other rare ones, so that of two columns any two classes have 4 rows in common by chance (Cochran, Biometrics 1954).
Lower: two Poisson counts of 500 rows have p-values of 1e-4 up to 60 times too often. Higher: what rare labels tell is
missed."""
HARMONICS = 4  # of an angle: as many periods in the circle are seen


@dataclass(frozen=True)
class ColumnFeatures:
    """Orthonormal features of the different values of a column, with what the quick test needs of them.

    Attributes:
        values: `(m, p)` features of each class of values.
        spread: how rows share in the features.
        places: `(n,)` the class of each row.
    """

    values: F64
    spread: Spread
    places: Index

    def __len__(self) -> int:
        return len(self.places)

    @property
    def rows(self) -> F64:
        """The features `(n, p)` of each row."""
        return self.values[self.places]


def features_of_column(column: Array, kind: KindName = "continuous") -> ColumnFeatures:
    """Return the features of a finite column `(n,)` that takes at least two values.

    Those of a label tell which it is, rare ones put together; those of an angle are its first harmonics; those of any
    other kind are functions of its ranks.

    Example:
        >>> found = features_of_column(np.random.default_rng(0).integers(0, 3, 600), "category")
        >>> found.values.shape, bool(np.allclose(found.rows.T @ found.rows, 600 * np.eye(2)))
        ((3, 2), True)
    """
    values, places, counts = np.unique(column, return_inverse=True, return_counts=True)
    places = places.reshape(-1)
    if len(values) == len(column) and kind not in ("category", "angle"):
        return ColumnFeatures(*_without_ties(len(column)), places)
    classes = _classes(counts, kind)
    values, counts = values[np.unique(classes, return_index=True)[1]], np.bincount(classes, counts)
    found = orthonormal(_parts(values.astype(np.float64), counts, kind), _most(len(column)), counts)
    return ColumnFeatures(found.values, spread_of(found, counts), classes[places])


def _classes(counts: Index, kind: KindName) -> Index:
    """Return the class of each different value, which rise, of `counts` `(m,)` rows: rare values share one."""
    if kind == "angle":
        return np.arange(len(counts))
    least = RARE * math.sqrt(counts.sum())
    if kind == "category":
        return _labels_apart(counts, least)
    return _filled_classes(counts.tolist(), least)


def _filled_classes(counts: Sequence[int], least: float) -> Index:
    """Return classes of values in their order, each of `least` rows; if that is one, the commonest value and the rest.

    Example:
        >>> _filled_classes([9, 2, 2, 2, 9, 1], 5).tolist(), _filled_classes([9, 1, 1], 8).tolist()
        ([0, 1, 1, 1, 2, 2], [0, 1, 1])
    """
    classes, current, rows = [], 0, 0
    for count in counts:
        if rows >= least:
            current, rows = current + 1, 0
        classes.append(current)
        rows += count
    found = np.array(classes)
    if rows < least:
        found = np.minimum(found, max(current - 1, 0))
    return found if found[-1] > 0 else (np.arange(len(counts)) != int(np.argmax(counts))).astype(np.int64)


def _labels_apart(counts: Index, least: float) -> Index:
    """Return the class of each label, the commonest in the first and all rare ones in the last."""
    order, classes = np.argsort(-counts, kind="stable"), np.empty(len(counts), dtype=np.int64)
    classes[order] = np.minimum(np.arange(len(counts)), max(1, int((counts >= least).sum())))
    return classes


@lru_cache(maxsize=4)
def _without_ties(n: int) -> tuple[F64, Spread]:
    """Return the features of `n` different values, which depend on their number alone."""
    found = orthonormal(of_ranks((np.arange(n) + 0.5) / n), _most(n))
    return found.values, spread_of(found)


def _most(n: int) -> int:
    return max(1, min(MOST, n // ROWS_A_FEATURE))


def _parts(values: F64, counts: F64, kind: KindName) -> list[F64]:
    if kind == "category":
        return [np.eye(len(counts))[:, 1:]]
    if kind == "angle":
        periods = (np.outer(values, [k]) for k in range(1, HARMONICS + 1))
        return [np.hstack([np.cos(each), np.sin(each)]) for each in periods]
    return of_ranks((np.cumsum(counts) - counts / 2) / counts.sum())


def p_of_columns(a: ColumnFeatures, b: ColumnFeatures) -> float:
    """Return the p-value of "both columns are independent", for rows that are independent of one another.

    Example:
        >>> x, noise = np.random.default_rng(0).standard_normal((2, 2000))
        >>> one, square, other = (features_of_column(each) for each in (x, x**2 + noise, noise))
        >>> p_of_columns(one, square) < 1e-50, p_of_columns(one, other) > 0.05
        (True, True)
    """
    n = len(a)
    moments: F64 = a.rows.T @ b.rows / np.sqrt(n)
    return of_spreads(a.spread, b.spread, n).tail(moments)
