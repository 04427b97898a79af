"""Which encoding a text has: what is said, what its byte order mark says, UTF-8, else Latin-1."""

from __future__ import annotations

import codecs

from mmg_registry.data.reading.source import Source
from mmg_registry.errors import DataError

_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins as this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
_CHUNK = 1 << 20


def encoding_of(source: Source, said: str | None) -> tuple[str, list[str]]:
    """Return the encoding of a text, and a note where it was guessed.

    Raises:
        DataError: for bytes that are no text, or none in the encoding that was said.
    """
    with source.open() as file:
        head = file.read(4)
    if said is not None:
        return _checked(source, said), []
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _checked(source, encoding), [f"Read as {encoding.upper()}, which its first bytes say."]
    if _decodes(source, "utf-8"):
        return "utf-8", []
    return "latin-1", ["Read as Latin-1, for it is not UTF-8 (--encoding tells another)."]


def _checked(source: Source, encoding: str) -> str:
    if not _decodes(source, encoding):
        raise DataError(f"it is not text in the encoding {encoding}; give its encoding with --encoding")
    return encoding


def _decodes(source: Source, encoding: str) -> bool:
    """Return whether all bytes are text in `encoding`.

    Raises:
        DataError: when there is a NUL among them, which no text has.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    ascii_is_itself = encoding == "utf-8"
    with source.open() as file:
        try:
            while chunk := file.read(_CHUNK):
                plain = ascii_is_itself and chunk.isascii() and not decoder.getstate()[0]
                _refuse_nul(chunk if plain else decoder.decode(chunk))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _refuse_nul(text: str | bytes) -> None:
    if (b"\0" if isinstance(text, bytes) else "\0") in text:  # type: ignore[operator]
        raise DataError("it holds NUL bytes, so it is no text, or text in UTF-16 that needs --encoding utf-16")
