"""HDF5 by h5py: plain files, h5ad (AnnData), NetCDF 4, MATLAB 7.3. Links to other files are not followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mmg_registry.data.reading.faults import need
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.tree import Read, table_of_tree, walk

MAGIC = b"\x89HDF\r\n\x1a\n"


def hdf(source: Source, _: Asked) -> Table:
    """Read a file of arrays in groups."""
    file = opened(source)
    return table_of_tree(walk(file, children))


def netcdf(source: Source, asked: Asked) -> Table:
    """Read NetCDF: version 4 is HDF5, version 3 has SciPy."""
    if source.head(len(MAGIC)) == MAGIC:
        return hdf(source, asked)
    from scipy.io import netcdf_file

    with source.open() as file:
        found = netcdf_file(file, mmap=False, maskandscale=True)
        arrays = {name: _floats(variable[:]) for name, variable in _numeric(found.variables).items()}
    return table_of_tree((name, _kept(array)) for name, array in arrays.items())


def _numeric(variables: Any) -> dict[str, Any]:
    """Return the variables that hold a number a row, and not text or one value for all."""
    return {name: each for name, each in variables.items() if each.shape and each.data.dtype.kind in "iuf"}


def _floats(values: Any) -> Any:
    return np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)


def _kept(array: Any) -> Read:
    return lambda: array


def opened(source: Source) -> Any:
    """Return the file as h5py has it; it stays open as long as the table that reads from it."""
    h5py = need("h5py", "HDF5 (h5, h5ad, nc, mat 7.3)")
    return h5py.File(source.open() if source.path is None else source.path, "r")


def children(group: Any) -> Iterator[tuple[str, Any]]:
    """Yield what lies in a group itself: neither links to elsewhere nor data kept in other files."""
    import h5py

    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            node = group[name]
            if isinstance(node, h5py.Group) or (isinstance(node, h5py.Dataset) and not _outside(node)):
                yield name, node


def _outside(dataset: Any) -> bool:
    return bool(dataset.external) or bool(dataset.is_virtual)
