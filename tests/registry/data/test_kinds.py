"""The kinds of columns: what recurs by nature, what stands out, and what is only rounded."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.data import kinds
from mmg_registry.data.kinds import found_in, kind_of, told
from mmg_registry.errors import DataError

RNG = np.random.default_rng(0)
NORMAL = RNG.standard_normal(2_000)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (NORMAL, "continuous"),
        (NORMAL > 0, "category"),
        (RNG.integers(0, 12, 2_000), "category"),
        (RNG.choice([0.5, 1.5, 7.0], 2_000), "category"),
        (np.where(RNG.random(2_000) < 0.4, 0.0, NORMAL), "mixed"),
        (np.where(RNG.random(2_000) < 0.98, 0.0, NORMAL), "mixed"),
        (np.maximum(NORMAL, -1.0), "mixed"),
        (np.round(NORMAL, 1), "continuous"),
        (np.round(np.exp(8 + NORMAL)), "count"),
        (RNG.poisson(40, 2_000), "count"),
        (RNG.geometric(0.03, 2_000), "count"),
        (np.where(RNG.random(2_000) < 0.3, 0, RNG.poisson(90, 2_000)), "mixed"),
        (np.round(10 * NORMAL), "continuous"),
        (np.arange(2_000), "continuous"),
        (np.tile(NORMAL[:500], 4), "continuous"),
        (np.random.default_rng(1).integers(0, 30, 2_000), "category"),
    ],
)
def test_the_kind_of_a_column(column: np.ndarray, kind: str) -> None:
    found = kind_of(column)
    assert (found.name, bool(found.reason)) == (kind, True)


def test_grain_and_atoms_are_found() -> None:
    assert kind_of(np.round(NORMAL, 1)).grain == pytest.approx(0.1)
    assert kind_of(NORMAL).grain == 0.0
    assert kind_of(np.maximum(NORMAL, -1.0)).atoms == (-1.0,)
    assert kind_of(np.maximum(NORMAL, -1.0)).to_dict()["atoms"] == [-1.0]


def test_codes_do_not_matter() -> None:
    labels = RNG.integers(0, 5, 500)
    assert kind_of(labels).name == kind_of(np.array([9.0, -3.0, 0.0, 100.0, 7.0])[labels]).name == "category"


def test_text_and_truth_are_categories_whatever_their_codes() -> None:
    codes = RNG.integers(0, 3, 60).astype(float)
    found = found_in(codes, ("blue", "green", "red")).kind
    assert (found.name, found.reason, found.labels) == ("category", "text of 3 values", ("blue", "green", "red"))
    assert found_in(codes % 2, ("False", "True")).kind.reason == "true or false"


def test_many_rows_are_looked_at_in_part_and_those_of_a_category_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "ROWS_LOOKED_AT", 200)
    rare = RNG.integers(0, 3, 2_000).astype(float)
    rare[:20] = np.arange(20)
    assert found_in(rare).kind.values == 20
    assert found_in(NORMAL).kind.values == 200


@pytest.mark.parametrize(
    ("kind", "column", "wrong"),
    [
        ("category", NORMAL, "has 2000 different values in 2000 rows"),
        ("count", NORMAL, "holds other than whole numbers from 0 on"),
        ("count", np.arange(10.0) - 1, "holds other than whole numbers"),
        ("mixed", NORMAL, "no value of it recurs"),
    ],
)
def test_a_kind_that_a_column_cannot_be_of_is_refused(kind: kinds.KindName, column: np.ndarray, wrong: str) -> None:
    with pytest.raises(DataError, match=f"the column 'a' is told to be .*, and {wrong}.*; it looks continuous"):
        told(kind, column, kind_of(column), "the column 'a'")


def test_text_is_a_category_alone() -> None:
    codes = np.arange(20.0) % 2
    found = found_in(codes, ("a", "b")).kind
    assert told("category", codes, found, "it").labels == ("a", "b")
    with pytest.raises(DataError, match="is told to be an angle, and holds text"):
        told("angle", codes, found, "it")


def test_a_kind_that_is_told_keeps_what_the_values_say() -> None:
    rounded = np.round(NORMAL, 1)
    values, counts = np.unique(rounded, return_counts=True)
    assert told("angle", rounded, kind_of(rounded), "it").grain == pytest.approx(0.1)
    assert told("category", rounded, kind_of(rounded), "it").grain == 0.0
    zeros = np.where(NORMAL < 0, 0.0, NORMAL)
    assert told("mixed", zeros, kind_of(zeros), "it").atoms == (0.0,)
    assert told("mixed", rounded, kind_of(rounded), "it").atoms == (float(values[counts.argmax()]),)
    assert told("angle", NORMAL, kind_of(NORMAL), "it").reason == "as told, in radians"
