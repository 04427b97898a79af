"""JSON: one record a line (jsonl, ndjson), a list of records or of rows, or an object of columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmg_registry.data.reading.cells import column_of, table_of_rows
from mmg_registry.data.reading.encoding import encoding_of
from mmg_registry.data.reading.faults import listed
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.words import Words
from mmg_registry.errors import DataError


def json_lines(source: Source, asked: Asked) -> Table:
    """Read one record, or one row, a line."""
    values = []
    for number, line in enumerate(_text(source, asked).split("\n"), start=1):
        if line.strip():
            values.append(_parsed(line, f"line {number}"))
    return _table(values, asked)


def json_document(source: Source, asked: Asked) -> Table:
    """Read a list of records or rows, or an object of columns, each a list or an object of the same keys."""
    document = _parsed(_text(source, asked), "it")
    if isinstance(document, Mapping):
        return _table_of_columns(document, asked)
    if not isinstance(document, list):
        raise DataError("it holds a single value; give a list of records, or an object of columns")
    return _table(document, asked)


def _text(source: Source, asked: Asked) -> str:
    encoding, _ = encoding_of(source, asked.text.encoding)
    return source.read().decode(encoding)


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise DataError(f"{what} is nested too deeply to be a table") from error
    except ValueError as error:
        raise DataError(f"{what} is no JSON ({error})") from error


def _table(values: Sequence[Any], asked: Asked) -> Table:
    if not values:
        raise DataError("it is empty")
    if all(isinstance(value, Mapping) for value in values):
        names = list(dict.fromkeys(name for record in values for name in record))
        return _named({name: [record.get(name) for record in values] for name in names}, asked)
    if all(isinstance(value, list) for value in values):
        return table_of_rows(values, asked if _holds_text(values[0]) else _without_header(asked))
    raise DataError("its lines or elements are neither all records nor all rows")


def _holds_text(row: Sequence[Any]) -> bool:
    return any(isinstance(value, str) for value in row)


def _without_header(asked: Asked) -> Asked:
    """Return the wishes for rows of JSON's own numbers, the first of which is data."""
    return replace(asked, text=replace(asked.text, header="none"))


def _table_of_columns(columns: Mapping[str, Any], asked: Asked) -> Table:
    if set(columns) >= {"columns", "data"} and all(isinstance(columns[key], list) for key in ("columns", "data")):
        return _table([columns["columns"], *columns["data"]], replace(asked, text=replace(asked.text, header="first")))
    if columns and all(isinstance(column, Mapping) for column in columns.values()):
        labels = list(dict.fromkeys(label for column in columns.values() for label in column))
        columns = {name: [column.get(label) for label in labels] for name, column in columns.items()}
    wrong = [name for name, column in columns.items() if not isinstance(column, list)]
    if wrong or not columns:
        raise DataError(f"it holds no columns, for these are no lists: {listed(wrong, 5)}")
    return _named(columns, asked)


def _named(columns: Mapping[str, Iterable[Any]], asked: Asked) -> Table:
    names, words = list(columns), Words.of(asked.text)
    return Table(names, lambda places: [column_of(list(columns[names[k]]), names[k], words) for k in places])
