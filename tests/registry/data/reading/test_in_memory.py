"""Frames in memory: columns are chosen as those of a file are, and names as they stand in a list."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from mmg_registry.data import read
from mmg_registry.data.matrices import to_matrix
from mmg_registry.errors import DataError

FRAME = pd.DataFrame({"a": [1, 2], "b": [3.0, 4], "e": [[5.0, 6], [7, 8]], "t": ["u", "v"], "c, d": [0, 1]})


@pytest.mark.parametrize(
    ("x", "names"),
    [
        (["a", "e"], ("a", "e[0]", "e[1]")),
        ("a,e", ("a", "e[0]", "e[1]")),
        (["c, d"], ("c, d",)),
        ("c, d", ("c, d",)),
        ("*,!t", ("a", "e[0]", "e[1]", "c, d")),
        ("a:b", ("a",)),
        (0, ("a",)),
        (FRAME.columns[:1], ("a",)),
    ],
)
def test_columns_are_chosen_as_those_of_a_file(x: Any, names: tuple[str, ...]) -> None:
    pair = read(FRAME, x=x, y="b")
    assert (pair.x_names, pair.y_names, pair.source) == (names, ("b",), "the frame")
    assert pair.y.tolist() == [[3], [4]]


def test_text_becomes_codes_with_labels() -> None:
    pair = read(pd.DataFrame({"t": ["v", "u", "v"], "b": [1, 2, 3]}), "t", "b")
    assert (pair.x[:, 0].tolist(), pair.x_labels) == ([1, 0, 1], (("u", "v"),))


def test_rows_are_chosen_as_those_of_a_file() -> None:
    assert read(FRAME, x="e", y="a", where="t == 'v'").x.tolist() == [[7, 8]]


@pytest.mark.parametrize(
    ("x", "y", "told"),
    [
        ("a", "z", r"^The frame cannot be used: it has no column 'z'; it has a, b, e, t"),
        (["a", "z"], "b", "it has no column 'z'"),
        (None, "b", "say which columns are x and y"),
        ([], "b", "say which columns are x and y"),
    ],
)
def test_refusals_name_the_frame_and_its_columns(x: Any, y: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read(FRAME, x=x, y=y)
    with pytest.raises(DataError, match="the name 'a' stands twice"):
        read(FRAME[["a", "a", "b"]], "a", "b")


def test_names_that_are_no_text() -> None:
    frame = pd.DataFrame({7: [1.0, 2.0], ("m", 1): [3.0, 4.0]})
    pair = read(frame, x=[7], y=[("m", 1)])
    assert (pair.x.tolist(), pair.y.tolist()) == ([[1], [2]], [[3], [4]])


def test_polars() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "a": [1, 2],
            "e": [[5.0, 6], [7, 8]],
            "c": polars.Series([[1, 2], [3, 4]], dtype=polars.Array(polars.Int64, 2)),
        }
    )
    pair = read(frame, ["e", "c"], "a")
    assert pair.x_names == ("e[0]", "e[1]", "c0", "c1")
    assert pair.x.tolist() == [[5, 6, 1, 2], [7, 8, 3, 4]]
    assert to_matrix(frame["a"], "x")[1] == ("a",)


@pytest.mark.filterwarnings("error")
def test_a_lazy_frame_of_polars_is_collected() -> None:
    polars = pytest.importorskip("polars")
    lazy = polars.LazyFrame({"a": [1, 2], "b": [3, 4]})
    assert read(lazy, "a", "b").y.tolist() == [[3], [4]]
