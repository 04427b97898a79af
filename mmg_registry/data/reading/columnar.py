"""Files in columns: parquet (one file or a folder of them), feather and Arrow, all by pyarrow, chosen columns only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.reading.faults import need
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.errors import DataError

PARQUET = (".parquet", ".pq")


def parquet(source: Source, _: Asked) -> Table:
    """Read one parquet file."""
    module = need("pyarrow.parquet", "parquet", "data")
    with source.open() as file:
        names = list(module.ParquetFile(file).schema_arrow.names)

    def load(columns: list[str]) -> Any:
        with source.open() as file:
            return module.ParquetFile(file).read(columns=columns)

    return _table(names, load)


def arrow(source: Source, _: Asked) -> Table:
    """Read an Arrow file (feather) or stream."""
    need("pyarrow", "feather and arrow", "data")
    with source.open() as file:
        names = list(_ipc(file).schema.names)

    def load(columns: list[str]) -> Any:
        with source.open() as file:
            opened = _ipc(file)
            return opened.read_all().select(columns)

    return _table(names, load)


def _ipc(file: Any) -> Any:
    from pyarrow import ipc

    magic = file.read(6)
    file.seek(0)
    if magic[:4] == b"FEA1":
        raise DataError("it is feather of version 1, which nothing reads any more; write it again with to_feather")
    return ipc.open_file(file) if magic == b"ARROW1" else ipc.open_stream(file)


def parquet_folder(path: str) -> Table | None:
    """Read a folder of parquet files of the same columns, those in folders below it too; None where it holds none."""
    from mmg_registry.data.reading.append import appended

    files = sorted(str(file) for file in Path(path).rglob("*") if file.suffix.lower() in PARQUET and file.is_file())
    if not files:
        return None
    return appended([parquet(Source(file, ".parquet", file), Asked()) for file in files], files)


def _table(names: list[str], load: Callable[[list[str]], Any]) -> Table:
    """Return a table of Arrow columns; an index that pandas wrote beside them is hidden."""
    index = [name for name in names if name.startswith("__index_level_")]
    ordered = [name for name in names if name not in index] + index

    def columns(places: Sequence[int]) -> list[Any]:
        chosen = [ordered[place] for place in places]
        table = load(list(dict.fromkeys(chosen)))
        return [_column(table.column(name)) for name in chosen]

    return Table(ordered, columns, hidden=len(index))


def _column(column: Any) -> NDArray[Any]:
    """Return an Arrow column as NumPy has it: lists as arrays in objects, categories as what they stand for."""
    kind = str(column.type)
    if kind.startswith("decimal"):
        return np.array([np.nan if value is None else float(value) for value in column.to_pylist()])
    if kind in ("string", "large_string", "string_view") or kind.startswith("dictionary<values=string"):
        return text_of_column(column)
    if kind.startswith("dictionary"):
        column = column.cast(column.type.value_type)
    if kind.startswith(("int", "uint")) and column.null_count and _beyond_float(column):
        return np.array(column.to_pylist(), dtype=object)
    return np.asarray(column.to_numpy())


def text_of_column(column: Any) -> NDArray[Any]:
    """Return a column of text as objects, None where it is missing; rows of one label share one object in memory."""
    pieces = (column if str(column.type).startswith("dictionary") else column.dictionary_encode()).unify_dictionaries()
    words = np.array([*(pieces.chunk(0).dictionary.to_pylist() if pieces.num_chunks else []), None], dtype=object)
    places = [
        np.asarray(chunk.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)) for chunk in pieces.chunks
    ]
    return words[np.concatenate([np.empty(0, dtype=np.int64), *places]).astype(np.int64)]


def _beyond_float(column: Any) -> bool:
    return any(value is not None and abs(value) > 2**53 for value in column.to_pylist())
