"""What every reader returns, whatever the format: names that can be chosen, and a function that loads some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.reading.options import TextOptions

Loaded = NDArray[Any] | list[Any]


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
    """

    names: list[str]
    load: Callable[[Sequence[int]], Loaded]
    kind: Literal["column", "array"] = "column"
    hidden: int = 0
    axes: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def open_names(self) -> list[str]:
        """Names that patterns, positions and defaults see: all but the hidden ones."""
        return self.names[: len(self.names) - self.hidden]


def table_of(arrays: Mapping[str, Any]) -> Table:
    """Return the arrays of a mapping, which may load them on access, as a table."""
    names = list(arrays)
    return Table(names, lambda places: [arrays[names[place]] for place in places], "array")


def table_of_matrix(array: NDArray[Any]) -> Table:
    """Return one array `(n, ...)` as a table of its columns, named by position; more than two axes are flattened."""
    rows = array.reshape(len(array), -1) if array.ndim > 2 else array.reshape(len(array), *(array.shape[1:] or (1,)))
    axes = array.shape[1:] if array.ndim > 2 else None
    names = [str(place) for place in range(rows.shape[1])]
    return Table(names, lambda places: _columns_of(rows, places), axes=axes)


def _columns_of(rows: NDArray[Any], places: Sequence[int]) -> NDArray[Any]:
    """Return chosen columns in memory of their own, so that a mapped file is read only as far as they need."""
    if list(places) == list(range(rows.shape[1])):
        return np.array(rows)
    return np.stack([rows[:, place] for place in places], axis=1) if places else np.array(rows[:, :0])
