"""`AnswerTable`: the result of questions with many answers, and its forms: JSON (schema/table-1.json), CSV, parquet."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mmg_registry.errors import demand
from mmg_registry.exports import csv_of, ending_of, parquet_of
from mmg_registry.results import NATS_PER_BIT, Unit, plain

if TYPE_CHECKING:
    import pandas as pd

TABLE_SCHEMA = "mmg/table/1"
SUFFIXES = (".csv", ".json", ".parquet")
NO_PANDAS = "A DataFrame needs pandas: pip install 'mmg-registry[data]' brings it."

AnswerCell = str | int | float | bool | None


@dataclass(frozen=True)
class AnswerColumn:
    """What a column of a table holds.

    Attributes:
        name: as it stands in the rows, e.g. "mi".
        about: what it is, in words.
        information: whether it is in the table's unit, nats or bits.
    """

    name: str
    about: str
    information: bool = False


@dataclass(frozen=True)
class AnswerTable:
    """Rows of answers, each with the same columns, with what is to be known of all of them.

    Attributes:
        kind: the question, e.g. "rank".
        columns: of the rows, in their order.
        rows: from the names of columns to cells, which are text, numbers, truth values or None; a quantity that is
            infinite is `inf` in a row whose "status" says "infinite".
        unit: "nats" or "bits", of the columns that hold information.
        warnings: complete sentences for the user.
        provenance: plugins, options, seed, sizes, seconds, versions; JSON-serialisable.

    Raises:
        ValueError: for a row whose names are not those of the columns.

    Example:
        >>> columns = AnswerColumn("feature", "its name"), AnswerColumn("mi", "I(feature; target)", information=True)
        >>> found = AnswerTable("rank", columns, ({"feature": "age", "mi": 0.25},))
        >>> AnswerTable.from_dict(found.to_dict()) == found, round(found.to_unit("bits").rows[0]["mi"], 3)
        (True, 0.361)
    """

    kind: str
    columns: tuple[AnswerColumn, ...]
    rows: tuple[Mapping[str, AnswerCell], ...]
    unit: Unit = "nats"
    warnings: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = {column.name for column in self.columns}
        strange = next((row for row in self.rows if row.keys() != names), None)
        if strange is not None:
            raise ValueError(
                f"A row of the table '{self.kind}' has {sorted(strange)}, and its columns are {self.names}."
            )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> list[str]:
        """Return the names of the columns, in their order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> list[Any]:
        """Return the cells of a column, one a row."""
        return [row[name] for row in self.rows]

    def to_unit(self, unit: Unit) -> AnswerTable:
        """Return the table with its columns of information converted to `unit`, "nats" or "bits"."""
        if unit == self.unit:
            return self
        factor = NATS_PER_BIT if unit == "nats" else 1 / NATS_PER_BIT
        measured = {column.name for column in self.columns if column.information}
        rows = (
            {name: _scaled(cell, factor) if name in measured else cell for name, cell in row.items()}
            for row in self.rows
        )
        return replace(self, rows=tuple(rows), unit=unit)

    def to_dict(self) -> dict[str, Any]:
        """Return the published JSON form as a dictionary; numbers that are not finite become None."""
        head = {"schema": TABLE_SCHEMA, "kind": self.kind, "unit": self.unit}
        columns = [vars(column) for column in self.columns]
        tail = {"warnings": self.warnings, "provenance": self.provenance}
        return {key: plain(own) for key, own in {**head, "columns": columns, "rows": self.rows, **tail}.items()}

    def to_json(self, indent: int | None = 2) -> str:
        """Return `to_dict` as JSON text without NaN or Infinity."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> AnswerTable:
        """Build a table from the result of `to_dict`.

        Raises:
            ValueError: when the document has another schema.
            KeyError: when a field is missing.
        """
        if document.get("schema") != TABLE_SCHEMA:
            raise ValueError(
                f"The table has schema {document.get('schema')!r}, and this version reads {TABLE_SCHEMA!r}."
            )
        columns = tuple(AnswerColumn(**column) for column in document["columns"])
        rows = tuple(_with_infinity(row, columns) for row in document["rows"])
        rest = {key: document[key] for key in ("kind", "unit", "warnings", "provenance")}
        return cls(columns=columns, rows=rows, **rest)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame of the rows; its `attrs["mmg"]` holds kind, unit, warnings and provenance.

        Raises:
            OptionError: where pandas is not installed.
        """
        demand(find_spec("pandas") is not None, NO_PANDAS)
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame(list(self.rows), columns=self.names)
        document = self.to_dict()
        frame.attrs["mmg"] = {key: document[key] for key in ("kind", "unit", "warnings", "provenance")}
        return frame


def _scaled(cell: AnswerCell, factor: float) -> AnswerCell:
    return cell if cell is None else float(cell) * factor


def _with_infinity(row: Mapping[str, AnswerCell], columns: Iterable[AnswerColumn]) -> dict[str, AnswerCell]:
    """Return a row of a document with infinity where its status says so: in the first column of information."""
    first = next((column.name for column in columns if column.information), None)
    infinite = row.get("status") == "infinite" and first is not None and row[first] is None
    return {**row, str(first): math.inf} if infinite else dict(row)


def table_ending(path: str) -> str:
    """Return the ending of `path`, refusing one that no table is written as.

    Raises:
        OptionError: for another ending, or for parquet without pyarrow.

    Example:
        >>> table_ending("ranked.CSV")
        '.csv'
    """
    return ending_of(path, SUFFIXES, "A table is")


def table_content(table: AnswerTable, suffix: str) -> bytes:
    """Return the content of a file that ends in `suffix`, one of `SUFFIXES`.

    JSON has everything; CSV has the rows and their unit; parquet has the rows, and the rest in its metadata.

    Example:
        >>> found = AnswerTable("rank", (AnswerColumn("mi", "MI", True),), ({"mi": 0.5},))
        >>> table_content(found, ".csv")
        b'mi,unit\\n0.5,nats\\n'
    """
    if suffix == ".json":
        return f"{table.to_json()}\n".encode()
    columns = {name: table.column(name) for name in table.names}
    if suffix == ".csv":
        return csv_of({**columns, "unit": [table.unit] * len(table)})
    return parquet_of(columns, {key: value for key, value in table.to_dict().items() if key != "rows"})
