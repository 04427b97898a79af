"""Columns of a source a few at a time, each with all its rows, for what looks at pairs of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F32
from mmg_registry.data.labels import Labels
from mmg_registry.data.matrices import side_by_side, to_matrix
from mmg_registry.data.reading.append import appended
from mmg_registry.data.reading.faults import naming
from mmg_registry.data.reading.in_memory import is_frame, table_of_frame
from mmg_registry.data.reading.options import TextOptions
from mmg_registry.data.reading.select import Spec, asked_for, whole
from mmg_registry.data.reading.sources import opened, paths_of, shown_path
from mmg_registry.data.reading.stored import Stored
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.errors import DataError

WIDTH = 256  # columns of a tile: 100 MB of 100,000 rows


class Tile(NamedTuple):
    """Columns side by side.

    Attributes:
        values: `(n, width)`, as float32, NaN where a value is missing; whole numbers above 2**24 are rounded.
        names: of the columns.
        labels: names of each column's codes where it is text, () for numbers; empty where all are.
    """

    values: F32
    names: tuple[str, ...]
    labels: tuple[Labels, ...] = ()


def tiles(
    path: Any, columns: Spec | None = None, width: int = WIDTH, *, text: TextOptions | None = None
) -> Iterator[Tile]:
    """Return chosen columns of a source, `width` at a time, in order; memory is that of a tile and of a block of rows.

    Of npy, Arrow, parquet, zarr, HDF5 and h5ad no more than that is read at a time; other formats are read whole. An
    array of a tree (`X` of h5ad) is cut into its columns, which are called by `var/_index` where that names them.

    Args:
        path: as `read` takes it: a file, a pattern, a folder of parquet, a list of them, or a frame.
        columns: names, patterns, positions, ranges; all that are not hidden where nothing is said.
        width: columns of a tile at most.
        text: how text is written.

    Raises:
        DataError: naming the file and what is wrong with it.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5, 6]})
        >>> [tile.names for tile in tiles(frame, width=2)]
        [('a', 'b'), ('c',)]
    """
    table, file = _table(path, Asked(text or TextOptions(), asked_for(columns)))
    with naming(file):
        places = list(range(len(table.open_names))) if columns is None else whole(table, columns, "columns")
        cut = _arrays if table.kind == "array" else _columns
        yield from cut(table, places, width)


def _table(path: Any, asked: Asked) -> tuple[Table, str]:
    if is_frame(path):
        return table_of_frame(path), "The frame"
    paths: list[str | Path] = list(paths_of(path))
    files = [shown_path(str(each)) for each in paths]
    return appended([opened(str(each), asked, {}) for each in paths], files), files[0]


def _columns(table: Table, places: Sequence[int], width: int) -> Iterator[Tile]:
    for start in range(0, len(places), width):
        own = list(places[start : start + width])
        names, stored = tuple(table.names[place] for place in own), table.stored(own)
        if stored is not None and _numeric(stored):
            yield Tile(_filled(stored, slice(0, len(own))), names)
        else:
            yield _tile(table.load(own), names)


def _tile(loaded: Any, names: tuple[str, ...]) -> Tile:
    columns = list(loaded.T) if isinstance(loaded, np.ndarray) else loaded
    found = side_by_side([to_matrix(column, name) for column, name in zip(columns, names, strict=True)])
    return Tile(found.values.astype(np.float32, copy=False), names, found.labels)


def _numeric(stored: Stored) -> bool:
    first = stored.read(slice(0, 1))
    return all(np.asarray(column).dtype.kind in "iuf" for column in (first if isinstance(first, list) else [first]))


def _filled(stored: Stored, columns: slice) -> F32:
    """Return some columns of all rows, read block by block."""
    found = np.empty((stored.n, columns.stop - columns.start), dtype=np.float32)
    for block in stored.blocks():
        found[block] = _matrix(stored.read(block))[:, columns]
    return found


def _matrix(loaded: Any) -> NDArray[Any]:
    """Return columns or one array of any number of axes as a matrix."""
    parts = loaded if isinstance(loaded, list) else [loaded]
    return np.column_stack([np.asarray(part).reshape(len(part), -1) for part in parts])


def _arrays(table: Table, places: Sequence[int], width: int) -> Iterator[Tile]:
    for place in places:
        stored = table.stored([place])
        if stored is None or not _numeric(stored):
            loaded = to_matrix(table.load([place])[0], table.names[place])
            yield from _cut(loaded.values.astype(np.float32, copy=False), loaded.names, loaded.labels, width)
            continue
        dim = _matrix(stored.read(slice(0, 1))).shape[1]
        names = _names(table, place, dim)
        for start in range(0, dim, width):
            own = slice(start, min(start + width, dim))
            yield Tile(_filled(stored, own), names[own])


def _cut(values: F32, names: tuple[str, ...], labels: tuple[Labels, ...], width: int) -> Iterator[Tile]:
    for start in range(0, len(names), width):
        own = slice(start, start + width)
        yield Tile(values[:, own], names[own], labels[own])


def _names(table: Table, place: int, dim: int) -> tuple[str, ...]:
    """Return the names of an array's columns: those of AnnData's variables, else its own with their places."""
    name = table.names[place]
    if dim == 1:
        return (name,)
    if name == "X" and "var/_index" in table.names:
        found = table.load([table.names.index("var/_index")])[0]
        if len(found) != dim:
            raise DataError(f"'X' has {dim} columns, and 'var/_index' has {len(found)} names")
        return tuple(str(each) for each in found)
    return tuple(f"{name}[{j}]" for j in range(dim))
