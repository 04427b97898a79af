"""Tables in text: csv, tsv, txt, dat, and whatever arrives through a pipe.

A text is opened by looking at its first lines (encoding, dialect, header) and loaded by Arrow, or by Python where Arrow
is not installed or would read something else than is written.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from mmg_registry.data.reading import arrow, own
from mmg_registry.data.reading.dialect import SAMPLE_ROWS, Dialect, sniff, split, without_comments
from mmg_registry.data.reading.encoding import encoding_of
from mmg_registry.data.reading.header import Header, body_width, decide
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.stored import Loaded
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.words import Words
from mmg_registry.errors import DataError

_SNIFFED_LINES = 4 * SAMPLE_ROWS


@dataclass(frozen=True)
class Layout:
    """Where the cells of a text are.

    Attributes:
        source: its bytes.
        encoding: their encoding.
        dialect: separator, words, comments.
        header: names and their places.
        width: number of cells in a row.
        used_rows: rows of the table that the header takes, 0 or 1.
        used_lines: lines of the file before the first row of data.
    """

    source: Source
    encoding: str
    dialect: Dialect
    header: Header
    width: int
    used_rows: int
    used_lines: int

    @property
    def words(self) -> Words:
        """How cells are read."""
        return self.dialect.words

    def name_of(self, place: int) -> str:
        """Return the name of the column at a place in the row."""
        return self.header.names[self.header.order.index(place)]

    def text(self) -> TextIO:
        """Return the decoded text from where the table starts."""
        file = _decoded(self.source, self.encoding)
        for _ in range(self.dialect.start):
            file.readline()
        return file


def text(usual: str | None) -> Callable[[Source, Asked], Table]:
    """Return the reader of text whose cells are usually separated by `usual` (None: to be found out)."""
    return lambda source, asked: _open(source, asked, usual)


def _open(source: Source, asked: Asked, usual: str | None) -> Table:
    encoding, notes = encoding_of(source, asked.text.encoding)
    with _decoded(source, encoding) as file:
        lines = list(itertools.islice(file, _SNIFFED_LINES + asked.text.skip))
    dialect = sniff(lines, asked.text, usual)
    layout = _layout(source, encoding, dialect, lines, asked)
    header = layout.header
    return Table(
        header.names,
        lambda places: _load(layout, [header.order[place] for place in places]),
        hidden=header.hidden,
        notes=(*notes, *dialect.notes, *header.notes),
        doubts=dialect.doubts,
    )


def _decoded(source: Source, encoding: str) -> TextIO:
    return io.TextIOWrapper(source.open(), encoding=encoding, newline="")


def _layout(source: Source, encoding: str, dialect: Dialect, lines: list[str], asked: Asked) -> Layout:
    table = without_comments(lines[dialect.start :], dialect.comment)
    reader = split(table, dialect.sep)
    first = next(row for row in reader if row)
    lines_of_first = int(reader.line_num)  # type: ignore[attr-defined]
    rows = [first, *(row for row in itertools.islice(reader, SAMPLE_ROWS) if row)]
    if not any(cell.strip() for cell in first):
        raise DataError("it is empty, or its first line is")
    heading = next(split([dialect.heading], dialect.sep), [])
    header = decide(rows, asked, dialect.words, heading)
    used = dialect.start + (lines_of_first if header.headed else 0)
    return Layout(source, encoding, dialect, header, body_width(rows), int(header.headed), used)


def _load(layout: Layout, places: Sequence[int]) -> Loaded:
    found = arrow.load(layout, places)
    return own.load(layout, places) if found is None else found
