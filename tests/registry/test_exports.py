"""Columns as the content of a file: what is written is read back, and other endings are refused."""

from __future__ import annotations

import io
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from mmg_registry.errors import OptionError
from mmg_registry.exports import csv_of, ending_of, parquet_of

COLUMNS = {"a": [1, 2], "b": ["x", "y,z"]}


def test_columns_are_read_back() -> None:
    assert pd.read_csv(io.BytesIO(csv_of(COLUMNS))).to_dict("list") == COLUMNS
    table = pq.read_table(io.BytesIO(parquet_of(COLUMNS, {"seed": 1})))
    assert table.to_pydict() == COLUMNS
    assert json.loads(table.schema.metadata[b"mmg"]) == {"seed": 1}


def test_other_endings_are_refused_and_parquet_where_nothing_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match=r"A table is not written as '.xls', the end of 'a.xls'"):
        ending_of("a.xls", [".csv"], "A table is")
    monkeypatch.setattr("mmg_registry.exports.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"mmg-registry\[data\]' brings it; or take .npz or .csv"):
        ending_of("a.parquet", [".npz", ".csv", ".parquet"], "A table is")
