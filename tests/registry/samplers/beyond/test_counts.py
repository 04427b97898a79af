"""Counts and zeros: truths against Monte Carlo over drawn rows, and against counting them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from channels import LogLaw, by_channel, by_counts
from scipy import stats

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.beyond import counts


def neuron_law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return stats.poisson.logpmf(y[..., 0], counts._rate(x[..., 0]))


def overdispersed_law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return stats.nbinom.logpmf(y[..., 0], 2.0, 2.0 / (2.0 + np.exp(1 + x[..., 0])))


@pytest.mark.parametrize(
    ("sampler", "law"),
    [(counts.tuned_neuron(), neuron_law), (counts.overdispersed(1.0, 2.0), overdispersed_law)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_counts_beside_a_number(sampler: Sampler, law: LogLaw) -> None:
    assert by_channel(sampler, law, rows=4000, others=1000).holds(sampler.true_mi, bias=0.005)


def test_two_counts_are_counted() -> None:
    sampler = counts.counts(0.95, 1.0)
    assert by_counts(sampler) == pytest.approx(sampler.true_mi, abs=0.006)


def test_dropout_leaves_the_pairs_that_are_kept() -> None:
    sampler = counts.dropout(0.9, 0.7)
    x, y = sampler.sample(50_000)
    both = (x > 0) & (y > 0)
    assert both.mean() == pytest.approx(0.49, abs=0.01)
    assert np.corrcoef(np.log(x[both]), np.log(y[both]))[0, 1] == pytest.approx(0.9, abs=0.01)
    assert sampler.true_mi == pytest.approx(-0.49 * 0.5 * math.log(0.19))
