"""Linear relations and monotone pairs, at the edges that the checks above do not reach."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.data import dependence
from mmg_registry.data.dependence import block_of, copies, linear_relations, monotone_pair, row_prints

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3_000, 3))


def columns(*parts: np.ndarray, first: int = 0) -> list[int]:
    return [relation.column for relation in linear_relations(block_of(*parts), first)]


def test_coefficients_name_the_columns_that_count() -> None:
    (relation,) = linear_relations(block_of(np.column_stack([X, X[:, 0] - 2 * X[:, 2]])))
    assert (relation.column, relation.on.tolist()) == (3, [0, 2])
    assert relation.weights == pytest.approx([1 / 5**0.5, -2 / 5**0.5], rel=0.05)


def test_only_columns_from_first_on_are_reported() -> None:
    wide = np.column_stack([X, X[:, 0]])
    assert columns(wide, 2 * X[:, 1:2], first=4) == [4]


def test_relations_that_fail_in_rows_outside_the_sample_are_refuted() -> None:
    rows = dependence.sample_rows(len(X), 2_000 + 2 * 4)
    outside = np.setdiff1d(np.arange(len(X)), rows)
    copy = X[:, :1].copy()
    assert columns(np.column_stack([X, copy])) == [3]
    copy[outside[0]] += 1e-3
    assert columns(np.column_stack([X, copy])) == []


def test_rare_events_are_not_constant_everywhere() -> None:
    rare = np.zeros((3_000, 1))
    rare[np.setdiff1d(np.arange(3_000), dependence.sample_rows(3_000, 2_008))[:3]] = 1.0
    assert columns(np.column_stack([X, rare])) == []


def test_a_refuted_column_still_explains_later_ones() -> None:
    base = X.astype(np.float32).astype(np.float64) + 1e-9 * RNG.normal(size=X.shape)
    almost = base[:, :1] + 1e-12 * RNG.normal(size=(3_000, 1))
    assert columns(np.column_stack([base, almost, 2 * almost])) == [4]


def test_many_columns_are_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependence, "MAX_COLUMNS", 3)
    assert columns(np.column_stack([X, X[:, 0]])) == []


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = np.column_stack([X, X @ [1.0, 2.0, 3.0]])
    whole = row_prints(block_of(wide))
    monkeypatch.setattr(dependence, "CHUNK", 50)
    assert columns(wide) == [3]
    np.testing.assert_array_equal(row_prints(block_of(wide)), whole)


def test_sample_rows_are_distinct_ordered_and_reproducible() -> None:
    rows = dependence.sample_rows(1_000, 100)
    assert len(np.unique(rows)) == 100
    assert np.all(np.diff(rows) > 0)
    np.testing.assert_array_equal(rows, dependence.sample_rows(1_000, 100))
    np.testing.assert_array_equal(dependence.sample_rows(5, 100), np.arange(5))


def test_copies() -> None:
    assert copies(np.column_stack([X, X[:, 1], -X[:, 0], X[:, 1]])) == {3: 1, 5: 1}


def test_monotone_pairs_with_ties_and_directions() -> None:
    rounded = X.round(3)
    every = [0, 1, 2]
    assert monotone_pair(X, -(X[:, 2:] ** 3), every, [0]) == (2, 0)
    assert monotone_pair(X, rounded[:, 1:2], every, [0]) is None  # off by rounding noise
    assert monotone_pair(X, np.exp(X[:, 1:2]).astype(np.float32), every, [0]) == (1, 0)
    assert monotone_pair(X, X[:, :1] ** 2, every, [0]) is None
    assert monotone_pair(X, X, [], every) is None


def test_an_outlier_does_not_hide_a_curve() -> None:
    x = X[:300, :1].copy()
    x[0] = 1e3
    assert monotone_pair(x, x**3, [0], [0]) == (0, 0)
    assert monotone_pair(x, x + 1e-9 * X[:300, 1:2], [0], [0]) is None


def test_the_largest_values_do_not_overflow() -> None:
    x = 1.7e308 * np.tanh(X[:300, :1])
    with np.errstate(over="raise"):
        assert monotone_pair(x, np.tanh(X[:300, :1]), [0], [0]) == (0, 0)


def test_one_exception_is_enough_to_break_the_order() -> None:
    y = np.exp(X[:, :1])
    order = np.argsort(y[:, 0])
    y[order[[1_500, 1_501]]] = y[order[[1_501, 1_500]]]
    assert monotone_pair(X, y, [0], [0]) is None


# --- proof by few rows ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("told", "chance"), [(2, [1]), (40, [])])
def test_a_column_that_few_rows_relate_to_x_is_one_by_chance(told: int, chance: list[int]) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 400, 2))
    x[:, 1] = y[:, 1] = 0.0
    x[:told, 1] = rng.normal(size=told)
    y[:told, 1] = 3 * x[:told, 1]
    assert dependence.by_chance(x, y) == chance
    block = dependence.block_of(x, y)
    assert [dependence.proved(block, each, 2) for each in dependence.linear_relations(block, 2)] == [not chance]
