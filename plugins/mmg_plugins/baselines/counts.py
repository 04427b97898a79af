"""The information of two discrete variables from their counts, given a third one or not, with correction and error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mmg_registry.arrays import F64, Index

SHUFFLES = 4  # their mean is known to a few thousandths; more cost as many counts


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
        sparse: how much more chance adds to a table given z whose cells hold few rows, in nats: a part of the error.
    """

    mi: float
    std_error: float
    values: F64
    limit: float
    cells: int
    correction: float
    sparse: float = 0.0


def labels_of(rows: F64 | Index) -> Index:
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
    that of the log ratio over n. Tables of single values of z are often sparse, where that law fails: what shuffling
    y among rows of one z leaves beyond the bias counts as an error.

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
    if z is None:
        return _of_labels(x, y, np.zeros(len(x), dtype=np.int64))
    found = _of_labels(x, y, z)
    by_chance = float(np.mean([_of_labels(x, each, z).mi for each in _shuffled(y, z)]))
    return replace(found, sparse=max(0.0, by_chance))


def _shuffled(y: Index, z: Index) -> Iterator[Index]:
    """Return y in random orders `(n,)`, each row's from a row of the same z; the same on every call."""
    rng, together = np.random.default_rng(0), np.argsort(z, kind="stable")
    for _ in range(SHUFFLES):
        moved = np.empty_like(y)
        moved[together] = y[np.lexsort((rng.random(len(y)), z))]
        yield moved


def _of_labels(x: Index, y: Index, z: Index) -> CountedInformation:
    n = len(x)
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


def errors_of_counts(*labels: Index) -> F64:
    """Return the standard error of each row's log ratio of shares `(n,)` in nats, by the delta method.

    With n_xy, n_x and n_y rows of a row's labels among n, and their ratio r = n n_xy / (n_x n_y), the variance is
    1/n_xy - 1/n_x - 1/n_y - 1/n + 2 r / n, for shares of a multinomial law; given z, all rows are those of its label.

    Args:
        labels: of x, of y and perhaps of z, `(n,)` each.

    Example:
        >>> half = np.arange(100) % 2
        >>> errors_of_counts(half, half)[:2].round(2).tolist()  # of ln 2: nothing but a label's share is uncertain
        [0.1, 0.1]
    """
    x, y, *z = labels
    rows = np.ones(len(x), dtype=np.int64)
    n_xy, n_x, n_y, n = (_rows_of(part, rows, part) for part in ([x, y, *z], [x, *z], [y, *z], z))
    ratio = n * n_xy / (n_x * n_y)
    variance = 1 / n_xy - 1 / n_x - 1 / n_y - 1 / n + 2 * ratio / n
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def ratio_of_counts(cells: Sequence[Index], rows: Index, labels: Sequence[Index]) -> F64:
    """Return ln p(x, y) / (p(x) p(y)) of each row `(n,)` in nats, by counts of other rows; all given z, if it is there.

    One row more is counted, spread over the table as if both labels were independent, so that a pair that never
    occurred has a ratio of 1 / (rows + 1) in place of 0. Of a label that never occurred nothing is known, and its log
    ratio is 0.

    Args:
        cells: labels of x, of y and perhaps of z of each combination that occurs.
        rows: number of rows of each.
        labels: the same labels `(n,)` of the rows whose ratio is asked for.

    Example:
        >>> ends = np.array([0, 1])
        >>> asked = np.array([0, 0]), np.array([0, 1])
        >>> ratio_of_counts((ends, ends), np.array([50, 50]), asked).round(2).tolist()
        [0.69, -4.62]
    """
    kept = ((0, 1, 2), (0, 2), (1, 2), (2,))
    n_xy, n_x, n_y, n = (
        _rows_of([cells[i] for i in part if i < len(cells)], rows, [labels[i] for i in part if i < len(cells)])
        for part in kept
    )
    alone = n_x * n_y / np.maximum(n, 1) ** 2
    ratio = (n_xy + alone) / ((n + 1) * np.where(alone > 0, alone, 1.0))
    return np.asarray(np.log(np.where(alone > 0, ratio, 1.0)))


def _rows_of(cells: Sequence[Index], rows: Index, labels: Sequence[Index]) -> F64:
    """Return how many of `rows` `(cells,)` have the labels of each row asked for, all of them where there are none."""
    if not labels:
        return np.asarray(float(rows.sum()))
    joint = labels_of(np.stack([np.concatenate(pair) for pair in zip(cells, labels, strict=True)], axis=1))
    counted = np.bincount(joint[: len(rows)], rows, joint.max() + 1)
    return np.asarray(counted[joint[len(rows) :]])


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
