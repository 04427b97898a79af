"""Files to paired samples: npz, npy, csv, tsv, parquet, CSV on standard input, and what hook plugins add.

A reader turns a path into a `Table`: the names that can be chosen, and a function that loads some of them. What is
x and what is y is decided once, for all formats, in `read_pair`.
"""

from __future__ import annotations

import contextlib
import csv
import fnmatch
import functools
import itertools
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from mmg_registry.contracts import Array
from mmg_registry.data.pair import ENCODE, Pair, to_matrix
from mmg_registry.errors import DataError

STDIN = "-"
Reader = Callable[[str], Mapping[str, Any]]
Loaded = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A file that has been opened but not yet read.

    Attributes:
        names: columns or arrays that can be chosen.
        load: from chosen names to columns `(n,)` or arrays `(n, d)`.
        kind: "column" or "array", for messages.
    """

    names: list[str]
    load: Callable[[Sequence[str]], Loaded]
    kind: str = "column"


def read_pair(
    path: str | Path | Sequence[str | Path],
    x: str | None = None,
    y: str | None = None,
    readers: Mapping[str, Reader] | None = None,
) -> Pair:
    """Read x and y from one file, or from two files `[x_path, y_path]`.

    `x` and `y` name arrays (npz) or columns ("a,b" or "gene_*"; by position, "0,1", where a file has no header).
    Without them: the arrays `x` and `y` of an npz file; the columns x, x0, x1 .. and y, y0, y1 .. of a table, or
    its only two columns; everything in each of two files. "-" is CSV on standard input.

    Raises:
        DataError: naming the file and what is wrong with it.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "data.csv"
        >>> _ = path.write_text("height,weight\\n1.7,60\\n1.8,75\\n")
        >>> pair = read_pair(path, x="height", y="weight")
        >>> pair.x.shape, pair.y_names
        ((2, 1), ('weight',))
    """
    paths = [str(path)] if isinstance(path, (str, Path)) else [str(each) for each in path]
    if len(paths) not in (1, 2) or paths == [STDIN, STDIN]:
        raise DataError("Give one data file that holds x and y, or two files: first x, then y.")
    tables = [_opened(each, readers or {}) for each in paths]
    if len(tables) == 1:
        return _from_one(tables[0], _shown(paths[0]), x, y)
    return _from_two(tables, [_shown(each) for each in paths], x, y)


def _from_one(table: Table, file: str, x: str | None, y: str | None) -> Pair:
    with _naming(file):
        x_names, y_names = _chosen(table, x, y)
        loaded = table.load(list(dict.fromkeys(x_names + y_names)))
        (x_array, x_found), (y_array, y_found) = _stack(loaded, x_names), _stack(loaded, y_names)
    return Pair(x_array, y_array, x_found, y_found, file)


def _from_two(tables: list[Table], files: list[str], x: str | None, y: str | None) -> Pair:
    sides = []
    for table, file, spec, side in zip(tables, files, (x, y), "xy", strict=True):
        with _naming(file):
            names = select(table, spec) if spec else _whole(table, side)
            sides.append(_stack(table.load(names), names, side))
    (x_array, x_found), (y_array, y_found) = sides
    return Pair(x_array, y_array, x_found, y_found, " and ".join(files))


def select(table: Table, spec: str) -> list[str]:
    """The names of `table` that `spec` ("a,b", "gene_*") asks for, in that order.

    Raises:
        DataError: for a name that is not there (those present are listed) or there twice.
    """
    parts = [spec] if spec in table.names else [part.strip() for part in spec.split(",") if part.strip()]
    names = [name for part in parts for name in _matches(table, part)]
    return _unambiguous(table, list(dict.fromkeys(names)))


def _unambiguous(table: Table, names: list[str]) -> list[str]:
    twice = [name for name in names if table.names.count(name) > 1]
    if twice:
        raise DataError(f"it has more than one {table.kind} named '{twice[0]}'; rename one")
    return names


def _matches(table: Table, part: str) -> list[str]:
    found = [part] if part in table.names else [name for name in table.names if fnmatch.fnmatchcase(name, part)]
    if not found:
        raise DataError(f"it has no {table.kind} '{part}'; it has {_listed(table.names)}")
    return found


def _chosen(table: Table, x: str | None, y: str | None) -> tuple[list[str], list[str]]:
    named = _default(table, "x") and _default(table, "y")
    if x is None and y is None and table.kind == "column" and len(table.names) == 2 and not named:
        return [table.names[0]], [table.names[1]]  # MI is symmetric, so there is nothing to guess
    return _side(table, x, "x"), _side(table, y, "y")


def _side(table: Table, spec: str | None, side: str) -> list[str]:
    names = select(table, spec) if spec else _default(table, side)
    if not names:
        raise DataError(
            f"it has no {table.kind} '{side}' but {_listed(table.names)}; "
            f"say which {table.kind}s are x and y with --x and --y"
        )
    return names


def _default(table: Table, side: str) -> list[str]:
    if table.kind == "array":
        return [name for name in (side, side.upper()) if name in table.names][:1]
    return [name for name in table.names if re.fullmatch(rf"{side}_?\d*", name, re.IGNORECASE)]


def _whole(table: Table, side: str) -> list[str]:
    """Everything in a file that holds one side: all columns, or its only (or its fittingly named) array."""
    if table.kind == "column":
        return _unambiguous(table, table.names)
    return table.names if len(table.names) == 1 else _side(table, None, side)


def _stack(loaded: Loaded, names: list[str], label: str | None = None) -> tuple[Array, tuple[str, ...]]:
    """Chosen columns side by side; a single array is taken as it lies."""
    sides = [to_matrix(loaded[name], name) for name in names]
    found = tuple(name for _, side in sides for name in side)
    if len({len(array) for array, _ in sides}) > 1:
        sizes = ", ".join(f"'{name}' {len(side[0])}" for name, side in zip(names, sides, strict=True))
        raise DataError(f"its arrays differ in length: {sizes} rows")
    return (sides[0][0] if len(sides) == 1 else np.column_stack([array for array, _ in sides])), found


def _opened(path: str, readers: Mapping[str, Reader]) -> Table:
    if path == STDIN:
        with _naming(_shown(path)):
            return _delimited(sys.stdin, ",")
    suffix = Path(path).suffix.lower()
    if suffix not in _BUILT_IN and suffix not in readers:
        known = ", ".join(sorted([*_BUILT_IN, *readers]))
        raise DataError(f"{path} has the extension '{suffix}'; known are {known}, and - for CSV on standard input.")
    _must_be_file(path)
    with _naming(path):
        return _BUILT_IN[suffix](path) if suffix in _BUILT_IN else _from_mapping(readers[suffix](path))


def _must_be_file(path: str) -> None:
    file = Path(path)
    if not file.exists():
        raise DataError(f"There is no file {path}.")
    if file.is_dir():
        raise DataError(f"{path} is a folder, not a data file.")
    if file.is_file() and file.stat().st_size == 0:
        raise DataError(f"{path} is empty.")


@contextlib.contextmanager
def _naming(file: str) -> Iterator[None]:
    """Turn what goes wrong inside into one sentence that starts with the file's name."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{file} cannot be used: {str(error).rstrip('.')}.") from error.__cause__
    except UnicodeDecodeError as error:
        raise DataError(f"{file} cannot be read: it is not UTF-8 text.") from error
    except (OSError, EOFError, ValueError, csv.Error, zipfile.BadZipFile, zlib.error) as error:
        reason = re.sub(r"\s+", " ", getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise DataError(f"{file} cannot be read: it is damaged, truncated or not readable ({reason}).") from error


def _from_mapping(mapping: Mapping[str, Any]) -> Table:
    return Table(list(mapping), lambda names: {name: mapping[name] for name in names}, "array")


# --- NumPy files ------------------------------------------------------------------------------------------------


def _npz(path: str) -> Table:
    _must_start_with(path, b"PK", "npz")
    with np.load(path, allow_pickle=False) as archive:
        names = list(archive.files)

    def load(chosen: Sequence[str]) -> Loaded:
        with np.load(path, allow_pickle=False) as archive:
            return {name: _unpickled(functools.partial(archive.__getitem__, name), name) for name in chosen}

    return Table(names, load, "array")


def _npy(path: str) -> Table:
    _must_start_with(path, b"\x93NUMPY", "npy")
    array, _ = to_matrix(_unpickled(lambda: np.load(path, allow_pickle=False), "the array"), "the array")
    names = [str(i) for i in range(array.shape[1])]
    return Table(names, lambda chosen: {name: array[:, int(name)] for name in chosen})


def _must_start_with(path: str, magic: bytes, kind: str) -> None:
    with open(path, "rb") as file:
        head = file.read(len(magic))
    if head[:1] == b"\x80":
        raise DataError("it is a pickle, which is never loaded because it could run code; save it with numpy.savez")
    if head != magic:
        raise DataError(f"it is not an {kind} file, whatever its name says")


def _unpickled(read: Callable[[], NDArray[Any]], name: str) -> NDArray[Any]:
    try:
        return read()
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise DataError(
            f"'{name}' is an array of pickled objects, which is never loaded because it could run code; "
            "save plain numbers instead"
        ) from error


# --- Text ---------------------------------------------------------------------------------------------------------

_BATCH = 10_000  # rows turned into numbers at a time: bounds the memory that the text takes
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "#n/a", "."})
_TRUTH = {"true": 1.0, "false": 0.0}


def _text(delimiter: str) -> Callable[[str], Table]:
    def open_table(path: str) -> Table:
        with open(path, encoding="utf-8-sig", newline="") as file:
            table = _delimited(file, delimiter)

        def load(names: Sequence[str]) -> Loaded:
            with open(path, encoding="utf-8-sig", newline="") as file:
                return _delimited(file, delimiter).load(names)

        return Table(table.names, load)

    return open_table


def _delimited(file: TextIO, delimiter: str) -> Table:
    """A table over an open text file, whose first row is a header unless all of it is numbers."""
    start = file.readline().lstrip("\ufeff")
    delimiter = ";" if delimiter == "," and ";" in start and "," not in start else delimiter
    rows = csv.reader(itertools.chain([start], file), delimiter=delimiter)
    first = next(rows, [])
    if not any(cell.strip() for cell in first):
        raise DataError("it is empty, or its first line is")
    headless = all(_number(cell) is not None for cell in first)
    names = [str(i) for i in range(len(first))] if headless else [cell.strip() for cell in first]
    body = itertools.chain([first], rows) if headless else rows
    return Table(names, lambda chosen: _parse(body, names, chosen, line=1 if headless else 2))


def _parse(rows: Iterable[list[str]], names: list[str], chosen: Sequence[str], line: int) -> Loaded:
    """Chosen columns as float64, batch by batch; empty cells and NA become NaN."""
    places = [names.index(name) for name in chosen]
    pick: Callable[[list[str]], Any] = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
    batches, rows = [np.empty((0, len(chosen)))], iter(rows)
    while batch := list(itertools.islice(rows, _BATCH)):
        kept = [row for row in batch if row]  # blank lines
        for offset, row in enumerate(batch):
            if row and len(row) != len(names):
                raise DataError(f"line {line + offset} has {len(row)} cells where the first has {len(names)}")
        batches.append(_floats([pick(row) for row in kept], chosen))
        line += len(batch)
    matrix = np.concatenate(batches)
    return {name: matrix[:, i] for i, name in enumerate(chosen)}


def _floats(cells: list[Sequence[str]], names: Sequence[str]) -> NDArray[np.float64]:
    flat = map(float, itertools.chain.from_iterable(cells))
    try:
        return np.fromiter(flat, np.float64, len(cells) * len(names)).reshape(len(cells), len(names))
    except ValueError:
        return np.array([[_cell(cell, name) for cell, name in zip(row, names, strict=True)] for row in cells])


def _cell(cell: str, name: str) -> float:
    value = _number(cell)
    if value is None:
        raise DataError(f"the column '{name}' holds text ({cell!r:.40}), not numbers; {ENCODE}")
    return value


def _number(cell: str) -> float | None:
    """A cell as a number, NaN where the value is missing, None where it is text."""
    word = cell.strip().lower()
    if word in _MISSING:
        return np.nan
    try:
        return _TRUTH[word] if word in _TRUTH else float(word)
    except ValueError:
        return None


# --- Parquet ------------------------------------------------------------------------------------------------------


def _parquet(path: str) -> Table:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise DataError("reading parquet needs pyarrow: pip install 'mmg-registry[data]'") from error
    names = list(parquet.ParquetFile(path).schema_arrow.names)

    def load(chosen: Sequence[str]) -> Loaded:
        table = parquet.ParquetFile(path).read(columns=list(chosen))
        return {name: table.column(name).to_numpy() for name in chosen}

    return Table(names, load)


_BUILT_IN: dict[str, Callable[[str], Table]] = {
    ".npz": _npz,
    ".npy": _npy,
    ".csv": _text(","),
    ".tsv": _text("\t"),
    ".parquet": _parquet,
}
SUFFIXES = tuple(_BUILT_IN)


def _shown(path: str) -> str:
    return "standard input" if path == STDIN else path


def _listed(names: list[str], limit: int = 20) -> str:
    shown = ", ".join(names[:limit]) or "nothing"
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown
