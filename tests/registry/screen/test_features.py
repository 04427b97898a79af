"""Features of one column: orthonormal over the rows, whatever the values, and none that rests on a few rows."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.screen.features import LEAST_ROWS, MOST_LEVELS, of_labels, of_numbers

RNG = np.random.default_rng(0)
COLUMNS = {
    "no ties": RNG.standard_normal(600),
    "ties": RNG.integers(0, 7, 600),
    "zeros": RNG.exponential(size=600) * (RNG.random(600) < 0.3),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_features_are_orthonormal_and_of_mean_zero(name: str) -> None:
    rows = of_numbers(COLUMNS[name]).rows.astype(float)
    np.testing.assert_allclose(rows @ rows.T, 600 * np.eye(len(rows)), atol=1e-2)
    np.testing.assert_allclose(rows.mean(axis=1), 0, atol=1e-5)


def test_features_tell_ranks_alone() -> None:
    column = COLUMNS["no ties"]
    np.testing.assert_array_equal(of_numbers(column).rows, of_numbers(np.exp(column)).rows)


def test_a_column_of_two_values_has_one_feature_and_a_constant_none() -> None:
    assert of_numbers(RNG.integers(0, 2, 600)).levels == (1, 1, 1)
    assert of_numbers(np.ones(600)).levels == (0, 0, 0)


@pytest.mark.parametrize("of", [of_numbers, of_labels])
def test_what_rests_on_too_few_rows_is_left_out(of) -> None:
    column = np.zeros(600)
    column[: LEAST_ROWS // 2] = 1
    assert len(of(column).rows) == 0


def test_codes_and_order_of_labels_mean_nothing() -> None:
    codes = RNG.integers(0, 4, 600)
    renamed = np.array([9, -3, 5, 1])[codes]
    projections = [rows.T @ rows for rows in (of_labels(codes).rows, of_labels(renamed).rows)]
    np.testing.assert_allclose(*projections, atol=1e-3)


def test_many_labels_keep_the_commonest() -> None:
    assert len(of_labels(np.repeat(np.arange(30), 25)).rows) == MOST_LEVELS
