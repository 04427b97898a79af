"""Labels: truths against densities at drawn rows, and against counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from channels import by_counts, mean
from scipy import stats

from mmg_registry.samplers.beyond import labels


def test_clusters_and_arms_by_their_densities() -> None:
    sampler = labels.labelled_clusters(10, 0.6)
    x, y = sampler.sample(20_000)
    every = stats.norm.pdf(x[:, None], labels._centres(10), 0.6).prod(2)
    own = every[np.arange(len(x)), y[:, 0].astype(int)]
    assert mean(np.log(own / every.mean(1))).holds(sampler.true_mi, bias=0.0)

    sampler = labels.two_arms(0.1)
    x, y = sampler.sample(2000)
    t = (np.arange(500) + 0.5) / 500
    density = np.stack([stats.norm.pdf(x[:, None], labels._arm(t, c), 0.1).prod(2).mean(1) for c in (0.0, 1.0)])
    own = density[y[:, 0].astype(int), np.arange(len(x))]
    assert mean(np.log(own / density.mean(0))).holds(sampler.true_mi, bias=0.0)


def test_a_quantised_number() -> None:
    x, y = labels.quantised_uniform(5).sample(1000)
    np.testing.assert_array_equal(y, np.floor(5 * x))
    assert labels.quantised_uniform(5).true_mi == math.log(5)


def test_levels_are_counted() -> None:
    sampler = labels.ordinal(6.0, (0.3, 0.6, 0.9), (0.2, 0.4, 0.6, 0.8))
    assert by_counts(sampler) == pytest.approx(sampler.true_mi, abs=0.006)
    x, _ = sampler.sample(20_000)
    np.testing.assert_allclose(np.bincount(x[:, 0].astype(int)) / 20_000, (0.3, 0.3, 0.3, 0.1), atol=0.02)
