"""What is given: columns that it determines, exact relations given it, and labels of few rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmg_registry.data import Cleaned, as_pair, clean
from mmg_registry.data.checks import matching
from mmg_registry.data.given import PROVING_ROWS, varies
from mmg_registry.data.pair import with_given
from mmg_registry.data.reading import read
from mmg_registry.errors import DataError

N = 600
RNG = np.random.default_rng(0)
A, B, C = RNG.standard_normal((3, N))
LABEL = RNG.integers(0, 4, N).astype(float)


def cleaned(x: Any, y: Any, z: Any) -> Cleaned:
    return clean(with_given(as_pair(x, y), z))


@pytest.mark.parametrize(
    ("x", "y", "z", "how"),
    [
        (A, B, A, "'x' of x is a copy of 'z'"),
        (B, 3 * A + 1, A, "'y' of y is a copy of 'z'"),
        (A + B, C, np.column_stack([A, B]), "is a linear combination of 'z0' of what is given, 'z1'"),
        (LABEL % 2, A, LABEL, "has one value for each of 'z' of what is given"),
        (LABEL % 2, A, np.column_stack([LABEL // 2, LABEL % 3]), "has one value for each of 'z0', 'z1'"),
    ],
)
def test_a_side_that_z_determines_shares_nothing_more(x: Any, y: Any, z: Any, how: str) -> None:
    found = cleaned(x, y, z)
    assert found.verdict == "independent-by-given"
    assert how in found.reason


def test_columns_that_z_determines_are_left_out() -> None:
    found = cleaned(np.column_stack([A, B]), np.column_stack([B + C, LABEL == 1]), np.column_stack([A, LABEL]))
    assert found.verdict is None
    assert (found.kept["x"].tolist(), found.kept["y"].tolist()) == ([1], [0])
    assert len(found.pair.x_kinds) == found.pair.x.shape[1] == 1
    assert sum("left out; the information given it" in sentence for sentence in found.warnings) == 2


def test_a_column_told_by_another_and_z_together_is_left_out() -> None:
    assert cleaned(np.column_stack([B, A + B]), C, A).kept["x"].tolist() == [0]


def test_few_rows_prove_no_table() -> None:
    codes = np.arange(N) % 30 + 1
    codes[:PROVING_ROWS] = 0
    assert cleaned(codes == 0, A, codes.astype(str)).verdict is None
    codes[: PROVING_ROWS + 1] = 0
    assert cleaned(codes == 0, A, codes.astype(str)).verdict == "independent-by-given"


@pytest.mark.parametrize(("x", "y"), [(A, A + B), (A, A), (A, np.exp(A)), (A + B, A)])
def test_exact_relations_given_z_are_infinite(x: Any, y: Any) -> None:
    assert cleaned(x, y, B).verdict == "infinite"


def test_a_relation_is_not_infinite_where_x_takes_few_values_given_z() -> None:
    """What is left of x given z is a label of four values, whose entropy is finite."""
    assert cleaned(B + LABEL, 2 * B + LABEL, B).verdict is None
    assert cleaned(np.sin(B) + LABEL, 3 * B + np.sin(B) + LABEL, B).verdict is None
    pair = with_given(as_pair(np.column_stack([A, np.sin(B) + LABEL]), C), B)
    assert [varies(pair, np.array([j]), np.ones(1)) for j in (0, 1)] == [True, False]


def test_labels_of_few_rows_are_warned_of() -> None:
    names = np.array([f"site {i}" for i in RNG.integers(0, 200, N)])
    assert any("combinations of labels" in sentence for sentence in cleaned(A, B, names).warnings)
    assert not any("combinations of labels" in sentence for sentence in cleaned(A, B, LABEL).warnings)


def test_evaluation_rows_lose_the_same_columns() -> None:
    fit = with_given(as_pair(np.column_stack([A, B]), B + C), A)
    rows = matching(clean(fit), fit.take(slice(0, 100)))
    assert rows.x.shape == (100, 1)


@pytest.mark.parametrize("choice", [{"x": "a", "given": "a"}, {"x": "a,c", "given": "c"}, {"x": "c", "given": "b"}])
def test_a_column_is_not_named_twice(choice: dict[str, str]) -> None:
    table = pd.DataFrame({"a": A, "b": B, "c": C})
    with pytest.raises(DataError, match="named both as"):
        read(table, y="b", **choice)


def test_patterns_leave_out_what_is_given() -> None:
    found = read(pd.DataFrame({"a": A, "b": B, "c": C}), x="*", y="b", given="c")
    assert (found.x_names, found.z_names) == (("a",), ("c",))
