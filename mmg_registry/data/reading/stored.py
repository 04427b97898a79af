"""Rows that stay where they lie: a source of which some rows can be read without the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import Index

Loaded = NDArray[Any] | list[Any]

BLOCK = 1 << 25
"""Bytes of a source that are read at a time.

Evidence: chosen. Lower: more calls, each of some microseconds. Higher: more memory beside the rows that are kept; a
mapped file counts with every page that a block touches.
"""


@dataclass(frozen=True)
class Stored:
    """Chosen columns of a source, as `Table.load` would return them, by rows.

    Attributes:
        n: number of rows.
        row_bytes: of the chosen columns of a row, once they are float32 or float64.
        step: rows that are read at a time.
        read: from neighbouring rows to their columns, in memory of their own.
        scattered: the same for rows in any places, sorted; None where a source is only quick to read in one piece.
    """

    n: int
    row_bytes: int
    step: int
    read: Callable[[Any], Loaded]
    scattered: Callable[[Index], Loaded] | None = None

    def blocks(self) -> Iterator[slice]:
        """Return all rows, block after block."""
        return (slice(start, min(start + self.step, self.n)) for start in range(0, self.n, self.step))

    def take(self, rows: Index) -> Loaded:
        """Return the columns of `rows`, which are sorted places from 0."""
        if self.scattered is not None:
            return self.scattered(rows)
        pieces = []
        for block in self.blocks():
            own = rows[np.searchsorted(rows, block.start) : np.searchsorted(rows, block.stop)]
            if own.size:
                pieces.append(at(self.read(block), own - block.start))
        return rows_joined(pieces) if pieces else at(self.read(slice(0, 1)), rows)


def step_of(row_bytes: float) -> int:
    """Return how many rows of so many bytes are read at a time.

    Example:
        >>> step_of(1024)
        32768
    """
    return max(1, int(BLOCK // max(row_bytes, 1)))


def float_bytes(dtype: np.dtype[Any]) -> int:
    """Return the bytes that a number takes as a float: short floats are float32, all else is float64.

    Example:
        >>> float_bytes(np.dtype("f2")), float_bytes(np.dtype("i2"))
        (4, 8)
    """
    return 4 if dtype.kind == "f" and dtype.itemsize <= 4 else 8


def at(loaded: Loaded, rows: Any) -> Loaded:
    """Return some rows of loaded columns."""
    return loaded[rows] if isinstance(loaded, np.ndarray) else [np.asarray(column)[rows] for column in loaded]


def rows_joined(pieces: Sequence[Loaded]) -> Loaded:
    """Return pieces of the same columns one below the other; numbers beside objects become objects."""
    if all(isinstance(piece, np.ndarray) for piece in pieces):
        return np.concatenate([np.asarray(piece) for piece in pieces])
    return [_joined(list(parts)) for parts in zip(*map(columns_of, pieces), strict=True)]


def columns_of(loaded: Loaded) -> list[Any]:
    """Return loaded columns one by one."""
    return list(loaded.T) if isinstance(loaded, np.ndarray) else list(loaded)


def _joined(pieces: list[Any]) -> NDArray[Any]:
    arrays = [np.asarray(piece) for piece in pieces]
    if any(array.dtype == object for array in arrays):
        arrays = [array.astype(object) for array in arrays]
    return np.concatenate(arrays)


def columns_joined(parts: Sequence[Stored]) -> Stored | None:
    """Return columns of several sources of as many rows side by side; None where they differ in length."""
    if len({part.n for part in parts}) != 1:
        return None

    def read(rows: slice) -> Loaded:
        return [column for part in parts for column in _one(part.read(rows))]

    def scattered(rows: Index) -> Loaded:
        return [column for part in parts for column in _one(part.take(rows))]

    return Stored(parts[0].n, sum(part.row_bytes for part in parts), min(part.step for part in parts), read, scattered)


def _one(loaded: Loaded) -> list[Any]:
    """Return what a source of one name holds: an array with any number of axes is one of a list."""
    return [loaded] if isinstance(loaded, np.ndarray) else loaded


def one_below_another(parts: Sequence[Stored]) -> Stored:
    """Return the rows of several sources of the same columns, one after the other."""
    starts = np.cumsum([0, *(part.n for part in parts)])

    def read(rows: slice) -> Loaded:
        pieces = []
        for start, part in zip(starts, parts, strict=False):
            low, high = max(rows.start - start, 0), min(rows.stop - start, part.n)
            if low < high:
                pieces.append(part.read(slice(int(low), int(high))))
        return rows_joined(pieces)

    def scattered(rows: Index) -> Loaded:
        cuts = np.searchsorted(rows, starts)
        found = zip(parts, starts, cuts, cuts[1:], strict=False)
        return rows_joined([part.take(rows[a:b] - start) for part, start, a, b in found if a < b])

    return Stored(int(starts[-1]), parts[0].row_bytes, min(part.step for part in parts), read, scattered)


def held(columns: Sequence[Any]) -> Stored:
    """Return columns that are in memory as if they were stored."""
    n = len(columns[0])
    width = sum(float_bytes(np.asarray(column).dtype) for column in columns)
    return Stored(n, width, max(n, 1), lambda rows: at(list(columns), rows), lambda rows: at(list(columns), rows))
