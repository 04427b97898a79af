"""The registry of formats: which reader takes which suffix, or which first bytes where there is no suffix."""

from __future__ import annotations

from collections.abc import Callable

from mmg_registry.data.reading import columnar, compressed, excel, hdf, json_files, matlab, numpy_files, tensors
from mmg_registry.data.reading.faults import NEVER
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.text import text
from mmg_registry.errors import DataError

Open = Callable[[Source, Asked], Table]


def _pickled(source: Source, _: Asked) -> Table:
    raise DataError(f"it is a pickle, which {NEVER}")


FORMATS: dict[str, Open] = {
    ".csv": text(","),
    ".tsv": text("\t"),
    ".tab": text("\t"),
    ".txt": text(None),
    ".dat": text(None),
    ".npy": numpy_files.npy,
    ".npz": numpy_files.npz,
    ".parquet": columnar.parquet,
    ".pq": columnar.parquet,
    ".feather": columnar.arrow,
    ".arrow": columnar.arrow,
    ".ipc": columnar.arrow,
    ".xlsx": excel.workbook,
    ".xlsm": excel.workbook,
    ".xls": excel.workbook,
    ".ods": excel.workbook,
    ".json": json_files.json_document,
    ".jsonl": json_files.json_lines,
    ".ndjson": json_files.json_lines,
    ".mat": matlab.mat,
    ".h5": hdf.hdf,
    ".hdf5": hdf.hdf,
    ".h5ad": hdf.hdf,
    ".nc": hdf.netcdf,
    ".pt": tensors.pt,
    ".pth": tensors.pt,
    ".safetensors": tensors.safetensors,
}
_REFUSED: dict[str, Open] = dict.fromkeys((".pkl", ".pickle", ".joblib"), _pickled)
_MAGIC: dict[bytes, str] = {
    b"\x93NUMPY": ".npy",
    b"PAR1": ".parquet",
    b"ARROW1": ".arrow",
    b"MATLAB": ".mat",
    hdf.MAGIC: ".h5",
    **compressed.MAGIC,
}
SUFFIXES = (*FORMATS, *compressed.SUFFIXES, ".zarr")


def reader_of(suffix: str) -> Open | None:
    """Return the reader of a suffix, or None where there is none."""
    return FORMATS.get(suffix) or _REFUSED.get(suffix)


def suffix_of(head: bytes) -> str:
    """Return the suffix that the first bytes of a nameless source stand for; text where they say nothing.

    Example:
        >>> suffix_of(b"PAR1...."), suffix_of(b"x,y")
        ('.parquet', '.csv')
    """
    return next((suffix for magic, suffix in _MAGIC.items() if head.startswith(magic)), ".csv")
