"""Rows of Python values (of a workbook, of JSON) as columns: what is text is read by the words of text files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.reading.header import decide
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.words import EXACT, Words
from mmg_registry.errors import DataError


def table_of_rows(
    rows: Sequence[Sequence[Any]], asked: Asked, notes: Sequence[str] = (), lines: Sequence[int] = ()
) -> Table:
    """Return rows of values as a table, whose first row may hold its names; `lines` are their numbers, from 1.

    Raises:
        DataError: for no rows, or rows of different lengths.
    """
    words = Words.of(asked.text)
    if not rows:
        raise DataError("it is empty")
    texts = [[_text(value) for value in row] for row in rows[:101]]
    header = decide(texts, asked, words)
    body = rows[int(header.headed) :]
    numbers = (lines or range(1, len(rows) + 1))[int(header.headed) :]
    wrong = next((i for i, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if wrong is not None:
        raise DataError(f"row {wrong + 1} has {len(rows[wrong])} values where the first has {len(rows[0])}")

    def load(places: Sequence[int]) -> list[Any]:
        columns = [(header.names[k], [row[header.order[k]] for row in body]) for k in places]
        return [column_of(values, name, words, numbers) for name, values in columns]

    return Table(header.names, load, hidden=header.hidden, notes=(*notes, *header.notes))


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else str(value)


def column_of(values: Sequence[Any], name: str, words: Words, lines: Sequence[int] = ()) -> NDArray[Any]:
    """Return Python values as a column; text among them is read as a text file's cells are.

    Example:
        >>> column_of([1, "2.5", None], "a", Words()).tolist()
        [1.0, 2.5, nan]
    """
    if any(isinstance(value, str) for value in values) and all(_is_cell(value) for value in values):
        line = lines.__getitem__ if lines else None
        return words.column([_text(value) for value in values], name, line)
    if all(value is None or type(value) is float for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if any(isinstance(value, (datetime.date, datetime.datetime)) for value in values) and all(map(_is_date, values)):
        return np.array([None if _is_gap(value) else value for value in values], dtype="datetime64[us]")
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _is_cell(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


def _is_gap(value: Any) -> bool:
    return value is None or value != value


def _is_date(value: Any) -> bool:
    return _is_gap(value) or (isinstance(value, datetime.date) and getattr(value, "tzinfo", None) is None)
