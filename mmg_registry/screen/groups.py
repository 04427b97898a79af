"""Columns whose features are alike, packed so that a tile of pairs is one product of two matrices."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F32, Index
from mmg_registry.errors import DataError
from mmg_registry.kinds import KindName
from mmg_registry.screen.features import ColumnBasis, of_labels, of_numbers

READ_AT_ONCE = 64  # columns of one read
FEWEST_ROWS = 50  # with fewer, chi-square laws of moments hold for no feature
LIGHTEST, RATIO = 6.0, 4.0  # fourth moment of the lightest class (columns without ties have 3), and between classes


@dataclass(frozen=True)
class Tiles:
    """Columns, in memory or not, and what they are.

    Attributes:
        values: `(n, d)`; anything with a `shape` that gives columns a to b by `values[:, a:b]`, as arrays of NumPy, in
            memory or mapped, zarr and HDF5 do.
        kinds: of every column; "category" enters by its labels, any other by its ranks. None given: ranks.
    """

    values: Any
    kinds: Sequence[KindName] = ()

    def __post_init__(self) -> None:
        d = self.values.shape[1]
        if self.kinds and len(self.kinds) != d:
            raise DataError(f"There are {d} columns but {len(self.kinds)} kinds; give one for each column, or none.")

    def features(self, place: int, column: NDArray[Any]) -> ColumnBasis:
        """Return the features of the column at `place`, whose values `(n,)` are given."""
        if self.kinds and self.kinds[place] == "category":
            return of_labels(column)
        if not np.isfinite(column).all():
            raise DataError(f"Column {place} has missing or infinite values; drop or impute those rows first.")
        return of_numbers(column)


@dataclass(frozen=True)
class Group:
    """Columns with as many features and about the same weight.

    Attributes:
        places: `(m,)` of the columns.
        rows: `(k, m, n)` float32 features.
        levels: features of each level.
        weight: class of the largest fourth moment, 0 for columns without ties.
    """

    places: Index
    rows: F32
    levels: tuple[int, ...]
    weight: int

    def part(self, start: int, stop: int) -> Group:
        """Return some of the columns."""
        return Group(self.places[start:stop], self.rows[:, start:stop], self.levels, self.weight)

    def flat(self) -> F32:
        """Return the features one below the other, `(k * m, n)`."""
        k, m, n = self.rows.shape
        return np.ascontiguousarray(self.rows).reshape(k * m, n)


def groups_of(tiles: Tiles) -> list[Group]:
    """Return the columns in groups; one without features, such as a constant, is in none.

    Example:
        >>> groups = groups_of(Tiles(np.random.default_rng(0).standard_normal((100, 5)), ["category"] + ["count"] * 4))
        >>> [(group.places.tolist(), group.levels) for group in groups]
        [([1, 2, 3, 4], (1, 2, 4))]
    """
    n, d = tiles.values.shape
    members: dict[tuple[tuple[int, ...], int], list[tuple[int, F32]]] = defaultdict(list)
    for start in range(0, d, READ_AT_ONCE):
        block = np.asarray(tiles.values[:, start : start + READ_AT_ONCE])
        for place, column in enumerate(np.ascontiguousarray(block.T), start):
            found = tiles.features(place, column)
            if len(found.rows):
                members[found.levels, _class_of(found.weight)].append((place, found.rows))
    return [_packed(key, members[key], n) for key in sorted(members)]


def _class_of(weight: float) -> int:
    return max(0, math.ceil(math.log(weight / LIGHTEST, RATIO)))


def _packed(key: tuple[tuple[int, ...], int], members: list[tuple[int, F32]], n: int) -> Group:
    """Pack the features, and let go of each column's own at once: both together would take twice the memory."""
    levels, weight = key
    rows = np.empty((levels[-1], len(members), n), dtype=np.float32)
    places = np.array([place for place, _ in members], dtype=np.int64)
    for at in reversed(range(len(members))):
        rows[:, at] = members.pop()[1]
    return Group(places, rows, levels, weight)
