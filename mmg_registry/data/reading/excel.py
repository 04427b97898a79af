"""The first sheet of a workbook of Excel or LibreOffice, by pandas."""

from __future__ import annotations

from typing import Any

from mmg_registry.data.reading.cells import table_of_rows
from mmg_registry.data.reading.compressed import refuse_bomb
from mmg_registry.data.reading.faults import listed, need
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.table import Asked, Table

_ENGINES = {".xlsx": "openpyxl", ".xlsm": "openpyxl", ".xls": "xlrd", ".ods": "odf"}


def workbook(source: Source, asked: Asked) -> Table:
    """Read the first sheet; empty rows and columns at its edges are no data."""
    pandas = need("pandas", "workbooks", "data")
    engine = _ENGINES[source.suffix]
    need(engine, f"{source.suffix} files")
    if source.suffix != ".xls":  # all others are archives
        refuse_bomb(source)
    with source.open() as file, pandas.ExcelFile(file, engine=engine) as book:
        frame = pandas.read_excel(book, header=None, dtype=object, skiprows=asked.text.skip)
        others = book.sheet_names[1:]
    frame = frame.dropna(axis=0, how="all").dropna(axis=1, how="all")
    notes = [f"The first sheet is read; there are others ({listed([str(name) for name in others], 5)})."] * bool(others)
    lines = [asked.text.skip + 1 + int(row) for row in frame.index]
    return table_of_rows([[_value(value) for value in row] for row in frame.to_numpy().tolist()], asked, notes, lines)


def _value(value: Any) -> Any:
    return None if value is None or value != value else value
