"""What is inside a compressed file: gz, bz2, xz and zst around any format, and a zip with one table."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import PurePath
from typing import IO, Any

from mmg_registry.data.reading.faults import need
from mmg_registry.data.reading.source import Source
from mmg_registry.errors import DataError

FLOOR = 1 << 30  # bytes that anything may expand to
RATIO = 100  # so many times its size a larger one may: tables expand to 3 to 20 times, a zip bomb to 1,000


def unpacked(source: Source) -> Source:
    """Return what is inside a compressed source, layer by layer; other sources as they are.

    Raises:
        DataError: for a zip that holds other than one table, and for what expands beyond all measure.
    """
    while source.suffix in SUFFIXES:
        source = _unzipped(source) if source.suffix == ".zip" else _inflated(source)
    return source


def _inflated(source: Source) -> Source:
    with source.open() as file, _OPENERS[source.suffix](file) as stream:
        content = bounded(stream, source.size)
    return source.inside(PurePath(PurePath(source.name).stem).suffix.lower(), content)


def _zst(file: IO[bytes]) -> Any:
    return need("zstandard", "zst").ZstdDecompressor().stream_reader(file, read_across_frames=True)


def _unzipped(source: Source) -> Source:
    with source.open() as file, zipfile.ZipFile(file) as archive:
        members = [info for info in archive.infolist() if _is_data(info.filename)]
        if len(members) != 1:
            names = ", ".join(info.filename for info in members[:5]) or "nothing"
            raise DataError(f"a zip must hold one table, and this holds {names}; unpack it and give the file")
        with archive.open(members[0]) as stream:
            content = bounded(stream, source.size)
    return source.inside(PurePath(members[0].filename).suffix.lower(), content)


def _is_data(name: str) -> bool:
    parts = PurePath(name).parts
    return not name.endswith("/") and not any(part.startswith((".", "__MACOSX")) for part in parts)


def bounded(stream: IO[bytes], packed: int) -> bytes:
    """Return all that a stream gives, unless it gives far more than its packed size can honestly hold.

    Raises:
        DataError: for more than 1 GiB and more than 100 times the packed size.
    """
    content = stream.read(limit(packed) + 1)
    if len(content) > limit(packed):
        raise DataError(_BOMB)
    return content


def refuse_bomb(source: Source) -> None:
    """Refuse an archive that says itself that it expands beyond all measure.

    Raises:
        DataError: as `bounded`.
    """
    with source.open() as file, zipfile.ZipFile(file) as archive:
        if sum(info.file_size for info in archive.infolist()) > limit(source.size):
            raise DataError(_BOMB)


_BOMB = f"it expands to more than {RATIO} times its size, as a zip bomb does; unpack it to use it"


def limit(packed: int) -> int:
    """Return how many bytes `packed` bytes may expand to."""
    return max(FLOOR, RATIO * packed)


_OPENERS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _zst,
}
SUFFIXES = (*_OPENERS, ".zip")
MAGIC = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}
