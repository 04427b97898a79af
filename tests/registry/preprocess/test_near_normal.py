"""Columns that networks see as they are."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.preprocess.near_normal import NearNormal, placed, tamed

RNG = np.random.default_rng(0)
SKEWED = np.exp(2 * RNG.standard_normal((1_000, 2)))


@pytest.mark.parametrize("mapped", [True, False])
def test_columns_have_mean_0_and_variance_1(mapped: bool) -> None:
    found = NearNormal.fit(SKEWED, mapped)
    rows = found(SKEWED)
    assert np.allclose(rows.mean(0), 0)
    assert np.allclose(rows.std(0), 1)
    assert bool(rows.max() < 5) == mapped
    assert np.array_equal(NearNormal.of_arrays(found.arrays())(SKEWED), rows)


def test_a_column_that_does_not_vary_in_these_rows_stays_finite() -> None:
    assert np.isfinite(NearNormal.fit(np.ones((20, 1)), mapped=False)(np.ones((3, 1)))).all()


def test_heavy_tails_alone_are_tamed() -> None:
    assert tamed(RNG.uniform(size=(1_000, 1))) is None
    assert placed(tamed(SKEWED), SKEWED).max() < 6
    assert np.array_equal(placed(None, SKEWED), SKEWED)
