"""Alphabets: each discrete column as one of few classes, with the features by which a network sees them.

A class is a function of the column, so that pooling values never raises an information (data processing).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array
from mmg_registry.data.kinds import kind_of
from mmg_registry.errors import DataError, demand
from mmg_registry.kinds import Kind

LEAST_ROWS = 5
"""Training rows of a class: rarer values of a category share one, rarer counts are pooled with their neighbours.

Evidence: chosen; of a value in fewer rows no probability can be learned.
Lower: a head memorises single rows. Higher: information of rare values is lost.
"""

MOST_CLASSES = 64
"""Most classes of a column of numbers.

Evidence: classes of equal weight of a normal column lose some 0.006 of 2 nats and 0.04 of 3 (derived: the squared width
of a class over 24 times the conditional variance).
Lower: large informations of counts are cut. Higher: time, and more to memorise.
"""


@dataclass(frozen=True)
class Alphabet:
    """The classes of one column.

    Attributes:
        ordered: whether classes are intervals of numbers, in rising order; else they are labels, the commonest first.
        values: of intervals the largest value of each but the last; of labels those with a class of their own.
        shares: share of the training rows of each class. Labels without a class of their own have the last one.
    """

    ordered: bool
    values: tuple[float, ...]
    shares: tuple[float, ...]

    @classmethod
    def of(cls, column: Array, ordered: bool) -> Alphabet:
        """Return the alphabet of a training column `(n,)`.

        Example:
            >>> column = np.repeat([0.0, 1.0, 7.0, 9.0], [10, 20, 3, 4])
            >>> Alphabet.of(column, ordered=False).values, Alphabet.of(column, ordered=True).values
            ((1.0, 0.0), (0.0, 1.0))
        """
        values, first, counts = np.unique(column, return_index=True, return_counts=True)
        if ordered:
            own, sizes = _intervals(values, counts)
        else:
            order = np.lexsort([first, -counts])
            own, sizes = _labels(values[order], counts[order])
        return cls(ordered, tuple(map(float, own)), tuple((np.array(sizes) / len(column)).tolist()))

    @property
    def size(self) -> int:
        """Return the number of classes."""
        return len(self.shares)

    def classes(self, column: Array) -> Index:
        """Return the class of each row `(n,)`; labels that were never seen have that of the rare ones."""
        values = np.array(self.values)
        if self.ordered:
            return np.searchsorted(values, column).astype(np.int64)
        order = np.argsort(values)
        place = np.minimum(np.searchsorted(values[order], column), max(len(values) - 1, 0))
        known = values[order][place] == column if len(values) else np.zeros(len(column), dtype=bool)
        return np.where(known, order[place] if len(values) else 0, self.size - 1).astype(np.int64)

    def features(self) -> F64:
        """Return what a network is given for each class `(size, k)`.

        Every class but the commonest has an indicator, as in `mmg_plugins.columns`; intervals have the normal score of
        their middle and its square too, so that smooth dependence is learned from few numbers.
        """
        shares = np.array(self.shares)
        shown = np.delete(np.eye(self.size), int(shares.argmax()), axis=1)
        if not self.ordered or self.size < 3:
            return shown
        score = ndtri(np.cumsum(shares) - shares / 2)
        return np.column_stack([shown, score, score**2])

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Alphabet:
        """Rebuild an alphabet from a mapping of its attributes."""
        return cls(state["ordered"], tuple(state["values"]), tuple(state["shares"]))


def _labels(values: Array, counts: Index) -> tuple[Array, list[int]]:
    """Return the labels, commonest first, that have a class of their own, and the rows of all classes."""
    common = int((counts >= LEAST_ROWS).sum())
    sizes, rare = counts[:common].tolist(), int(counts[common:].sum())
    if rare >= LEAST_ROWS or not sizes:
        return values[:common], [*sizes, rare]
    return values[:common], [*sizes[:-1], sizes[-1] + rare]


def _intervals(values: Array, counts: Index) -> tuple[Array, list[int]]:
    """Return the largest value of each interval but the last, and the rows of all intervals.

    Few rows have no more intervals than an interval has rows, or single rows would be learned.
    """
    n = float(counts.sum())
    least = max(LEAST_ROWS, math.sqrt(n), n / MOST_CLASSES)
    ends: list[int] = []
    rows = 0
    for i, count in enumerate(counts.tolist()):
        rows += count
        if rows >= least:
            ends, rows = [*ends, i], 0
    inner = ends[:-1]  # what is left over at the end joins the last interval
    sizes = np.add.reduceat(counts, [0, *(i + 1 for i in inner)]).tolist()
    return values[inner], sizes


def are_ordered(rows: Array, kinds: Sequence[Kind] = ()) -> list[bool]:
    """Return for each column of rows `(n, dim)` whether its values are numbers; only those of a category are not.

    Kinds that are not given are found from the values.

    Example:
        >>> are_ordered(np.stack([np.arange(100.0) % 3, np.arange(100.0)], axis=1))
        [False, True]
    """
    known = kinds or [kind_of(rows[:, j]) for j in range(rows.shape[1])]
    return [kind.name != "category" for kind in known]


def _refuse_nan(rows: Array) -> None:
    demand(not bool(np.isnan(rows).any()), "Rows with NaN have no class; leave them out.", DataError)


@dataclass(frozen=True)
class Alphabets:
    """The alphabets of all columns of one side."""

    columns: tuple[Alphabet, ...]

    @classmethod
    def of(cls, rows: Array, ordered: Sequence[bool]) -> Alphabets:
        """Return the alphabets of training rows `(n, dim)`, whose columns are `ordered` or labels.

        Raises:
            DataError: for NaN, which has no class.
        """
        _refuse_nan(rows)
        return cls(tuple(Alphabet.of(rows[:, j], each) for j, each in enumerate(ordered)))

    @property
    def freedom(self) -> int:
        """Return the number of classes beside the first of each column, summed over columns."""
        return sum(each.size - 1 for each in self.columns)

    @property
    def most(self) -> int:
        """Return the number of classes of the column that has most."""
        return max(each.size for each in self.columns)

    def classes(self, rows: Array) -> Index:
        """Return the classes `(n, dim)` of rows `(n, dim)`.

        Raises:
            DataError: for NaN, which has no class.
        """
        _refuse_nan(rows)
        return np.stack([each.classes(rows[:, j]) for j, each in enumerate(self.columns)], axis=1)

    def state(self) -> list[dict[str, Any]]:
        """Return a JSON-serialisable list, from which `restored` rebuilds the alphabets."""
        return [asdict(each) for each in self.columns]

    @classmethod
    def restored(cls, state: Sequence[Mapping[str, Any]]) -> Alphabets:
        """Rebuild alphabets from what `state` returned."""
        return cls(tuple(Alphabet.restored(each) for each in state))
