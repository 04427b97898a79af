"""The information of two discrete variables from their counts, given a third one or not, with correction and error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmg_registry.arrays import F64, Index


@dataclass(frozen=True)
class CountedInformation:
    """What counts say.

    Attributes:
        mi: in nats, corrected; may be below zero.
        std_error: of `mi`, in nats.
        values: each row's log ratio `(n,)`, moved to the mean `mi`.
        limit: the smaller of both entropies, given z if there is one, which the information cannot exceed, in nats.
        cells: joint values that occur.
        correction: what was subtracted for few rows, in nats.
    """

    mi: float
    std_error: float
    values: F64
    limit: float
    cells: int
    correction: float


def labels_of(rows: F64) -> Index:
    """Return one whole number a row of `rows` `(n, dim)`, equal where all columns are.

    Example:
        >>> labels_of(np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])).tolist()
        [1, 0, 1]
    """
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def information_of_counts(x: Index, y: Index, z: Index | None = None) -> CountedInformation:
    """Return the plug-in information of two labels, given a third if there is one, less its bias to first order.

    The bias is the table's degrees of freedom over 2n: (rows - 1)(columns - 1), summed over the tables of all values of
    z. The variance under independence is that number over 2n^2 (both of the likelihood-ratio statistic's chi-squared
    law: Wilks, Ann. Math. Statist. 1938; Miller, in Information Theory in Psychology, 1955). Elsewhere the variance is
    that of the log ratio over n.

    Args:
        x, y: labels `(n,)`.
        z: labels `(n,)` that are given, or None.

    Example:
        >>> x = np.arange(400) % 4
        >>> found = information_of_counts(x, x)
        >>> round(found.mi, 2), round(found.limit, 2)
        (1.39, 1.39)
        >>> round(information_of_counts(x, x, x % 2).mi, 2)
        0.69
    """
    n = len(x)
    z = np.zeros(n, dtype=np.int64) if z is None else z
    tables = [_Table.of(each) for each in ((z,), (z, x), (z, y), (z, x, y))]
    of_z, of_x, of_y, of_pair = (each.shares[each.places] for each in tables)
    ratio = np.log(of_pair * of_z / (of_x * of_y))
    left = [each.entropy - tables[0].entropy for each in tables]
    cells_z, cells_x, cells_y, cells = (len(each.shares) for each in tables)
    freedom = max(0, cells - cells_x - cells_y + cells_z)  # empty cells of a sparse table add no bias
    limit = min(left[1], left[2])
    mi = min(float(ratio.mean()) - freedom / (2 * n), limit)
    at_zero = max(freedom, 1) / (2 * n**2)
    spread = max(0.0, float(ratio.var()) - freedom / n)  # less what sampling alone spreads
    error = math.sqrt((spread + 2 * math.sqrt(at_zero)) / n + at_zero)
    return CountedInformation(mi, error, ratio - ratio.mean() + mi, limit, cells, freedom / (2 * n))


class _Table(NamedTuple):
    """The shares of the joint values of some labels that occur, and each row's place among them."""

    shares: F64
    places: Index

    @classmethod
    def of(cls, labels: Sequence[Index]) -> _Table:
        joint = np.zeros(len(labels[0]), dtype=np.int64)
        for each in labels:
            values, place = np.unique(each, return_inverse=True)
            joint = joint * len(values) + place.reshape(-1)
        _, place, count = np.unique(joint, return_inverse=True, return_counts=True)
        return cls(count / len(joint), place.reshape(-1))

    @property
    def entropy(self) -> float:
        return float(-np.sum(self.shares * np.log(self.shares)))
