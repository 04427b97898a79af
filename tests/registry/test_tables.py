"""Tables: units, and the forms of a table: JSON under its published schema, CSV, parquet, a frame."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

import mmg_registry
from mmg_registry.errors import OptionError
from mmg_registry.tables import TABLE_SCHEMA, AnswerColumn, AnswerTable, table_content, table_ending

DOCUMENT = json.loads((Path(mmg_registry.__file__).parent / "schema" / "table-1.json").read_text())
COLUMNS = (
    AnswerColumn("feature", "the feature"),
    AnswerColumn("mi", "MI", True),
    AnswerColumn("p", "p"),
    AnswerColumn("status", "how"),
)
ROWS = (
    {"feature": "a", "mi": 0.5, "p": 0.001, "status": "estimated"},
    {"feature": "b", "mi": math.inf, "p": None, "status": "infinite"},
    {"feature": "c", "mi": None, "p": None, "status": "failed"},
)
TABLE = AnswerTable("rank", COLUMNS, ROWS, warnings=["Few rows."], provenance={"seed": 1})


def test_the_document_keeps_the_schema_and_is_read_back() -> None:
    document = json.loads(TABLE.to_json())
    jsonschema.validate(document, DOCUMENT, cls=jsonschema.Draft202012Validator)
    assert document["schema"] == DOCUMENT["$id"] == TABLE_SCHEMA
    assert document["rows"][1]["mi"] is None
    assert AnswerTable.from_dict(document) == TABLE


def test_only_information_has_a_unit() -> None:
    bits = TABLE.to_unit("bits")
    assert bits.rows[0]["mi"] == pytest.approx(0.5 / math.log(2))
    assert bits.column("p") == TABLE.column("p")
    assert bits.to_unit("bits") is bits


def test_csv_and_parquet_hold_the_rows_and_their_unit() -> None:
    assert table_content(TABLE, ".csv").decode().splitlines()[:2] == [
        "feature,mi,p,status,unit",
        "a,0.5,0.001,estimated,nats",
    ]
    frame = pd.read_parquet(io.BytesIO(table_content(TABLE, ".parquet")))
    assert frame["feature"].tolist() == ["a", "b", "c"]
    assert json.loads(table_content(TABLE, ".json"))["provenance"] == {"seed": 1}


def test_a_frame_keeps_what_is_to_be_known_of_all_rows() -> None:
    frame = TABLE.to_frame()
    assert list(frame.columns) == TABLE.names
    assert frame.attrs["mmg"] == {"kind": "rank", "unit": "nats", "warnings": ["Few rows."], "provenance": {"seed": 1}}


def test_a_frame_without_pandas_names_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmg_registry.tables.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"mmg-registry\[data\]"):
        TABLE.to_frame()


def test_other_endings_rows_and_schemas_are_refused() -> None:
    with pytest.raises(OptionError, match=r"not written as '.xls'"):
        table_ending("a.xls")
    with pytest.raises(ValueError, match="A row of the table 'rank' has"):
        AnswerTable("rank", COLUMNS, ({"feature": "a"},))
    with pytest.raises(ValueError, match="has schema 'x'"):
        AnswerTable.from_dict({"schema": "x"})
