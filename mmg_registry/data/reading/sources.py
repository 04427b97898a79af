"""From what a person gives to opened tables: files, several files, patterns, folders, standard input, pipes."""

from __future__ import annotations

import glob
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmg_registry.data.reading import columnar, compressed, zarr_store
from mmg_registry.data.reading.faults import naming
from mmg_registry.data.reading.formats import SUFFIXES, reader_of, suffix_of
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.table import Asked, Table, table_of
from mmg_registry.errors import DataError

STDIN = "-"
Reader = Callable[[str], Mapping[str, Any]]
_PATTERN = "*?["


def paths_of(given: str | Path | Sequence[str | Path]) -> list[str]:
    """Return the paths that are meant: as given, with patterns replaced by the files that fit them, sorted.

    Raises:
        DataError: for no path, a pattern that nothing fits, or a path that is given twice.
    """
    each = [str(given)] if isinstance(given, (str, Path)) else [str(path) for path in given]
    paths = [path for one in each for path in _expanded(one)]
    twice = [path for path in paths if paths.count(path) > 1]
    if not paths:
        raise DataError("Give a data file.")
    if twice:
        raise DataError(f"{shown_path(twice[0])} is given twice; the rows of several files are appended.")
    return paths


def _expanded(path: str) -> list[str]:
    if path == STDIN or not any(sign in path for sign in _PATTERN) or Path(path).exists():
        return [path]
    found = sorted(glob.glob(path, recursive=True))
    if not found:
        raise DataError(f"There is no file that fits {path}.")
    return found


def shown_path(path: str) -> str:
    """Return a path as messages name it."""
    return "standard input" if path == STDIN else path


def opened(path: str, asked: Asked, readers: Mapping[str, Reader]) -> Table:
    """Open one path.

    Raises:
        DataError: naming it and what is wrong with it.
    """
    name = shown_path(path)
    if path != STDIN and Path(path).is_dir():
        return _folder(path)
    suffix = "" if path == STDIN else Path(path).suffix.lower()
    if suffix in readers and reader_of(suffix) is None:
        _must_exist(path)
        with naming(name):
            return table_of(readers[suffix](path))
    source = _source(path, suffix, readers)
    with naming(name):
        source = compressed.unpacked(source)
        return (reader_of(source.suffix) or _by_content(source))(source, asked)


def _by_content(source: Source) -> Any:
    """Return the reader for what is inside a compressed source without a suffix, or with one that nobody knows."""
    found = compressed.unpacked(source.inside(suffix_of(source.head(8)), source.read()))
    return lambda _, asked: reader_of(found.suffix)(found, asked)  # type: ignore[misc]


def _source(path: str, suffix: str, readers: Mapping[str, Reader]) -> Source:
    """Return the bytes of a path; what cannot be read twice (a pipe, standard input) is read now."""
    if path == STDIN:
        return _piped(path, _standard_input())
    file = Path(path)
    known = suffix in SUFFIXES or reader_of(suffix) is not None
    if file.exists() and not file.is_file():
        with naming(path):
            content = file.read_bytes()
        return _piped(path, content, suffix if known else None)
    if not known:
        raise DataError(f"{path} has the extension '{suffix}'; known are {_known(readers)}, and - for standard input.")
    _must_exist(path)
    return Source(path, suffix, path)


def _piped(path: str, content: bytes, suffix: str | None = None) -> Source:
    if not content and path != STDIN:
        raise DataError(f"{path} is empty.")
    return Source(shown_path(path), suffix or suffix_of(content[:8]), content=content)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise DataError("standard input is closed.")
    with naming(shown_path(STDIN)):
        binary = getattr(sys.stdin, "buffer", None)
        return bytes(binary.read()) if binary is not None else sys.stdin.read().encode()


def _must_exist(path: str) -> None:
    file = Path(path)
    if not file.exists():
        raise DataError(f"There is no file {path}.")
    if file.is_file() and file.stat().st_size == 0:
        raise DataError(f"{path} is empty.")


def _folder(path: str) -> Table:
    with naming(path):
        if zarr_store.is_store(path):
            return zarr_store.store(path)
        found = columnar.parquet_folder(path)
    if found is None:
        raise DataError(
            f"{path} is a folder without parquet files, and no zarr store; give its files, e.g. {path}/*.csv."
        )
    return found


def _known(readers: Mapping[str, Reader]) -> str:
    return ", ".join(sorted({*SUFFIXES, *readers}))
