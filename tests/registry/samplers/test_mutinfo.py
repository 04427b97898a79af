"""The grid of seven laws: each information against another way to it."""

from __future__ import annotations

import math

import numpy as np
import plug_in
import pytest

from mmg_registry.samplers import mutinfo_grid
from mmg_registry.samplers.mutinfo import rerolled_labels, smoothed_uniform

GRID = mutinfo_grid()
INFORMATIONS = [1 / 3, 0.5, 1.0, 5 / 3, 5.0, 10.0]


def test_the_grid_has_seven_laws_at_three_informations_in_three_dimensions() -> None:
    assert len(GRID) == 7
    for pairs in GRID.values():
        assert [(pair.true_mi, pair.dim_x, pair.dim_y) for pair in pairs] == [
            (mi, dim, dim) for mi in (1.0, 5.0, 10.0) for dim in (1, 2, 3)
        ]


@pytest.mark.parametrize("law", ["normal", "turned-normal"])
@pytest.mark.parametrize("place", range(9))
def test_normal_rows_have_the_canonical_correlations_of_their_information(law: str, place: int) -> None:
    pair = GRID[law][place]
    x, y = pair.sample(20_000)
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    assert 0.5 * (np.linalg.slogdet(np.cov(y.T).reshape(pair.dim_y, -1))[1] - _log_det(left)) == pytest.approx(
        pair.true_mi, abs=0.05
    )


def _log_det(rows: np.ndarray) -> float:
    return float(np.linalg.slogdet(np.cov(rows.T).reshape(rows.shape[1], -1))[1])


def test_turning_mixes_columns_and_keeps_norms() -> None:
    plain, turned = GRID["uniform"][4].sample(100), GRID["turned-uniform"][4].sample(100)
    for before, after in zip(plain, turned, strict=True):
        np.testing.assert_allclose(np.sum(before**2, axis=1), np.sum(after**2, axis=1))
        assert np.abs(before - after).min() > 1e-6


@pytest.mark.parametrize("mi", INFORMATIONS)
def test_smoothed_uniform_has_its_information(mi: float) -> None:
    """I = h(Y) - ln w, with h(Y) by the trapezoid rule over the trapezoid that is the law of Y."""
    x, y = smoothed_uniform(mi).sample(200_000)
    width = 2 * float(np.abs(y - x).max())  # of the noise, to a part in 100,000
    at = np.linspace(-width / 2, 1 + width / 2, 2_000_001)
    density = (np.clip(at + width / 2, 0, 1) - np.clip(at - width / 2, 0, 1)) / width
    entropy = -np.trapezoid(density * np.log(np.where(density > 0, density, 1)), at)
    assert smoothed_uniform(mi).true_mi == pytest.approx(mi, abs=1e-9)
    assert entropy - math.log(width) == pytest.approx(mi, abs=1e-3)


@pytest.mark.parametrize("place", [0, 1, 2, 4, 5])
def test_labels_of_normals_have_the_entropy_and_follow_the_number(place: int) -> None:
    pair = GRID["labelled-normal"][place]
    x, y = pair.sample(200_000)
    found = 0.0
    for j in range(pair.dim_x):
        assert np.all(np.diff(y[np.argsort(x[:, j]), j]) >= 0)
        found += plug_in.entropy(y[:, [j]])
    assert found == pytest.approx(pair.true_mi, abs=0.02)


@pytest.mark.parametrize("mi", INFORMATIONS[:4])
def test_rerolled_labels_have_their_information(mi: float) -> None:
    pair = rerolled_labels(mi)
    assert pair.true_mi == pytest.approx(mi, abs=1e-9)
    assert plug_in.mi(*pair.sample(200_000)) == pytest.approx(mi, abs=0.015)
