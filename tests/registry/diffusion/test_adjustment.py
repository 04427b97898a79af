"""Regression adjustment: unbiased, sharper where features explain the rows, and honest about its error."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.diffusion import KnownMeans, adjust, features

RHO = np.array([0.8, 0.0])


def normal_pair(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows in canonical coordinates, and their log-density ratios."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, n, 2))
    y[:, 0] = 0.8 * x[:, 0] + 0.6 * y[:, 0]
    ratio = -math.log(0.6) - (x[:, 0] ** 2 * 0.64 + y[:, 0] ** 2 * 0.64 - 1.6 * x[:, 0] * y[:, 0]) / (2 * 0.36)
    return x, y, ratio


def estimates(n_eval: int, n_train: int, repeats: int, noise: float = 0.0) -> np.ndarray:
    """`(repeats, 2)`: adjusted means and their standard errors."""
    found = []
    for seed in range(repeats):
        x, y, _ = normal_pair(n_train, 2 * seed)
        new_x, new_y, ratio = normal_pair(n_eval, 2 * seed + 1)
        values = ratio + noise * np.random.default_rng(seed).standard_normal(n_eval)
        result = adjust(values, features(new_x, new_y, RHO), KnownMeans.of(x, y, RHO))
        found.append((result.mean, result.std_error))
    return np.array(found)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_error_is_that_of_repetitions_and_the_truth_lies_within_it(noise: float) -> None:
    means, errors = estimates(1_000, 9_000, 200, noise).T
    assert means.mean() == pytest.approx(-math.log(0.6), abs=4 * means.std() / math.sqrt(200))
    assert errors.mean() == pytest.approx(means.std(), rel=0.2)


def test_a_normal_pair_is_known_as_well_as_from_all_rows() -> None:
    assert estimates(1_000, 9_000, 20)[:, 1].max() < 0.0095  # 0.8 / sqrt(10,000) is 0.008; 1,000 rows alone: 0.025


def test_the_parts_of_the_error_are_those_of_residuals_and_fit() -> None:
    x, y, ratio = normal_pair(1_000, 1)
    known = KnownMeans.of(*normal_pair(9_000, 0)[:2], RHO)
    noisy = ratio + np.random.default_rng(0).standard_normal(1_000)
    found = adjust(noisy, features(x, y, RHO), known)
    assert found.residual_error == pytest.approx(1 / math.sqrt(1_000), rel=0.1)
    assert found.fitted_error == pytest.approx(0.8 / math.sqrt(10_000), rel=0.15)
    assert found.std_error == pytest.approx(math.hypot(found.residual_error, found.fitted_error))


def test_values_that_no_feature_explains_stay_as_they_are() -> None:
    x, y, _ = normal_pair(2_000, 0)
    values = np.random.default_rng(1).standard_normal(2_000)
    found = adjust(values, features(x, y, RHO), KnownMeans.of(*normal_pair(50_000, 2)[:2], RHO))
    assert found.mean == pytest.approx(values.mean(), abs=0.01)
    assert found.std_error == pytest.approx(1 / math.sqrt(2_000), rel=0.1)
    assert found.explained < 0.03


@pytest.mark.parametrize("n", [1, 2, 19])
def test_too_few_rows_are_not_adjusted(n: int) -> None:
    x, y, ratio = normal_pair(n, 0)
    found = adjust(ratio, features(x, y, RHO), KnownMeans(np.zeros(17), 100))
    assert found.mean == pytest.approx(ratio.mean())
    assert found.std_error == (math.inf if n == 1 else pytest.approx(ratio.std(ddof=1) / math.sqrt(n)))


def test_constant_values_have_no_error() -> None:
    x, y, _ = normal_pair(500, 0)
    found = adjust(np.full(500, 0.3), features(x, y, RHO), KnownMeans.of(x, y, RHO))
    assert (found.mean, found.std_error) == (pytest.approx(0.3), pytest.approx(0.0, abs=1e-12))


def test_chunks_do_not_show() -> None:
    x, y, _ = normal_pair(1_000, 0)
    whole, parts = KnownMeans.of(x, y, RHO), KnownMeans.of(x, y, RHO, chunk=7)
    np.testing.assert_allclose(whole.mean, parts.mean, rtol=1e-12)
    assert whole.count == parts.count == 1_000
