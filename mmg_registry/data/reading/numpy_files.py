"""Files of NumPy: npy and npz. Pickled objects are never loaded, and headers are believed as far as bytes follow."""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.reading.compressed import limit
from mmg_registry.data.reading.faults import NEVER
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.stored import Stored, float_bytes, step_of
from mmg_registry.data.reading.table import Asked, Table, scattered_too, table_of, table_of_matrix
from mmg_registry.errors import DataError

_SPARSE = {"indices", "indptr", "format", "shape", "data"}  # what scipy.sparse.save_npz writes


def npy(source: Source, _: Asked) -> Table:
    """Read one array: a table whose columns are named by position, or by the fields of records."""
    must_start_with(source, b"\x93NUMPY", "npy")
    with source.open() as file:
        _check_header(file, source.size)
    if source.path is None:
        return _table(_unpickled(lambda: np.load(source.open(), allow_pickle=False), "the array"))
    again = functools.partial(np.load, str(source.path), mmap_mode="r", allow_pickle=False)
    return _table(_unpickled(again, "the array"), again)


def _table(array: NDArray[Any], again: Callable[[], NDArray[Any]] | None = None) -> Table:
    if array.ndim == 0:
        raise DataError("it holds a single number; give one row per sample")
    fields = array.dtype.names
    if not fields:
        return table_of_matrix(array, again)
    table = Table(list(fields), lambda places: [array[fields[place]] for place in places])
    if again is None or not len(array):
        return table

    def stored(places: Sequence[int]) -> Stored:
        width = sum(float_bytes(array.dtype[place]) for place in places)
        read = functools.partial(_fields, again, [fields[place] for place in places])
        return scattered_too(Stored(len(array), width, step_of(array.dtype.itemsize), read))

    return replace(table, stored=stored)


def _fields(again: Callable[[], NDArray[Any]], names: Sequence[str], part: Any) -> list[Any]:
    rows = again()[part]
    return [np.array(rows[name]) for name in names]


def npz(source: Source, _: Asked) -> Table:
    """Read an archive of named arrays, or the sparse matrix that SciPy keeps in one."""
    must_start_with(source, b"PK", "npz")
    with source.open() as file, zipfile.ZipFile(file) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
    if set(names) == _SPARSE:
        return table_of_matrix(_sparse(source))
    return table_of(_Members(source, names))


def _sparse(source: Source) -> NDArray[Any]:
    from scipy import sparse

    from mmg_registry.data.matrices import dense

    members = _Members(source, list(_SPARSE))
    form = str(np.asarray(members["format"]).astype(str)[()])
    if form not in ("csr", "csc"):
        raise DataError(f"it holds a sparse matrix in the form '{form[:10]}'; csr and csc can be read")
    make = sparse.csr_matrix if form == "csr" else sparse.csc_matrix
    found = make((members["data"], members["indices"], members["indptr"]), shape=tuple(members["shape"]))
    found.check_format(full_check=True)
    return dense(found, "the matrix")


class _Members(Mapping[str, Any]):
    """The arrays of an archive, each loaded when asked for."""

    def __init__(self, source: Source, names: list[str]) -> None:
        self.source, self.names = source, names

    def __getitem__(self, name: str) -> NDArray[Any]:
        with self.source.open() as file, zipfile.ZipFile(file) as archive:
            member = f"{name}.npy" if f"{name}.npy" in archive.namelist() else name
            self._check(archive, member)
        with self.source.open() as file, np.load(file, allow_pickle=False) as arrays:
            return _unpickled(functools.partial(arrays.__getitem__, name), name)

    def _check(self, archive: zipfile.ZipFile, member: str) -> None:
        size = archive.getinfo(member).file_size
        if size > limit(self.source.size):
            raise DataError(f"'{member}' claims to expand to {size} bytes, as a zip bomb does")
        with archive.open(member) as stream:
            _check_header(stream, size)

    def __iter__(self) -> Any:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _check_header(file: IO[bytes], size: int) -> None:
    """Refuse a header that promises other than what follows, before memory is taken for it.

    Raises:
        ValueError: for what is no header.
        DataError: for more elements than bytes, and shapes of other than whole numbers.
    """
    version = np.lib.format.read_magic(file)
    read: Callable[..., Any] = np.lib.format.read_array_header_1_0
    shape, _, dtype = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(file)
    if not all(type(axis) is int and axis >= 0 for axis in shape):
        raise DataError(f"its header is damaged: it gives the shape {shape}")
    if dtype.hasobject:
        return  # refused by NumPy, which knows that they are pickled
    needed = dtype.itemsize * functools.reduce(lambda product, axis: product * axis, shape, 1)
    if needed > size:
        raise DataError(f"it is truncated or its header is damaged: {needed} bytes are promised, {size} are there")


def must_start_with(source: Source, magic: bytes, kind: str) -> None:
    """Refuse a pickle, and a file of another kind than its name says.

    Raises:
        DataError: for either.
    """
    head = source.head(len(magic))
    if head[:1] == b"\x80":
        raise DataError(f"it is a pickle, which {NEVER}")
    if head != magic:
        raise DataError(f"it is not an {kind} file, whatever its name says")


def _unpickled(read: Callable[[], NDArray[Any]], name: str) -> NDArray[Any]:
    try:
        return read()
    except ValueError as error:
        if "allow_pickle" not in str(error) and "Python objects" not in str(error):
            raise
        raise DataError(f"'{name}' is an array of pickled objects, which {NEVER}") from error
