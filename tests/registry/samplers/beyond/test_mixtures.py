"""Mixtures: truths against the mean of exact log density ratios over drawn rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from channels import by_channel, mean
from scipy import stats

from mmg_registry.samplers import Mixture, mixture_mi
from mmg_registry.samplers.beyond import mixtures


def test_bent_waves_are_a_mixture_in_the_plane_on_a_curve() -> None:
    sampler = mixtures.bent_waves()
    means = np.array([(1.5 * k, 1.5 * (k % 4)) for k in range(12)])
    plane = Mixture(np.full(12, 1 / 12), means, np.tile(0.1 * np.eye(2), (12, 1, 1)))
    x, y = sampler.sample(20_000)
    b = x[:, 1] / 0.5
    a = 10 * (x[:, 0] + 0.8) - 5 * np.sin(3 * b)
    assert mean(plane.pointwise(np.column_stack([a, y[:, 0]]))).holds(sampler.true_mi, bias=0.0)
    assert np.abs(np.corrcoef(b, y[:, 0])[0, 1]) < 0.03
    assert mixture_mi(plane, order=10) == pytest.approx(sampler.true_mi, abs=1e-5)


def test_a_label_in_the_width() -> None:
    def law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Of x given the label, which is what y tells."""
        return stats.norm.logpdf(x, scale=np.round(y)).sum(-1)

    sampler = mixtures.label_in_width(10)
    x, y = sampler.sample(20_000)
    by_label = np.stack([law(x, np.array([[k]])) for k in (1.0, 2.0, 3.0)])
    margin = np.log(np.exp(by_label).mean(0))
    assert mean(law(x, y) - margin).holds(sampler.true_mi, bias=0.0)


def test_contaminated_rows() -> None:
    sampler = mixtures.contaminated(5, 0.2, 0.8)

    def law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        related = stats.norm.logpdf(y[..., :2], 0.8 * x[..., :2], 0.6).sum(-1)
        unrelated = stats.norm.logpdf(y[..., :2]).sum(-1)
        return np.logaddexp(math.log(0.8) + related, math.log(0.2) + unrelated)

    x, y = sampler.sample(50_000)
    assert mean(law(x, y) - stats.norm.logpdf(y[:, :2]).sum(1)).holds(sampler.true_mi, bias=0.0)
    assert by_channel(sampler, law, rows=1000, others=1000).holds(sampler.true_mi, bias=0.02)


def test_rows_that_are_all_related_share_what_the_pairs_do() -> None:
    assert mixtures.contaminated(3, 1e-12, 0.6).true_mi == pytest.approx(-math.log(1 - 0.36), abs=1e-6)


def test_clusters() -> None:
    sampler = mixtures.clusters(4)
    ratio = mixtures.clusters_ratio(np.hstack(sampler.sample(20_000)))
    assert mean(ratio).holds(sampler.true_mi, bias=0.0)
    assert mixtures._clusters_mi(4, seed=1) == pytest.approx(sampler.true_mi, abs=0.0015)


def test_the_ratio_of_clusters_is_that_of_their_densities() -> None:
    centres, covariances = mixtures._cluster_laws(2)
    z = np.array([[0.3, -1.0, 0.2, 0.9]])
    parts = [slice(0, 4), slice(0, 2), slice(2, 4)]
    laws = [
        np.mean(
            [
                stats.multivariate_normal.pdf(z[0, part], m[part], c[part, part])
                for m, c in zip(centres, covariances, strict=True)
            ]
        )
        for part in parts
    ]
    assert mixtures.clusters_ratio(z)[0] == pytest.approx(math.log(laws[0] / laws[1] / laws[2]))
