"""Features of a variable: orthonormal, nested, and the same whatever increasing map is taken of a column."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.significance.features import features_of, fewer, orthonormal, waves

NORMAL = np.random.default_rng(0).standard_normal((300, 3))


@pytest.mark.parametrize("columns", [1, 3])
def test_features_are_orthonormal_and_centred(columns: int) -> None:
    found = features_of(NORMAL[:, :columns], seed=0).values
    assert np.allclose(found.T @ found, 300 * np.eye(found.shape[1]))
    assert np.allclose(found.mean(axis=0), 0)


@pytest.mark.parametrize("columns", [1, 3])
def test_increasing_maps_change_nothing(columns: int) -> None:
    side = NORMAL[:, :columns]
    assert np.allclose(features_of(side, 0).values, features_of(np.exp(3 * side), 0).values)


def test_levels_rise_to_the_number_of_features_which_rows_bound() -> None:
    found = features_of(NORMAL, seed=0)
    assert found.levels[0] == 3
    assert found.levels[-1] == found.values.shape[1] == 300 // 20
    assert list(found.levels) == sorted(set(found.levels))


def test_two_values_have_one_feature() -> None:
    assert features_of(NORMAL[:, :1] > 0, seed=0).levels == (1,)


def test_columns_that_others_tell_are_left_out() -> None:
    parts = [NORMAL[:, :2], np.hstack([NORMAL[:, :1] - NORMAL[:, 1:2], NORMAL[:, 2:]])]
    assert orthonormal(parts, 10).levels == (2, 3)


def test_waves_are_drawn_by_the_seed() -> None:
    same, again, other = (waves(NORMAL, 1.0, 5, seed) for seed in (0, 0, 1))
    assert np.array_equal(same, again)
    assert not np.allclose(same, other)


def test_many_columns_become_their_first_components() -> None:
    wide = np.hstack([NORMAL, 10 * NORMAL[:, :1]])
    kept = fewer(wide, 1)
    assert abs(np.corrcoef(kept[:, 0], NORMAL[:, 0])[0, 1]) > 0.99
