"""Arrays of a zarr store, a folder or a zip, by zarr; a store whose codecs would unpickle is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.reading.faults import NEVER, need
from mmg_registry.data.reading.table import Table, table_of_matrix
from mmg_registry.data.reading.tree import stored_array, table_of_tree, values, walk
from mmg_registry.errors import DataError

MARKS = (".zgroup", ".zarray", ".zmetadata", "zarr.json")


def is_store(path: str) -> bool:
    """Return whether a folder is a zarr store."""
    return any((Path(path) / mark).is_file() for mark in MARKS)


def store(path: str) -> Table:
    """Read a store: one array as npy is read, a group as HDF5 is.

    Raises:
        DataError: for one whose metadata name a codec that would unpickle.
    """
    zarr = need("zarr", "zarr")
    _refuse_pickles(path)
    found = zarr.open(path, mode="r")
    if hasattr(found, "ndim"):
        return _table_of_array(found)
    return table_of_tree(walk(found, _children))


def _table_of_array(array: Any) -> Table:
    """Return one array as a table of its columns, which is loaded when columns of it are."""
    stored = stored_array(array)
    if stored is None or array.ndim > 2:
        return table_of_matrix(values(array))
    names = [str(place) for place in range(math.prod(array.shape[1:]))]

    def chosen(rows: NDArray[Any], places: Sequence[int]) -> NDArray[Any]:
        return np.ascontiguousarray(rows.reshape(len(rows), -1)[:, list(places)])

    return Table(
        names,
        lambda places: chosen(values(array), places),
        stored=lambda places: replace(
            stored,
            row_bytes=stored.row_bytes // len(names) * len(places),
            read=lambda rows: chosen(np.asarray(stored.read(rows)), places),
        ),
    )


def _children(group: Any) -> Iterator[tuple[str, Any]]:
    return ((name, group[name]) for name in sorted(group.keys()))


def _refuse_pickles(path: str) -> None:
    for mark in MARKS:
        for file in Path(path).rglob(mark):
            metadata = json.loads(file.read_text(encoding="utf-8"))
            if any("pickle" in name for name in _codecs(metadata)):
                raise DataError(f"it holds pickled objects, which {NEVER}")


def _codecs(document: Any) -> set[str]:
    """Return what stands anywhere under the keys that name codecs."""
    if isinstance(document, list):
        return {name for each in document for name in _codecs(each)}
    if not isinstance(document, dict):
        return set()
    own = {str(document[key]) for key in ("id", "name") if key in document}
    return own | {name for each in document.values() for name in _codecs(each)}
