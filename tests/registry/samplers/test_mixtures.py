"""Mixtures of normals: quadrature against closed forms and drawn rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mmg_registry import samplers
from mmg_registry.samplers import THREE_COMPONENTS, gaussian_mixture, mixture_mi


def test_mixture_information_is_converged_and_agrees_with_monte_carlo() -> None:
    task = gaussian_mixture()
    assert mixture_mi(THREE_COMPONENTS, order=40) == pytest.approx(task.true_mi, abs=1e-9)
    pointwise = THREE_COMPONENTS.pointwise(np.hstack(task.sample(200_000, seed=1)))
    assert pointwise.mean() == pytest.approx(task.true_mi, abs=4 * pointwise.std() / np.sqrt(len(pointwise)))


def test_mixture_of_one_component_has_the_closed_form() -> None:
    covariance = np.array([[[2.0, 1.2], [1.2, 1.0]]])
    one = samplers.Mixture(np.ones(1), np.zeros((1, 2)), covariance)
    assert mixture_mi(one) == pytest.approx(-0.5 * math.log(1 - 1.2**2 / 2), abs=1e-9)


def test_mixture_of_far_apart_components_is_the_entropy_of_its_weights() -> None:
    far = samplers.Mixture(
        np.array([0.2, 0.3, 0.5]), np.array([[-40.0, -40], [0, 0], [40, 40]]), np.tile(np.eye(2), (3, 1, 1))
    )
    assert mixture_mi(far) == pytest.approx(-sum(w * math.log(w) for w in far.weights), abs=1e-9)


def test_mixture_rows_follow_its_density() -> None:
    x, y = gaussian_mixture().sample(20_000)
    marginal = stats.norm(THREE_COMPONENTS.means[:, 0], np.sqrt(THREE_COMPONENTS.covariances[:, 0, 0]))
    assert stats.kstest(x[:, 0], lambda t: marginal.cdf(t[:, None]) @ THREE_COMPONENTS.weights).pvalue > 1e-4
    w, means = THREE_COMPONENTS.weights, THREE_COMPONENTS.means
    centred = means - w @ means
    cross = w @ THREE_COMPONENTS.covariances[:, 0, 1] + w @ (centred[:, 0] * centred[:, 1])
    assert np.cov(x[:, 0], y[:, 0])[0, 1] == pytest.approx(cross, abs=0.06)
