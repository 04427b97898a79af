"""Variables and plain columns of one table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mmg_registry.data.reading.columns import read_columns
from mmg_registry.errors import DataError

FRAME = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1.5, 2.5, 3.5, 4.5], "day": ["Mon", "Tue", "Wed", "Thu"]})


def test_files_are_appended_and_rows_chosen(tmp_path: Path) -> None:
    for name in ("1.csv", "2.csv"):
        FRAME.to_csv(tmp_path / name, index=False)
    paths = [str(tmp_path / name) for name in ("1.csv", "2.csv")]
    found = read_columns(paths, {"x": "a", "y": "a,b"}, {"time": "day"}, where="a > 2")
    assert found.matrices["x"].values.ravel().tolist() == [3.0, 4.0, 3.0, 4.0]
    assert found.matrices["y"].names == ("a", "b")
    assert found.plain["time"].tolist() == ["Wed", "Thu", "Wed", "Thu"]
    assert "4 of 8 rows fulfil --where." in found.notes


def test_one_column_may_stand_in_several_variables_and_be_plain_too() -> None:
    found = read_columns(FRAME, {"x": "a", "y": "a"}, {"trial": "a"})
    assert found.matrices["x"].values.tolist() == found.matrices["y"].values.tolist()
    assert found.plain["trial"].tolist() == [1, 2, 3, 4]


def test_a_plain_column_is_one() -> None:
    with pytest.raises(DataError, match="'\\*' means 3 columns, and --time takes one"):
        read_columns(FRAME, {"x": "a"}, {"time": "*"})
