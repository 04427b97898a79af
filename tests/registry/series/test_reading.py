"""Recordings from tables and from arrays, and what is refused at the door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmg_registry.errors import DataError, OptionError
from mmg_registry.series.reading import read_series, recording_of

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0], "day": ["2024-01-03", "2024-01-01", "2024-01-02"]})


def test_a_table_on_disk_is_put_in_the_order_of_its_times(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "s.csv", index=False)
    found = read_series(str(tmp_path / "s.csv"), {"x": "a", "y": "b"}, time="day")
    assert found.side("x").values.ravel().tolist() == [2.0, 3.0, 1.0]
    assert found.source.endswith("s.csv")


def test_a_pattern_leaves_out_times_and_trials() -> None:
    found = read_series(FRAME.assign(who="anna"), {"x": "*"}, time="day", trial="who")
    assert found.side("x").names == ("a", "b")


def test_the_index_of_dates_of_a_frame_tells_the_times() -> None:
    frame = FRAME[["a", "b"]].set_index(pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-09"]))
    assert recording_of((frame,), {"x": "a", "y": "b"}).place.tolist() == [0, 1, 8]


def test_gaps_that_a_condition_leaves_are_refused_unless_times_or_trials_tell_them() -> None:
    frame = pd.DataFrame({"a": np.arange(8.0), "who": list("uuuvvvvw"), "t": np.arange(8)})
    with pytest.raises(DataError, match=r"The condition leaves gaps among the rows of the frame, .* --time"):
        read_series(frame, {"x": "a"}, where="a < 2 or a > 5")
    assert read_series(frame, {"x": "a"}, where="a < 2 or a > 5", time="t").place.tolist() == [0, 1, 6, 7]
    assert read_series(frame, {"x": "a"}, where="who == 'v'").place.tolist() == [0, 1, 2, 3]
    assert read_series(frame, {"x": "a"}, where="who != 'v'", trial="who").trials == 2
    dated = frame.set_index(pd.date_range("2024-01-01", periods=8))
    assert read_series(dated, {"x": "a"}, where="a < 2 or a > 5").place.tolist() == [0, 1, 6, 7]


def test_arrays_are_placed_in_the_order_of_the_sides() -> None:
    found = recording_of((np.arange(3.0), np.arange(3.0) + 10), {"source": None, "target": None, "given": None})
    assert {name: side.values[0, 0] for name, side in found.sides.items()} == {"source": 0.0, "target": 10.0}


@pytest.mark.parametrize(
    ("data", "sides", "error", "said"),
    [
        ((FRAME,), {"x": "a", "y": "zz"}, DataError, "the frame cannot be used: it has no column 'zz'"),
        (([1.0], [2.0], [3.0]), {"x": None, "y": None}, OptionError, "There are 3 arguments without a name"),
        (([1.0, 2.0],), {"x": [1.0, 2.0], "y": [1.0, 2.0]}, OptionError, "'x' is given twice"),
        (([1.0, 2.0],), {"x": None, "y": None}, OptionError, "'y' is missing"),
        ((FRAME,), {"x": None, "y": None}, OptionError, "Name the columns of the table: 'x' and 'y'"),
    ],
)
def test_what_is_missing_or_given_twice_is_refused(data: tuple, sides: dict, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        recording_of(data, sides)


def test_a_missing_time_column_is_refused_by_its_name() -> None:
    with pytest.raises(DataError, match="it has no column 'when'"):
        read_series(FRAME, {"x": "a"}, time="when")
