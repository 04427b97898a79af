"""The front door: what `estimate` takes, and what it says of what it does not know."""

from __future__ import annotations

import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
import pytest
from fakes import GaussianMI, gaussian_pair

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.errors import DataError, OptionError
from mmg_registry.request import Choices, Request

X, Y = gaussian_pair(200)
FRAME = pd.DataFrame({"a": X[:, 0], "b": Y[:, 0], "c": np.arange(200.0) % 7})


@pytest.fixture(autouse=True)
def fake() -> None:
    registry.register(GaussianMI)


def test_one_side_of_the_evaluation_rows_is_refused() -> None:
    with pytest.raises(OptionError, match="Give both x_eval and y_eval"):
        mmg.estimate(X, Y, x_eval=X, plugin="gaussian-fake")


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"ridg": 0.5}, "no option 'ridg'; the nearest is 'ridge'"),
        ({"crossfit": 3}, "no option 'crossfit'; the nearest is 'cross_fit'"),
        ({"zzz": 3}, "no option 'zzz'; it has ridge."),
        ({"where": "a > 3"}, "'where' says how a table is read: estimate(read(table, x=.., y=.., where=..))."),
    ],
)
def test_an_unknown_keyword_may_have_meant_a_choice_or_an_option(choice: dict[str, object], told: str) -> None:
    with pytest.raises(OptionError) as caught:
        mmg.estimate(X, Y, plugin="gaussian-fake", **choice)
    assert told in str(caught.value)


def test_plugins_lists_records() -> None:
    assert "gaussian-fake" in [record.name for record in mmg.plugins()]


# --- what is estimated ------------------------------------------------------------------------------------------------
def mi(*data: Any, **choices: Any) -> float:
    return float(mmg.estimate(*data, plugin="gaussian-fake", **choices))


def test_arrays_and_columns_of_a_table_give_the_same(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "data.csv", index=False)
    expected = mi(X, Y)
    assert mi(X, y=Y) == mi(x=X, y=Y) == expected
    assert mi(FRAME, x="a", y="b") == mi(FRAME, x=["a"], y=["b"]) == expected
    assert mi(mmg.read(FRAME, x="a", y="b")) == expected
    for path in (tmp_path / "data.csv", str(tmp_path / "data.csv")):
        assert mi(path, x="a", y="b") == pytest.approx(expected)
        assert mi(mmg.read(path, x=["a"], y="b")) == pytest.approx(expected)


def test_two_frames_are_two_variables() -> None:
    assert mi(FRAME[["a"]], FRAME[["b"]]) == mi(FRAME[["a"]], y=FRAME["b"]) == mi(X, Y)


def test_a_pattern_leaves_out_what_the_other_side_names() -> None:
    found = mmg.estimate(FRAME, x="*", y="b", plugin="gaussian-fake")
    assert (found.provenance["dim_x"], found.provenance["dim_y"]) == (2, 1)


@pytest.mark.parametrize(
    ("data", "named", "told"),
    [
        ((X, Y), {"x": X}, "x is given twice, by place and by name"),
        ((X, Y), {"x": X, "y": Y}, "x and y are given twice, by place and by name"),
        ((X,), {"x": X, "y": Y}, "x is given twice, by place and by name"),
        ((X, Y, Y), {}, "There are 3 arguments without a name; give x and y, or one table"),
        ((X,), {}, "Give y too"),
        ((), {"x": X}, "Give x and y: two arrays, or a table"),
        ((mmg.read(FRAME, "a", "b"),), {"x": "a"}, "The pair holds x and y already"),
    ],
)
def test_what_is_given_twice_or_missing_is_said(data: tuple[Any, ...], named: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        mi(*data, **named)


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(DataError, match="The frame cannot be used: it has no column 'z'; it has a, b, c"):
        mi(FRAME, x="z", y="b")


def test_type_checkers_know_the_fields_of_a_request() -> None:
    assert list(Choices.__annotations__) == [each.name for each in fields(Request)]
    asked, held = get_type_hints(Choices), get_type_hints(Request)
    assert asked.pop("progress") == held.pop("progress") | bool  # False for no bar
    assert asked == held


# --- warnings ---------------------------------------------------------------------------------------------------------
def test_warnings_of_the_result_are_warnings_of_python_that_point_to_the_caller() -> None:
    with pytest.warns(mmg.MMGWarning) as seen:
        found = mmg.estimate(X, Y, plugin="gaussian-fake")
    assert [str(each.message).split(" [docs")[0] for each in seen] == found.warnings != []
    assert {each.filename for each in seen} == {__file__}


def test_warnings_of_python_can_be_silenced_or_made_errors() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", mmg.MMGWarning)
        assert mmg.estimate(X, Y, plugin="gaussian-fake").warnings
        warnings.simplefilter("error", mmg.MMGWarning)
        with pytest.raises(mmg.MMGWarning, match=r"A warning of the fake\."):
            mmg.estimate(X, Y, plugin="gaussian-fake")


def test_rows_are_drawn_from_arrays_and_from_files_alike(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal(400)
    y = x + np.random.default_rng(1).standard_normal(400)
    np.save(tmp_path / "d.npy", np.column_stack([x, y]))
    of_file = mmg.estimate(tmp_path / "d.npy", x="0", y="1", rows=100, seed=2, plugin="gaussian")
    of_arrays = mmg.estimate(x, y, rows=100, seed=2, plugin="gaussian")
    assert of_file.mi == of_arrays.mi
    assert of_file.provenance["sampled"] == {"rows": 100, "of": 400, "seed": 2}
    assert "100 rows drawn at random (seed 2) of 400" in of_arrays.warnings[0]
    assert mmg.estimate(x, y, rows="all", plugin="gaussian").mi == mmg.estimate(x, y, plugin="gaussian").mi
