"""Arrays in a tree of groups, as HDF5, zarr and AnnData keep them: each is chosen by its path ("obs/age").

A group that AnnData writes for one thing is offered as that thing: a sparse matrix, a categorical or nullable column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry import memory
from mmg_registry.data.matrices import dense
from mmg_registry.data.reading.stored import Stored, columns_joined, float_bytes, held, step_of
from mmg_registry.data.reading.table import Table
from mmg_registry.errors import DataError

Read = Callable[[], Any]
_DEPTH = 20  # groups inside groups; more is damage


def table_of_tree(nodes: Iterator[tuple[str, Read]]) -> Table:
    """Return arrays by path as a table that loads those chosen; names that begin with _ (`obs/_index`) are hidden."""
    found = dict(nodes)
    shown = [name for name in found if not name.rpartition("/")[2].startswith("_")]
    names = shown + [name for name in found if name not in shown]

    def stored(places: Sequence[int]) -> Stored | None:
        return _by_rows([found[names[place]] for place in places])

    return Table(
        names, lambda places: [found[names[k]]() for k in places], "array",
        hidden=len(names) - len(shown), stored=stored,
    )  # fmt: skip


def _by_rows(reads: Sequence[Read]) -> Stored | None:
    """Return arrays by rows: large ones as they lie, small ones (codes with names) from memory; None where all are."""
    large = [read.stored() if isinstance(read, (_Array, _Rows)) else None for read in reads]
    if not any(large):
        return None
    return columns_joined([own or held([read()]) for own, read in zip(large, reads, strict=True)])


def walk(
    group: Any, children: Callable[[Any], Iterator[tuple[str, Any]]], prefix: str = ""
) -> Iterator[tuple[str, Read]]:
    """Yield the path of every array below a group, and a function that reads it."""
    if prefix.count("/") > _DEPTH:
        raise DataError("its groups are nested too deeply")
    for name, node in children(group):
        path = f"{prefix}{name}"
        special = _special(node)
        if special is not None:
            yield path, special
        elif hasattr(node, "keys"):
            yield from walk(node, children, f"{path}/")
        elif getattr(node.dtype, "names", None):
            yield from ((f"{path}/{field}", _field(node, field)) for field in node.dtype.names)
        elif node.ndim:
            yield path, _Array(node)


def _special(node: Any) -> Read | None:
    kind = str(node.attrs.get("encoding-type", ""))
    if hasattr(node, "keys") and (kind == "csr_matrix" or node.attrs.get("h5sparse_format") == "csr"):
        return _Rows(node)
    if kind in _GROUPS and hasattr(node, "keys"):
        return lambda: _GROUPS[kind](node)
    if hasattr(node, "keys") and "h5sparse_format" in node.attrs:
        return lambda: _sparse(node)
    return None


@dataclass(frozen=True)
class _Array:
    """An array of a tree, read whole or by rows."""

    node: Any

    def __call__(self) -> NDArray[Any]:
        return values(self.node)

    def stored(self) -> Stored | None:
        return stored_array(self.node)


@dataclass(frozen=True)
class _Rows:
    """A sparse matrix kept by rows, read whole or some rows at a time."""

    group: Any

    def __call__(self) -> NDArray[Any]:
        return _sparse(self.group)

    def stored(self) -> Stored | None:
        rows, columns = _shape(self.group)
        step = step_of(columns * self.group["data"].dtype.itemsize)
        width = columns * float_bytes(self.group["data"].dtype)
        return Stored(rows, width, step, self._read) if rows else None

    def _read(self, rows: slice) -> NDArray[Any]:
        from scipy import sparse

        ends = np.asarray(self.group["indptr"][rows.start : rows.stop + 1])
        part = slice(int(ends[0]), int(ends[-1]))
        kept = (np.asarray(self.group[name][part]) for name in ("data", "indices"))
        shape = (rows.stop - rows.start, _shape(self.group)[1])
        matrix = sparse.csr_matrix((*kept, ends - ends[0]), shape=shape)
        matrix.check_format(full_check=True)
        return dense(matrix, "the matrix")


def stored_array(node: Any) -> Stored | None:
    """Return an array of a tree by rows, as `values` returns it; None where it is of text or has no rows."""
    if not node.ndim or not node.shape[0] or node.dtype.kind not in "biuf":
        return None
    chunk = (getattr(node, "chunks", None) or (1,))[0]  # whole chunks, each of which is decompressed once
    many = math.prod(int(axis) for axis in node.shape[1:])
    step = step_of(node.dtype.itemsize * many)
    return Stored(
        int(node.shape[0]),
        float_bytes(node.dtype) * many,
        max(chunk, step // chunk * chunk),
        lambda rows: _scaled(np.asarray(node[rows.start : rows.stop]), node),
    )


def _field(node: Any, field: str) -> Read:
    return lambda: _decoded(np.asarray(node[...][field]))


def values(node: Any) -> NDArray[Any]:
    """Return an array of a tree; text as `str`, gaps and scales of NetCDF undone."""
    if node.dtype.kind == "O" and getattr(node.dtype, "metadata", None) is None and not hasattr(node, "asstr"):
        raise DataError("it holds an array of objects, which is never loaded because it could run code")
    _refuse_larger_than_memory(node)
    return _scaled(_decoded(np.asarray(node[...])), node)


def _refuse_larger_than_memory(node: Any) -> None:
    """Refuse what cannot be held: such files may declare any shape without a byte behind it."""
    size = math.prod(int(axis) for axis in node.shape) * node.dtype.itemsize
    if size > memory.total():
        raise DataError(f"an array of the shape {node.shape} takes {size / 2**30:.0f} GiB, more than this machine has")


def _decoded(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind == "T":
        return array.astype(object)
    if array.dtype.kind == "S" or (array.dtype == object and array.size and isinstance(array.flat[0], bytes)):
        words = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in array.ravel()]
        return np.array(words, dtype=object).reshape(array.shape)
    return array


def _scaled(array: NDArray[Any], node: Any) -> NDArray[Any]:
    """Return numbers as the conventions of NetCDF mean them: fill values are gaps, packed numbers are unpacked."""
    given = {
        key: node.attrs[key]
        for key in ("_FillValue", "missing_value", "scale_factor", "add_offset")
        if key in node.attrs
    }
    if not given or array.dtype.kind not in "iuf":
        return array
    gaps = np.zeros(array.shape, dtype=bool)
    for key in ("_FillValue", "missing_value"):
        gaps |= np.isin(array, np.asarray(given.get(key, [])))
    scaled = array * float(np.ravel(given.get("scale_factor", 1))[0]) + float(np.ravel(given.get("add_offset", 0))[0])
    return np.where(gaps, np.nan, scaled)


# --- groups of AnnData --------------------------------------------------------------------------------------------


def _sparse(group: Any) -> NDArray[Any]:
    from scipy import sparse

    form = str(group.attrs.get("encoding-type", group.attrs.get("h5sparse_format", "")))
    rows, columns = _shape(group)
    make = sparse.csr_matrix if "csr" in form else sparse.csc_matrix
    matrix = make((values(group["data"]), values(group["indices"]), values(group["indptr"])), shape=(rows, columns))
    matrix.check_format(full_check=True)
    return dense(matrix, "the matrix")


def _shape(group: Any) -> tuple[int, int]:
    rows, columns = map(int, group.attrs["shape" if "shape" in group.attrs else "h5sparse_shape"])
    return rows, columns


def _categorical(group: Any) -> NDArray[Any]:
    codes, names = values(group["codes"]), values(group["categories"])
    if codes.size and not -1 <= codes.min() <= codes.max() < len(names):
        raise DataError("it has a categorical column whose codes have no category")
    column = np.empty(len(codes), dtype=object)
    column[:] = [None if code < 0 else names[code] for code in codes]
    return column


def _nullable(group: Any) -> NDArray[Any]:
    column = np.array(values(group["values"]), dtype=object)
    column[np.asarray(values(group["mask"]), dtype=bool)] = None
    return column


_GROUPS = {
    "csc_matrix": _sparse,
    "categorical": _categorical,
    "nullable-integer": _nullable,
    "nullable-boolean": _nullable,
    "nullable-string-array": _nullable,
}
