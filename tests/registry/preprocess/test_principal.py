"""Principal components: what is kept of a side of many columns."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.preprocess.principal import Components

RNG = np.random.default_rng(0)
LOW = RNG.standard_normal((400, 3)) * [3.0, 2.0, 1.0]
WIDE = LOW @ np.linalg.qr(RNG.standard_normal((300, 3)))[0].T


@pytest.mark.parametrize("columns", [300, 12])
def test_components_are_uncorrelated_and_hold_all_that_varies(columns: int) -> None:
    rows = WIDE[:, :columns]
    found = Components.of(rows, 8)
    kept = found(rows)
    assert kept.shape == (400, 3)
    assert found.explained == pytest.approx(1.0, abs=1e-4)
    covariance = np.cov(kept.T)
    assert np.trace(covariance) / 3 == pytest.approx(1.0, abs=0.01)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-3


def test_as_many_as_asked_for_are_kept() -> None:
    found = Components.of(WIDE, 2)
    assert found.dim == 2
    assert 0.85 < found.explained < 0.97


def test_a_column_in_a_unit_of_its_own_does_not_hide_the_others() -> None:
    rows = RNG.standard_normal((400, 4)) * [1e6, 1.0, 1.0, 1.0]
    assert Components.of(rows, 4)(rows).std(axis=0) == pytest.approx(np.ones(4), abs=0.15)


def test_saved_components_are_the_same() -> None:
    found = Components.of(WIDE, 3)
    assert np.array_equal(Components.from_arrays(found.arrays())(WIDE), found(WIDE))
