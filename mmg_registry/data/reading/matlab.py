"""Files of MATLAB: up to version 7 by SciPy, 7.3 (which is HDF5) by h5py."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.matrices import dense
from mmg_registry.data.reading import hdf
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.tree import values
from mmg_registry.errors import DataError

_NUMBERS = ("double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
_HDF_AT = 512  # MATLAB puts a text of its own before the HDF5 that follows


def mat(source: Source, _: Asked) -> Table:
    """Read the matrices of a file; a row vector is taken as that many rows, as MATLAB's users mean it."""
    head = source.head(_HDF_AT + len(hdf.MAGIC))
    return _new(source) if hdf.MAGIC in (head[: len(hdf.MAGIC)], head[_HDF_AT:]) else _old(source)


def _old(source: Source) -> Table:
    from scipy.io import loadmat, whosmat

    with source.open() as file:
        found = whosmat(file)  # type: ignore[arg-type]
    names = [name for name, _, kind in found if kind in (*_NUMBERS, "sparse", "char")]

    def load(name: str) -> NDArray[Any]:
        with source.open() as file:
            matrices = loadmat(file, variable_names=[name])  # type: ignore[arg-type]
        return _matrix(matrices[name], name)

    return Table(names, lambda places: [load(names[k]) for k in places], "array", notes=_NOTES)


def _new(source: Source) -> Table:
    file = hdf.opened(source)
    found = {name: node for name, node in hdf.children(file) if _kind(node) in (*_NUMBERS, "char")}
    names = list(found)
    return Table(names, lambda places: [_read(found[names[k]], names[k]) for k in places], "array", notes=_NOTES)


_NOTES = ("A vector that lies in a row is taken as a column.",)


def _kind(node: Any) -> str:
    kind = node.attrs.get("MATLAB_class", b"double" if hasattr(node, "ndim") else b"")
    return kind.decode() if isinstance(kind, bytes) else str(kind)


def _read(node: Any, name: str) -> NDArray[Any]:
    if not hasattr(node, "ndim"):
        raise DataError(f"'{name}' is a sparse matrix of MATLAB 7.3; save full('{name}'), or save with -v7")
    array = values(node).T  # MATLAB keeps columns together
    if _kind(node) == "char":
        return np.array(["".join(map(chr, row)).rstrip() for row in array], dtype=object)
    return _matrix(array, name)


def _matrix(found: Any, name: str) -> NDArray[Any]:
    array = dense(found, name) if hasattr(found, "tocsr") else np.asarray(found)
    if array.dtype.kind == "U":
        return np.array([str(value).rstrip() for value in array.ravel()], dtype=object)
    return array.T if array.ndim == 2 and len(array) == 1 and array.shape[1] > 1 else array
