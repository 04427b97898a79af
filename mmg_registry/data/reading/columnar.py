"""Files in columns: parquet (one file or a folder of them), feather and Arrow, all by pyarrow, chosen columns only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.reading.faults import need
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.stored import Stored
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.errors import DataError

PARQUET = (".parquet", ".pq")


class Parts(NamedTuple):
    """Parts of a file that can be read without the others: their sizes in rows, types, and what reads some of them."""

    sizes: list[int]
    schema: Any
    load: Callable[[list[int], list[str]], Any]


def parquet(source: Source, _: Asked) -> Table:
    """Read one parquet file."""
    module = need("pyarrow.parquet", "parquet", "data")
    with source.open() as file:
        names = list(module.ParquetFile(file).schema_arrow.names)

    def load(columns: list[str]) -> Any:
        with source.open() as file:
            return module.ParquetFile(file).read(columns=columns)

    return _table(names, load, _parquet_parts(module, source))


def _parquet_parts(module: Any, source: Source) -> Parts:
    """Return the numbers of rows of a file's row groups, and what reads columns of some of these."""
    with source.open() as file:
        opened = module.ParquetFile(file)
        metadata, schema = opened.metadata, opened.schema_arrow
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]

    def load(groups: list[int], columns: list[str]) -> Any:
        with source.open() as file:
            return module.ParquetFile(file).read_row_groups(groups, columns=columns)

    return Parts(sizes, schema, load)


def arrow(source: Source, _: Asked) -> Table:
    """Read an Arrow file (feather) or stream."""
    need("pyarrow", "feather and arrow", "data")
    with source.open() as file:
        names = list(_ipc(file).schema.names)

    def load(columns: list[str]) -> Any:
        with source.open() as file:
            opened = _ipc(file)
            return opened.read_all().select(columns)

    return _table(names, load, _arrow_parts(source))


def _arrow_parts(source: Source) -> Parts | None:
    """Return the numbers of rows of a file's batches, and what reads some of these; None for a stream."""
    import pyarrow
    from pyarrow import ipc

    if source.path is None or source.head(6) != b"ARROW1":
        return None

    def load(batches: list[int], columns: list[str]) -> Any:
        with pyarrow.memory_map(source.path) as file:
            opened = ipc.open_file(file)
            return pyarrow.Table.from_batches([opened.get_batch(k).select(columns) for k in batches])

    with pyarrow.memory_map(source.path) as file:
        opened = ipc.open_file(file)
        sizes = [opened.get_batch(k).num_rows for k in range(opened.num_record_batches)]
        return Parts(sizes, opened.schema, load)


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


def _table(names: list[str], load: Callable[[list[str]], Any], parts: Parts | None) -> Table:
    """Return a table of Arrow columns; an index that pandas wrote beside them is hidden."""
    index = [name for name in names if name.startswith("__index_level_")]
    ordered = [name for name in names if name not in index] + index

    def columns(places: Sequence[int]) -> list[Any]:
        chosen = [ordered[place] for place in places]
        table = load(list(dict.fromkeys(chosen)))
        return [_column(table.column(name)) for name in chosen]

    def stored(places: Sequence[int]) -> Stored | None:
        chosen = [ordered[place] for place in places]
        return None if parts is None or not sum(parts.sizes) else _by_rows(parts, chosen)

    return Table(ordered, columns, hidden=len(index), stored=stored)


def _by_rows(parts: Parts, chosen: list[str]) -> Stored:
    """Return columns by rows: whole parts are read, and cut to those that are meant."""
    ends = np.cumsum(parts.sizes)
    names = list(dict.fromkeys(chosen))

    def read(rows: slice) -> list[Any]:
        first, last = np.searchsorted(ends, [rows.start, rows.stop - 1], side="right").tolist()
        start = int(ends[first]) - parts.sizes[first]
        table = parts.load(list(range(first, last + 1)), names).slice(rows.start - start, rows.stop - rows.start)
        return [np.array(_column(table.column(name))) for name in chosen]

    return Stored(int(ends[-1]), sum(_bytes(parts.schema.field(name).type) for name in chosen), max(parts.sizes), read)


def _bytes(kind: Any) -> int:
    """Return the bytes of a value as floats; a list of any length counts as one."""
    if getattr(kind, "list_size", 0) > 0:
        return int(kind.list_size) * _bytes(kind.value_type)
    return 4 if str(kind) in ("float", "halffloat") else 8


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
