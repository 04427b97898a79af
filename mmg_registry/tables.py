"""`Table`: the result of every question with many answers, and its forms: JSON (schema/table-1.json), CSV, parquet."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmg_registry.errors import demand
from mmg_registry.names import nearest
from mmg_registry.results import NATS_PER_BIT, Unit, plain

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "mmg/table/1"
SUFFIXES = (".csv", ".json", ".parquet")
NO_PANDAS = "A {what} needs pandas and pyarrow: pip install 'mmg-registry[data]' brings them."

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Column:
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
class Table:
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
        >>> columns = (Column("feature", "the feature"), Column("mi", "I(feature; target)", information=True))
        >>> found = Table("rank", columns, ({"feature": "age", "mi": 0.25},))
        >>> Table.from_dict(found.to_dict()) == found, round(found.to_unit("bits").rows[0]["mi"], 3)
        (True, 0.361)
    """

    kind: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]
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

    def to_unit(self, unit: Unit) -> Table:
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
        head = {"schema": SCHEMA, "kind": self.kind, "unit": self.unit}
        columns = [vars(column) for column in self.columns]
        tail = {"warnings": self.warnings, "provenance": self.provenance}
        return {key: plain(own) for key, own in {**head, "columns": columns, "rows": self.rows, **tail}.items()}

    def to_json(self, indent: int | None = 2) -> str:
        """Return `to_dict` as JSON text without NaN or Infinity."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Table:
        """Build a table from the result of `to_dict`.

        Raises:
            ValueError: when the document has another schema.
            KeyError: when a field is missing.
        """
        if document.get("schema") != SCHEMA:
            raise ValueError(f"The table has schema {document.get('schema')!r}, and this version reads {SCHEMA!r}.")
        columns = tuple(Column(**column) for column in document["columns"])
        rows = tuple(_with_infinity(row, columns) for row in document["rows"])
        rest = {key: document[key] for key in ("kind", "unit", "warnings", "provenance")}
        return cls(columns=columns, rows=rows, **rest)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame of the rows; its `attrs["mmg"]` holds kind, unit, warnings and provenance.

        Raises:
            OptionError: where pandas is not installed.
        """
        demand(find_spec("pandas") is not None, NO_PANDAS.format(what="DataFrame"))
        import pandas as pd

        frame = pd.DataFrame(list(self.rows), columns=self.names)
        document = self.to_dict()
        frame.attrs["mmg"] = {key: document[key] for key in ("kind", "unit", "warnings", "provenance")}
        return frame


def _scaled(cell: Cell, factor: float) -> Cell:
    return cell if cell is None else float(cell) * factor


def _with_infinity(row: Mapping[str, Cell], columns: Iterable[Column]) -> dict[str, Cell]:
    """Return a row of a document with infinity where its status says so: in the first column of information."""
    first = next((column.name for column in columns if column.information), None)
    infinite = row.get("status") == "infinite" and first is not None and row[first] is None
    return {**row, str(first): math.inf} if infinite else dict(row)


def ending_of(path: str) -> str:
    """Return the ending of `path`, refusing one that no table is written as.

    Raises:
        OptionError: for another ending, or for parquet without pandas and pyarrow.

    Example:
        >>> ending_of("ranked.CSV")
        '.csv'
    """
    suffix = Path(path).suffix.lower()
    known = nearest(suffix, SUFFIXES, "known are")
    demand(suffix in SUFFIXES, f"A table is not written as '{suffix}', the end of '{path}'; {known}.")
    there = suffix != ".parquet" or (find_spec("pandas") is not None and find_spec("pyarrow") is not None)
    demand(there, NO_PANDAS.format(what="parquet file"))
    return suffix


def content_of(table: Table, suffix: str) -> bytes:
    """Return the content of a file that ends in `suffix`, one of `SUFFIXES`.

    JSON has everything; CSV has the rows and their unit; parquet has the rows, and the rest in its metadata.

    Example:
        >>> print(content_of(Table("rank", (Column("mi", "MI", True),), ({"mi": 0.5},)), ".csv").decode())
        mi,unit
        0.5,nats
        <BLANKLINE>
    """
    if suffix == ".json":
        return f"{table.to_json()}\n".encode()
    return _csv(table) if suffix == ".csv" else _parquet(table)


def _csv(table: Table) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*table.names, "unit"])
    writer.writerows([*(row[name] for name in table.names), table.unit] for row in table.rows)
    return out.getvalue().encode()


def _parquet(table: Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = pa.table({name: table.column(name) for name in table.names})
    about = {key: value for key, value in table.to_dict().items() if key != "rows"}
    out = io.BytesIO()
    pq.write_table(columns.replace_schema_metadata({"mmg": json.dumps(about, allow_nan=False)}), out)
    return out.getvalue()
