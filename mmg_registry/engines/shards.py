"""Rows of results in append-only files: one for each worker, one synced line for each row; readers merge them.

No two processes write to one file, so that no lock is needed, and nothing that a file system of a cluster would lack. A
kill costs at most a last line, which readers leave out; a worker that starts again begins another file. Before a row
stands a line that says that its work has begun, which tells afterwards what a lost worker was doing.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock
from typing import Any

from mmg_registry.engines.work import Done, Work
from mmg_registry.errors import DataError, MMGError
from mmg_registry.files import APPENDING, sync_folder

FOLDER = "shards"
SCHEMA = "mmg/work/1"

Record = dict[str, Any]


class Shard:
    """The file of this process in a folder of results, new at each start.

    Args:
        folder: the folder of results.

    Raises:
        MMGError: when the file cannot be written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
        self.path, self._lock = Path(folder, FOLDER, self.name), Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_EXCL | APPENDING, 0o666)
        except OSError as error:
            raise MMGError(f"{self.path} cannot be written: {error.strerror}; give another folder.") from error
        sync_folder(self.path.parent)

    def begin(self, key: str, run: str) -> None:
        """Write that a work has begun; not synced, since it has to survive this process alone and not the machine."""
        self._append({"key": key, "run": run, "begun": _now()}, synced=False)

    def end(self, key: str, run: str, outcome: Mapping[str, Any]) -> Done:
        """Write the row of a work, which is on the disk when this returns.

        Raises:
            MMGError: when it cannot be written; the file is then as it was before.
        """
        record = {"schema": SCHEMA, "key": key, "run": run, "at": _now(), "worker": self.name[: -len(".jsonl")]}
        offset = self._append({**record, **outcome}, synced=True)
        return Done(
            key=key, status=outcome["status"], seconds=outcome["seconds"], shard=self.name, offset=offset
        )  # fmt: skip

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _append(self, record: Record, synced: bool) -> int:
        """Write one line, and return the byte at which it begins."""
        line = json.dumps(record, allow_nan=False).encode() + b"\n"
        with self._lock:
            size = os.fstat(self._file).st_size
            try:
                if os.write(self._file, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                if synced:
                    os.fsync(self._file)
            except OSError as error:
                with suppress(OSError):
                    os.ftruncate(self._file, size)
                raise MMGError(
                    f"{self.path} cannot be written: {error.strerror}; make room, then resume the run."
                ) from error
        return size


_mine: dict[tuple[str, int], Shard] = {}  # the one shard that this process has open
_mine_lock = Lock()


def shard_of(folder: str) -> Shard:
    """Return the shard of this process in `folder`; one that it has open elsewhere is closed."""
    here = (folder, os.getpid())  # a fork must not write to its parent's file
    with _mine_lock:
        if here not in _mine:
            while _mine:
                _mine.popitem()[1].close()
            _mine[here] = Shard(folder)
        return _mine[here]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()


def rows(folder: str | Path) -> Iterator[Record]:
    """Return the rows of a folder, the last of each key, in no order; a last line that was cut off is left out.

    Of a row, "key", "status" ("ok", "failed", "lost"), "seconds", "at" and "worker" are always there; beside them is
    "result", what the function returned, or "error" with "type", "message" and "traceback"; of an isolated work also
    "output", the end of what it wrote. Only places of rows are held in memory, never the rows.

    Raises:
        DataError: when a line is damaged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     done = Shard(folder).end("a", "run", {"status": "ok", "seconds": 0.1, "result": {"mi": 0.5}})
        ...     [(row["key"], row["result"]) for row in rows(folder)]
        [('a', {'mi': 0.5})]
    """
    last: dict[str, tuple[str, str, int]] = {}
    for name, offset, record in _records(folder):
        if "begun" not in record and (record["key"] not in last or record["at"] >= last[record["key"]][0]):
            last[record["key"]] = (record["at"], name, offset)
    places = sorted((name, offset) for _, name, offset in last.values())
    yield from (_at(folder, name, offset) for name, offset in places)


def keys(folder: str | Path) -> dict[str, str]:
    """Return the status of the last row of each key.

    Raises:
        DataError: when a line is damaged.
    """
    last: dict[str, tuple[str, str]] = {}
    for _, _, record in _records(folder):
        if "begun" not in record:
            last[record["key"]] = max(last.get(record["key"], ("", "")), (record["at"], record["status"]))
    return {key: status for key, (_, status) in last.items()}


def row_of(folder: str | Path, done: Done) -> Record:
    """Return the row of a work that is done, read at its place.

    Raises:
        DataError: when the file is not there, or the line is damaged.
    """
    return _at(folder, done.shard, done.offset)


def attempts(folder: str | Path, work: Work, run: str) -> tuple[int, Done | None]:
    """Return how often `work` has begun in this run, and whether a worker has written its row before it was lost."""
    begun, found = 0, None
    for name, offset, record in _records(folder, containing=json.dumps(work.key).encode()):
        if (record["key"], record["run"]) == (work.key, run):
            begun += "begun" in record
            found = found if "begun" in record else _done(name, offset, record)
    return begun, found


def _done(name: str, offset: int, record: Record) -> Done:
    return Done(
        key=record["key"], status=record["status"], seconds=record["seconds"], shard=name, offset=offset
    )  # fmt: skip


def _records(folder: str | Path, containing: bytes = b"") -> Iterator[tuple[str, int, Record]]:
    """Yield file, offset and content of all whole lines that contain some bytes."""
    for path in sorted(Path(folder, FOLDER).glob("*.jsonl")):
        offset = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.endswith(b"\n") and containing in line:
                    yield path.name, offset, _parsed(line, f"Line {number} of {path}")
                offset += len(line)


def _at(folder: str | Path, name: str, offset: int) -> Record:
    path = Path(folder, FOLDER, name)
    try:
        with path.open("rb") as lines:
            lines.seek(offset)
            return _parsed(lines.readline(), f"The line at byte {offset} of {path}")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _parsed(line: bytes, where: str) -> Record:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or not record.keys() >= {"key", "run"}:
        raise DataError(f"{where} is damaged; remove that line, and the next run repeats its work.")
    return record
