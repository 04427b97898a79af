"""What every reader returns, whatever the format: names that can be chosen, and a function that loads some of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import Index
from mmg_registry.data.reading.options import TextOptions
from mmg_registry.data.reading.stored import Loaded, Stored, float_bytes, rows_joined, step_of

MAPPED_ROWS = 4096
"""Rows in any places that are read through one map of a file, whose pages count as memory until it is closed.

Evidence: chosen; the kernel maps up to 64 KB around each, so 256 MB at most. Lower: more maps, of some 0.1 ms each.
"""


@dataclass(frozen=True)
class Asked:
    """What a reader may need to know of the person's wishes.

    Attributes:
        text: how text is written.
        names: names and positions of columns that the person asked for; they tell whether a row of numbers is a header.
    """

    text: TextOptions = field(default_factory=TextOptions)
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Table:
    """A source that has been opened but not yet read.

    Attributes:
        names: columns or arrays that can be chosen; a name may stand twice and is then refused when chosen.
        load: from places in `names` to columns: a `(n, k)` array, or a list of k arrays with n rows each. A column is
            of numbers, bool, datetime64, or object with text and None; an array may have any number of axes.
        kind: "column" or "array", for messages and for what is taken when nothing is chosen.
        hidden: so many names at the end (row names, indexes) are taken only when asked for by name.
        axes: shape of one row, where the columns are the cells of a larger array, e.g. (28, 28).
        notes: what was guessed or left out, as whole sentences for a person who asks (`-v`).
        doubts: the same where the reading may be wrong; they become warnings of the result.
        stored: from places in `names` to the same columns by rows, None where these cannot be read without the others.
    """

    names: list[str]
    load: Callable[[Sequence[int]], Loaded]
    kind: Literal["column", "array"] = "column"
    hidden: int = 0
    axes: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    stored: Callable[[Sequence[int]], Stored | None] = lambda _: None

    @property
    def open_names(self) -> list[str]:
        """Names that patterns, positions and defaults see: all but the hidden ones."""
        return self.names[: len(self.names) - self.hidden]


def table_of(arrays: Mapping[str, Any]) -> Table:
    """Return the arrays of a mapping, which may load them on access, as a table."""
    names = list(arrays)
    return Table(names, lambda places: [arrays[names[place]] for place in places], "array")


def table_of_matrix(array: NDArray[Any], again: Callable[[], NDArray[Any]] | None = None) -> Table:
    """Return one array `(n, ...)` as a table of its columns, named by position; more than two axes are flattened.

    Args:
        array: what is read.
        again: for a mapped file, what maps it again, so that no map grows with all the rows that were ever read.
    """
    rows = _flattened(array)
    axes = array.shape[1:] if array.ndim > 2 else None
    names = [str(place) for place in range(rows.shape[1])]
    table = Table(names, lambda places: _columns_of(rows, places), axes=axes)
    if again is None or not len(array):
        return table
    width = float_bytes(array.dtype)
    step = step_of(array.dtype.itemsize * rows.shape[1])

    def stored(places: Sequence[int]) -> Stored:
        frame = Stored(
            len(rows), width * len(places), step, lambda part: _columns_of(_flattened(again())[part], places)
        )
        return scattered_too(frame)

    return replace(table, stored=stored)


def _flattened(array: NDArray[Any]) -> NDArray[Any]:
    return array.reshape(len(array), math.prod(array.shape[1:]))


def scattered_too(stored: Stored) -> Stored:
    """Return rows of a mapped file, which are read in any places as they are one after the other."""

    def scattered(rows: Index) -> Loaded:
        return rows_joined([stored.read(part) for part in np.array_split(rows, max(1, -(-len(rows) // MAPPED_ROWS)))])

    return replace(stored, scattered=scattered)


def _columns_of(rows: NDArray[Any], places: Sequence[int], part: Any = slice(None)) -> NDArray[Any]:
    """Return chosen columns of some rows in memory of their own, so that of a mapped file no more is read."""
    if list(places) == list(range(rows.shape[1])):
        return np.array(rows[part])
    return np.stack([rows[part, place] for place in places], axis=1) if places else np.array(rows[part, :0])
