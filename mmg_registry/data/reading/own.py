"""Chosen columns of a text by Python's own means: slower than Arrow, but every cell and every line is looked at.

What Arrow cannot take, or takes for something else, ends here, so that this module says what a text means.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmg_registry.data.reading.dialect import reader, without_comments
from mmg_registry.data.reading.faults import counted
from mmg_registry.data.reading.options import BLANKS
from mmg_registry.data.reading.words import Column
from mmg_registry.errors import DataError

if TYPE_CHECKING:
    from mmg_registry.data.reading.text import Layout

_BATCH = 10_000  # rows turned into numbers at a time: bounds the memory that the text takes


def load(layout: Layout, places: Sequence[int]) -> list[Column]:
    """Return columns of a text.

    Raises:
        DataError: for a row with too many or too few cells, or a stray text in a column of numbers.
    """
    pieces: list[list[Column] | None] = [[] for _ in places]
    for batch in _batches(layout):
        for k, place in enumerate(places):
            column = pieces[k]
            values = None if column is None else layout.words.numbers([row[place] for _, row in batch])
            pieces[k] = None if column is None or values is None else [*column, values]
    return [
        np.concatenate([np.empty(0), *found]) if found is not None else _column(layout, place)
        for place, found in zip(places, pieces, strict=True)
    ]


def _column(layout: Layout, place: int) -> Column:
    """Return a column that is not of numbers alone, with its lines at hand for messages."""
    lines, cells = [], []
    for line, row in _rows(layout):
        lines.append(line)
        cells.append(row[place])
    return layout.words.column(cells, layout.name_of(place), lines.__getitem__)


def _batches(layout: Layout) -> Iterator[list[tuple[int, list[str]]]]:
    rows = _rows(layout)
    while batch := list(itertools.islice(rows, _BATCH)):
        yield batch


def _rows(layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Return the rows below the header, each with the number of its last line; empty lines are none."""
    with layout.text() as file:
        lines = without_comments(file, layout.dialect.comment)
        blanks = layout.dialect.sep == BLANKS
        cleaned = (line.replace("\t", " ").strip() + "\n" for line in lines) if blanks else lines
        rows = reader(cleaned, " " if blanks else layout.dialect.sep)
        for row in itertools.islice(_numbered(rows), layout.used_rows, None):
            if len(row[1]) != layout.width:
                raise _wrong_width(layout, *row)
            yield row[0] + layout.dialect.start, row[1]


def _numbered(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    return ((rows.line_num, row) for row in rows if row)  # type: ignore[attr-defined]


def _wrong_width(layout: Layout, line: int, row: list[str]) -> DataError:
    return DataError(
        f"line {line + layout.dialect.start} has {counted(len(row), 'cell')} where the first has {layout.width}; "
        "if it is no data, remove it, or leave it out with --skip (at the top) or --comment"
    )
