"""A scale that the columns of a side share: its density, its map, and rows that have none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri, stdtr

from mmg_registry.preprocess.shared_scale import SharedScale, fit_shared_scale, normal_copula_log_likelihood

N = 20_000


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def student(seed: int, n: int, dim: int, degrees: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, dim)) / np.sqrt(rng.chisquare(degrees, (n, 1)) / degrees)


@pytest.mark.parametrize("degrees", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("dim", [2, 5])
def test_a_multivariate_t_becomes_normal_rows_of_independent_length(dim: int, degrees: float) -> None:
    scores = ndtri(stdtr(degrees, student(0, N, dim, degrees))).T
    found = fit_shared_scale(scores)
    assert found is not None
    assert found.scale.degrees == degrees
    out = found.scale(scores)
    np.testing.assert_allclose(np.cov(out), np.eye(dim), atol=0.05)
    square = np.sum(out**2, axis=0)
    assert np.mean(square**2) == pytest.approx(dim * (dim + 2), rel=0.05)  # chi-squared
    halves = np.sum(out[: dim // 2] ** 2, axis=0), np.sum(out[dim // 2 :] ** 2, axis=0)
    assert abs(np.corrcoef(*halves)[0, 1]) < 0.03
    before = np.abs(scores[: dim // 2]).sum(axis=0), np.abs(scores[dim // 2 :]).sum(axis=0)
    assert np.corrcoef(*before)[0, 1] > 0.15


def test_the_gain_is_that_of_the_densities() -> None:
    """The mean log-ratio of the t copula over the normal one, both at their true parameters."""
    degrees, dim = 2.0, 3
    scores = ndtri(stdtr(degrees, student(1, 50_000, dim, degrees))).T
    found = fit_shared_scale(scores, [degrees])
    assert found is not None
    assert normal_copula_log_likelihood(scores) == pytest.approx(0.0, abs=0.005)  # no correlation
    assert found.gain == pytest.approx(found.scale.log_likelihood(scores), abs=0.005)
    margin, joint = stats.t(degrees), stats.multivariate_t(np.zeros(dim), np.eye(dim), degrees)
    assert found.gain == pytest.approx(dim * margin.entropy() - joint.entropy(), abs=0.02)


def test_normal_scores_have_no_common_scale() -> None:
    for dim in (2, 10):
        found = fit_shared_scale(normal(2, dim, N))
        assert found is None or found.gain < 0.001


def test_the_map_of_a_scale_is_a_bijection_along_every_ray() -> None:
    scale = SharedScale(1.5, np.array([[1.0, 0.3], [0.0, 0.8]]))
    lengths = np.linspace(0.01, 6.0, 400)
    for angle in np.linspace(0, 2 * np.pi, 9):
        ray = np.array([np.cos(angle), np.sin(angle)])[:, None] * lengths
        assert np.all(np.diff(np.linalg.norm(scale.quantiles(ray), axis=0)) > 0)
        whitened = scale.factor @ scale.quantiles(ray)
        order = np.argsort(np.linalg.norm(whitened, axis=0))
        assert np.all(np.diff(np.linalg.norm(scale(ray), axis=0)[order]) > 0)


@pytest.mark.parametrize("score", [0.0, 8.9, 40.0, -40.0])
def test_extreme_scores_stay_finite(score: float) -> None:
    scale = SharedScale(1.0, np.eye(2))
    assert np.isfinite(scale(np.array([[score], [0.5]]))).all()
