"""Jointly normal pairs: correlations, and informations that keep their digits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry import samplers
from mmg_registry.errors import OptionError
from mmg_registry.samplers import SAMPLERS, gaussian


@pytest.mark.parametrize(("dim", "mi"), [(1, 0.3), (5, 1.0), (3, 9.0)])
def test_gaussian_shares_its_information_in_equal_parts(dim: int, mi: float) -> None:
    x, y = gaussian(dim, mi).sample(50_000, seed=1)
    residual = np.array([np.var(y[:, j] - np.mean(x[:, j] * y[:, j]) * x[:, j]) for j in range(dim)])
    np.testing.assert_allclose(-0.5 * np.log(residual), mi / dim, atol=0.02)
    np.testing.assert_allclose(np.cov(y.T).reshape(dim, dim), np.eye(dim), atol=0.03)


def test_independent_pair_has_no_information() -> None:
    task = samplers.independent(3)
    x, y = task.sample(20_000)
    assert task.true_mi == 0
    assert np.abs(x.T @ y / 20_000).max() < 0.03


def test_sparse_information_keeps_its_digits_at_high_strength() -> None:
    task = samplers.multinormal_sparse(3, strength=2000.0)
    assert task.true_mi == pytest.approx(14.5086, abs=1e-3)
    x, y = task.sample(20_000)
    assert np.var(x[:, 0] - y[:, 0]) == pytest.approx(2 / (1 + 2000.0**2), rel=0.05)


def test_dense_pair_has_equal_correlations() -> None:
    z = np.hstack(SAMPLERS["multinormal-dense-3-3-0.5"].sample(50_000))
    np.testing.assert_allclose(np.cov(z.T), 0.5 + 0.5 * np.eye(6), atol=0.03)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: gaussian(0, 1.0), "'dim' is 0"),
        (lambda: gaussian(2, -0.1), "'mi' is -0.1"),
        (lambda: gaussian(2, math.inf), "'mi' is inf"),
        (lambda: gaussian(2, math.nan), "'mi' is nan"),
        (lambda: samplers.independent(0), "'dim' is 0"),
        (lambda: samplers.bivariate_normal(1.0), "correlation"),
        (lambda: samplers.multinormal_dense(2, 1.0), "correlation"),
        (lambda: samplers.multinormal_sparse(1), "pairs"),
    ],
)
def test_parameters_out_of_range_are_refused(make: object, word: str) -> None:
    with pytest.raises(OptionError, match=word):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("mi", [0.0, 1e-6, 1.0216512475319814, 20.0, 300.0])
def test_strength_and_information_are_inverse(mi: float) -> None:
    assert samplers.multinormal_sparse(3, samplers.sparse_strength(mi)).true_mi == pytest.approx(mi, rel=1e-6)


@pytest.mark.parametrize("mi", [-0.1, 350.0, math.nan])
def test_information_that_no_strength_has_is_refused(mi: float) -> None:
    with pytest.raises(OptionError, match="between 0 and 350 nats"):
        samplers.sparse_strength(mi)
