"""The file of finished runs: one JSON document a line, appended and synced one at a time.

A kill at any moment costs at most the run in progress. Readers recognise a last line that was cut off and leave it out;
the next writer removes it, and the run is repeated. One process at a time writes to a folder.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from mmg_registry.benchmark.lines import RUN_SCHEMA, fault
from mmg_registry.errors import DataError, MMGError, OptionError
from mmg_registry.files import APPENDING, locked, sync_folder

if TYPE_CHECKING:
    from filelock import BaseFileLock

RUNS = "runs.jsonl"

Row = Mapping[str, Any]
Key = tuple[str, str, str, str, int, int, int]


def key_of(row: Row) -> Key:
    """Return the key that identifies a run: suite, task, plugin, options, seed and sizes.

    Example:
        >>> run = {"suite": "s", "task": "t", "plugin": "p", "options": {"b": 1}, "seed": 0, "n_train": 9, "n_eval": 3}
        >>> key_of(run)
        ('s', 't', 'p', '{"b": 1}', 0, 9, 3)
    """
    options = json.dumps(row["options"], sort_keys=True)
    return row["suite"], row["task"], row["plugin"], options, row["seed"], row["n_train"], row["n_eval"]


def label(plugin: str, options: Mapping[str, Any]) -> str:
    """Return the label of a plugin in tables: its name with the options it was given.

    Example:
        >>> label("mmg", {}), label("mmg", {"steps": 400})
        ('mmg', 'mmg [steps=400]')
    """
    given = ", ".join(f"{name}={value}" for name, value in sorted(options.items()))
    return f"{plugin} [{given}]" if given else plugin


def latest(rows: Iterable[Row]) -> list[Row]:
    """Return the last row of each key, in the order of the first ones, so that a repeated run counts once."""
    found: dict[Key, Row] = {}
    for row in rows:
        found[key_of(row)] = row
    return list(found.values())


def distinct(rows: Iterable[Row], name: str) -> list[Any]:
    """Return the different values of one field in order, for instance all machines or revisions of the rows.

    Example:
        >>> distinct([{"revision": "b"}, {"revision": "a"}, {"revision": "b"}], "revision")
        ['b', 'a']
    """
    found: list[Any] = []
    for row in rows:
        found += [row.get(name)] if row.get(name) not in found else []
    return found


def read_rows(folder: str | Path) -> list[Row]:
    """Read all finished runs of `folder`, the last of each key; leave out a last line that was cut off.

    Raises:
        DataError: when there are none, or a line is damaged.
    """
    path = Path(folder) / RUNS
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}; `mmg benchmark --out` makes such a folder."
        ) from None
    rows = _parsed(path, content, RUN_SCHEMA)
    if not rows:
        raise DataError(f"{path} holds no finished run yet.")
    return latest(rows)


class Store:
    """A folder of results, open for writing by this process alone.

    Args:
        folder: the folder, made where it is missing.
        name: name of the file in it; another name keeps results of another kind apart from runs of tasks.
        schema: name of the schema that its lines carry.

    Raises:
        OptionError: when the folder cannot be written, or another process writes to it.
        DataError: when a line of its file is damaged.

    Example:
        >>> import tempfile
        >>> run = {"suite": "s", "task": "t", "plugin": "p", "options": {}, "seed": 0, "n_train": 9, "n_eval": 3}
        >>> with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        ...     store.append(run)
        ...     [row["task"] for row in store.rows]
        ['t']
    """

    def __init__(self, folder: str | Path, name: str = RUNS, schema: str = RUN_SCHEMA) -> None:
        self.path, self.schema = Path(folder) / name, schema
        self._lock: BaseFileLock | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | APPENDING, 0o666)
        except OSError as error:
            raise OptionError(f"{self.path} cannot be written: {error.strerror}; give another folder.") from error
        try:
            self._lock = self._locked()
            content = self._mended()
            self.rows = _parsed(self.path, content, self.schema)
        except BaseException:
            self.close()
            raise
        sync_folder(self.path.parent)

    def append(self, row: Row) -> None:
        """Append one finished run, which is on the disk when this returns.

        Raises:
            MMGError: when the run cannot be written; the file is then as it was before.
        """
        line = json.dumps({"schema": self.schema, **row}, allow_nan=False).encode() + b"\n"
        size = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, size)
            raise MMGError(
                f"{self.path} cannot be written: {error.strerror}; make room, then go on with --resume."
            ) from error
        self.rows.append(row)

    def close(self) -> None:
        """Release the folder, so that other processes can write to it."""
        os.close(self._file)
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _locked(self) -> BaseFileLock:
        """Return a lock beside the file: on Windows, nobody could read a file that is locked itself."""
        try:
            return locked(self.path.with_name(f".{self.path.name}.lock"))
        except OSError as error:
            raise OptionError(
                f"Another benchmark is writing to {self.path}; wait for it or give another folder."
            ) from error

    def _mended(self) -> bytes:
        """Return the content, without an incomplete last line; end a complete one that lacks its newline."""
        content = self.path.read_bytes()
        whole, _, rest = content.rpartition(b"\n")
        if not rest:
            return content
        if not _is_cut(rest):
            os.write(self._file, b"\n")
            return content + b"\n"
        os.ftruncate(self._file, len(content) - len(rest))
        return whole + b"\n" if whole else b""


def _is_cut(line: bytes) -> bool:
    """Return whether a last line without its end was cut off: no part of a JSON document is one itself."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False


def _parsed(path: Path, content: bytes, schema: str) -> list[Row]:
    *lines, rest = content.split(b"\n")
    lines += [] if _is_cut(rest) else [rest]
    for number, line in enumerate(lines, start=1):
        if wrong := fault(line, schema):
            raise DataError(
                f"Line {number} of {path} is damaged ({wrong}); remove that line, and --resume repeats its run."
            )
    return [json.loads(line) for line in lines]
