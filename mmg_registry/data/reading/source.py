"""Where bytes come from: a file on disk, or memory that holds what was piped or decompressed."""

from __future__ import annotations

import io
import mmap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Source:
    """Bytes that can be read from the start as often as needed.

    Attributes:
        name: for messages.
        suffix: what the format goes by, e.g. ".csv".
        path: the file or folder on disk, or None.
        content: the bytes, where they are in memory; None for a file.
    """

    name: str
    suffix: str
    path: str | None = None
    content: bytes | None = None

    def open(self) -> BinaryIO:
        """Return the bytes as a file that can seek."""
        return io.BytesIO(self.content) if self.content is not None else open(str(self.path), "rb")

    def read(self) -> bytes:
        """Return all bytes."""
        with self.open() as file:
            return file.read()

    def holds(self, word: bytes) -> bool:
        """Return whether some bytes are among these, without reading a file into memory."""
        if self.content is not None:
            return word in self.content
        with open(str(self.path), "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return mapped.find(word) >= 0

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.content) if self.content is not None else Path(str(self.path)).stat().st_size

    def inside(self, suffix: str, content: bytes) -> Source:
        """Return what was inside this source: decompressed bytes with a suffix of their own."""
        return replace(self, suffix=suffix, path=None, content=content)

    def head(self, size: int) -> bytes:
        """Return the first bytes."""
        with self.open() as file:
            return file.read(size)
