"""Text, truth values and categoricals as codes, what of them is no category, and codes of other rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmg_registry.data import as_pair, clean
from mmg_registry.data.checks import matching
from mmg_registry.data.labels import TRUTH
from mmg_registry.data.matrices import Matrix, to_matrix
from mmg_registry.errors import DataError

COLOURS = ["red", "blue", None, "red"]
CODES = [1, 0, np.nan, 1]


def polars_series(dtype: str) -> Any:
    polars = pytest.importorskip("polars")
    kinds = {"enum": polars.Enum(["red", "blue", "green"]), "cat": polars.Categorical, "str": polars.String}
    return polars.Series("c", COLOURS, dtype=kinds[dtype])


@pytest.mark.parametrize(
    "make",
    [
        lambda: COLOURS,
        lambda: np.array(COLOURS, dtype=object),
        lambda: pd.Series(COLOURS),
        lambda: pd.Series(COLOURS, dtype="string"),
        lambda: pd.Series(["red", "blue", np.nan, "red"], dtype=object),
        lambda: pd.Series(pd.Categorical(COLOURS, categories=["red", "green", "blue"])),
        lambda: pd.Categorical(COLOURS),
        lambda: np.array([b"red", b"blue", None, b"red"], dtype=object),
        lambda: polars_series("enum"),
        lambda: polars_series("cat"),
        lambda: polars_series("str"),
    ],
)
def test_text_becomes_codes_of_its_sorted_names(make: Any) -> None:
    found = to_matrix(make(), "x")
    np.testing.assert_array_equal(found.values[:, 0], CODES)
    assert found.labels == (("blue", "red"),)


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.array([True, False, True]),
        lambda: [True, False, None],
        lambda: pd.Series([True, False, None], dtype="boolean"),
        lambda: pd.Series([True, False, None]),
    ],
)
def test_truth_values_are_labels(make: Any) -> None:
    found = to_matrix(make(), "x")
    assert (found.values[:2, 0].tolist(), found.labels) == ([1, 0], (TRUTH,))


def test_categories_of_numbers_stay_categories() -> None:
    found = to_matrix(pd.Series(pd.Categorical([3, 1, 3])), "x")
    assert (found.values[:, 0].tolist(), found.labels) == ([1, 0, 1], (("1", "3"),))


def test_frames_and_matrices_of_text() -> None:
    frame = pd.DataFrame({"n": [1.5, 2, 3], "city": ["a", "b", "a"], "ok": [True, True, False]})
    found = to_matrix(frame, "x")
    assert (found.names, found.labels) == (("n", "city", "ok"), ((), ("a", "b"), TRUTH))
    assert found.values.tolist() == [[1.5, 0, 1], [2, 1, 1], [3, 0, 0]]
    assert to_matrix(np.array([["a", "x"], ["b", "x"]]), "x") == Matrix(
        pytest.approx(np.array([[0, 0], [1, 0]])), ("x0", "x1"), (("a", "b"), ("x",))
    )
    assert to_matrix(frame[["n"]], "x").labels == ()


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (
            [f"s{i}" for i in range(100)],
            r"holds text \('s0'\) with 100 different values in 100 rows, as identifiers have",
        ),
        (
            [f"s{i // 3 * 2}" if i % 2 else f"t{i}" for i in range(100)],
            "holds text .* as identifiers have; leave it out",
        ),
        ([f"2024-0{1 + i % 9}-01" for i in range(100)], r"holds dates or times \('2024-01-01'\); leave it out"),
        ([f"0{1 + i % 9}/01/2024 10:00" for i in range(100)], "holds dates"),
        ([f"{i % 24:02d}:{i % 4}5" for i in range(100)], r"holds dates or times \('00:05'\)"),
        ([f"{1 + i % 9}:30:00 PM" for i in range(100)], "holds dates or times"),
        ([f"{i % 60}.5" for i in range(200)], "holds numbers written as text .* with 60 different values"),
        ([f"{i % 60}_5" for i in range(200)], "holds numbers written as text"),
    ],
)
def test_text_that_is_no_category_is_refused(column: list[str], told: str) -> None:
    y = np.random.default_rng(0).normal(size=len(column))
    with pytest.raises(DataError, match=f"In x and y the column 'x' of x {told}"):
        clean(as_pair(column, y))


@pytest.mark.parametrize("column", [[f"2024-0{1 + i % 9}-01" for i in range(100)], [f"{i % 60}" for i in range(200)]])
def test_a_person_may_say_that_it_is_one(column: list[str]) -> None:
    y = np.random.default_rng(0).normal(size=len(column))
    assert clean(as_pair(column, y), kinds={"x": "category"}).pair.x_kinds[0].name == "category"


def test_months_and_chromosomes_are_names() -> None:
    names = [*(str(i) for i in range(1, 23)), "X", "Y"]
    found = clean(as_pair(np.array(names * 20), np.random.default_rng(0).normal(size=480)))
    assert found.pair.x_kinds[0].values == 24


# --- Evaluation rows ------------------------------------------------------------------------------------------------
N = 60
Y = np.random.default_rng(0).normal(size=N)


def test_labels_of_other_rows_are_matched_by_name() -> None:
    fit = clean(as_pair(np.array(["a", "b", "c"] * 20), Y))
    rows = matching(fit, as_pair(["c", "b"], [0.0, 1.0]))
    assert rows.x[:, 0].tolist() == [2, 1]
    assert rows.x_kinds == fit.pair.x_kinds


@pytest.mark.parametrize(
    ("fitted", "rows", "told"),
    [
        (["a", "b"] * 30, ["a", "z"], "of x in the evaluation rows of x and y holds 'z', which no fitting row has"),
        (["a", "b"] * 30, [1.0, 2.0], "holds numbers where the fitting rows hold text"),
        (Y, ["a", "b"], "holds text where the fitting rows hold numbers"),
    ],
)
def test_other_labels_are_refused(fitted: Any, rows: Any, told: str) -> None:
    with pytest.raises(DataError, match=f"The column 'x' {told}|The column 'x' of x in the evaluation rows.*{told}"):
        matching(clean(as_pair(fitted, np.arange(N) ** 1.5)), as_pair(rows, [0.0, 1.0]))


def test_truth_and_its_numbers_are_the_same() -> None:
    fit = clean(as_pair(Y > 0, Y))
    assert matching(fit, as_pair([0, 1], [0.0, 1.0])).x[:, 0].tolist() == [0, 1]
