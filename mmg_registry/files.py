"""Files that are whole or absent, whatever ends the process that writes them."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

APPENDING = os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)  # Windows would write "\r\n" for a line's end


@contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """Yield a binary file that takes the place of `path` when the block succeeds, and is deleted when it fails.

    A kill or a power cut at any moment leaves the former file or the new one, never a part of either: the content is on
    the disk before its name is, and both are before this returns. A kill may leave `path.PID.tmp` behind.

    Raises:
        OSError: when the folder or the disk does not allow it.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a"
        >>> with replacing(path) as file:
        ...     path.exists(), file.write(b"new")
        (False, 3)
        >>> path.read_bytes()
        b'new'
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    sync_folder(Path(path).parent)


def sync_folder(folder: Path) -> None:
    """Sync `folder`, so that the names in it survive a power cut as well (Windows opens no folder)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def locked(path: str | Path) -> BaseFileLock:
    """Lock the file `path` for this process, until `release` or the process ends; the empty file is left behind.

    Raises:
        BlockingIOError: when it is locked already.
        OSError: when the folder or the disk does not allow it.

    Example:
        >>> import tempfile
        >>> lock = locked(Path(tempfile.mkdtemp()) / "lock")
        >>> lock.is_locked
        True
        >>> lock.release()
    """
    from filelock import FileLock, Timeout  # imported late: listing plugins must not wait for it

    lock = FileLock(str(path), timeout=0, thread_local=False, mode=0o666)
    try:
        lock.acquire()
    except Timeout as error:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path)) from error
    return lock


def checksum(*parts: bytes) -> str:
    """Return the SHA-256 of some bytes, as 64 hexadecimal digits.

    Example:
        >>> checksum(b"a", b"b") == checksum(b"ab")
        True
    """
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()
