"""What is done to one side beyond single columns: unmixing, a common scale, and when either is taken."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import ndtri, stdtr

from mmg_registry.preprocess import PairTransform, fit_map, fit_margins
from mmg_registry.preprocess.components import unmixing
from mmg_registry.preprocess.margins import Margins, log_likelihood
from mmg_registry.preprocess.shared_scale import SharedScale, fit_shared_scale, normal_copula_log_likelihood

N = 20_000


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def student(seed: int, n: int, dim: int, degrees: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, dim)) / np.sqrt(rng.chisquare(degrees, (n, 1)) / degrees)


def turned_square(seed: int, n: int, angle: float = 0.4) -> np.ndarray:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.random.default_rng(seed).random((n, 2)) @ turn.T


# ------------------------------------------------------------------------------------------ independent components
@pytest.mark.parametrize("dim", [2, 5])
def test_a_mixture_of_uniform_columns_is_undone(dim: int) -> None:
    sources = np.random.default_rng(0).random((dim, N))
    mixing = normal(1, dim, dim)
    found = unmixing(mixing @ sources)
    assert found is not None
    weights = np.abs(found @ mixing)
    assert np.all(np.sort(weights, axis=1)[:, -2] < 0.1 * weights.max(axis=1))  # one source a component
    assert len(set(weights.argmax(axis=1))) == dim


def test_normal_columns_have_no_components_to_settle_on() -> None:
    found = [unmixing(normal(seed, 8, 2_000)) for seed in range(3)]
    assert any(each is None for each in found)


def test_linearly_dependent_columns_are_not_unmixed() -> None:
    x = np.random.default_rng(0).random((2, N))
    assert unmixing(np.vstack([x, x.sum(axis=0)])) is None


# ------------------------------------------------------------------------------------------ the common scale
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
    # by the entropies of the t distribution: sum of margins less joint
    from mmg_registry.samplers import _student_entropy

    assert found.gain == pytest.approx(dim * _student_entropy(1, 2) - _student_entropy(dim, 2), abs=0.02)


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


# ------------------------------------------------------------------------------------------ when they are taken
def test_a_turned_square_is_unmixed_and_what_it_shares_becomes_linear() -> None:
    x = turned_square(0, N)
    y = ndtri(np.clip(turned_square(0, N, 0.0), 1e-6, 1 - 1e-6)) + 0.75 * normal(1, N, 2)
    assert "independent components" in fit_margins(x).words
    plain = [Margins(tuple(fit_map(side[:, j]) for j in range(2))) for side in (x, y)]
    truth = -np.log(1 - 1 / (1 + 0.75**2))
    assert PairTransform.fit(x, y).gaussian_mi == pytest.approx(truth, abs=0.03)
    assert PairTransform._from_margins(plain, x, y).gaussian_mi < truth - 0.04


@pytest.mark.parametrize("map_of", [lambda t: t, np.arcsinh, lambda t: t**3], ids=["t", "asinh", "cube"])
def test_a_common_scale_is_found_behind_any_margins(map_of) -> None:  # type: ignore[no-untyped-def]
    margins = fit_margins(map_of(student(3, N, 4, 2.0)))
    assert "common scale" in margins.words
    assert "independent components" not in margins.words
    out = margins(map_of(student(4, N, 4, 2.0)))
    assert abs(np.corrcoef(out[0] ** 2, out[1] ** 2)[0, 1]) < 0.1


@pytest.mark.parametrize(
    "data",
    [normal(5, N, 3), normal(6, N, 3) @ normal(7, 3, 3), np.sign(normal(8, N, 3)) * np.abs(normal(8, N, 3)) ** 1.5],
    ids=["normal", "mixed normal", "half-cube"],
)
def test_sides_that_single_columns_make_normal_get_no_more(data: np.ndarray) -> None:
    assert fit_margins(data).unmix is None
    assert fit_margins(data).scale is None


def test_few_rows_discrete_columns_and_plain_margins_are_left_alone() -> None:
    t = student(9, N, 3, 1.0)
    assert fit_margins(t[:80]).scale is None
    assert fit_margins(t, gaussianise=False).words == []
    with_discrete = np.column_stack([t, np.random.default_rng(0).integers(0, 3, N)])
    assert fit_margins(with_discrete).scale is None


def test_linearly_dependent_columns_get_no_common_scale() -> None:
    t = student(10, N, 2, 2.0)
    assert fit_margins(np.column_stack([t, t[:, 0]])).scale is None


def test_likelihood_of_the_true_margins_is_the_negative_entropy() -> None:
    rows = np.exp(normal(11, 50_000, 2))
    entropy = 2 * 0.5 * np.log(2 * np.pi * np.e)  # of log-normal columns: that of the normal ones, for their mean is 0
    assert log_likelihood(fit_margins(rows), rows) == pytest.approx(-entropy, abs=0.03)


def test_slopes_are_the_maps_derivative() -> None:
    column = np.exp(2 * normal(12, N))
    curve = fit_map(column)
    points = np.concatenate([np.quantile(column, [0.01, 0.2, 0.5, 0.9, 0.999]), [column.max() * 3, -5.0]])
    step = 1e-5 * curve.scale
    numeric = (curve(points + step) - curve(points - step)) / (2 * step)
    np.testing.assert_allclose(np.exp(curve.log_slope(points)), numeric, rtol=1e-3)


def test_the_state_of_unmixed_and_scaled_sides_gives_the_same_bits() -> None:
    x, y = turned_square(13, N), student(14, N, 3, 2.0)
    pair = PairTransform.fit(x, y)
    assert pair.x.margins.unmix is not None
    assert pair.y.margins.scale is not None
    arrays, meta = pair.state()
    again = PairTransform.from_state(arrays, json.loads(json.dumps(meta)))
    for a, b in zip(again.transform(x, y), pair.transform(x, y), strict=True):
        np.testing.assert_array_equal(a, b)
