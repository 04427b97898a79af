"""Labels, counts and zeros: truths against sums over atoms, and Monte Carlo over drawn rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from channels import LogLaw, by_channel, mean
from scipy import stats

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.beyond import labels
from mmg_registry.samplers.quadrature import mi_of_masses


def neuron_law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return stats.poisson.logpmf(y[..., 0], labels._rate(x[..., 0]))


def overdispersed_law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return stats.nbinom.logpmf(y[..., 0], 2.0, 2.0 / (2.0 + np.exp(1 + x[..., 0])))


@pytest.mark.parametrize(
    ("sampler", "law"),
    [(labels.tuned_neuron(), neuron_law), (labels.overdispersed(1.0, 2.0), overdispersed_law)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_counts_beside_a_number(sampler: Sampler, law: LogLaw) -> None:
    assert by_channel(sampler, law, rows=4000, others=1000).holds(sampler.true_mi, bias=0.005)


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


@pytest.mark.parametrize(
    "sampler", [labels.ordinal(6.0, (0.3, 0.6, 0.9), (0.2, 0.4, 0.6, 0.8)), labels.counts(0.95, 1.0)],
    ids=lambda sampler: sampler.name,
)  # fmt: skip
def test_both_sides_counted(sampler: Sampler) -> None:
    """The information of a table of counts is too large by its degrees of freedom over twice the rows (Miller 1955)."""
    x, y = (np.unique(side, return_inverse=True)[1].ravel() for side in sampler.sample(400_000))
    table = np.zeros((x.max() + 1, y.max() + 1))
    np.add.at(table, (x, y), 1.0)
    freedom = (table > 0).sum() - (table.sum(1) > 0).sum() - (table.sum(0) > 0).sum() + 1
    assert mi_of_masses(table) - freedom / 800_000 == pytest.approx(sampler.true_mi, abs=0.006)


def test_two_spins_and_a_lattice() -> None:
    # two rows of two spins: the halves share what a ring of four, cut by two bonds, shares
    small = labels.ising(0.5, side=2)
    states = [(a, b, c, d) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1) for d in (-1, 1)]
    weight = {s: math.exp(0.5 * (s[0] * s[1] + s[1] * s[2] + s[2] * s[3] + s[3] * s[0])) for s in states}
    table = np.array([[weight[s] for s in states if s[0] == a and s[3] == d] for a in (-1, 1) for d in (-1, 1)])
    assert small.true_mi == pytest.approx(mi_of_masses(table))
    x, y = labels.ising(0.5).sample(20_000)
    assert set(np.unique(x)) == {-1.0, 1.0}
    spins, probability = labels._ising_law(0.5, 4)
    assert (x[:, 1] * y[:, 0]).mean() == pytest.approx(probability @ (spins[:, 0, 1] * spins[:, 0, 2]), abs=0.03)


def test_dropout_leaves_the_pairs_that_are_kept() -> None:
    sampler = labels.dropout(0.9, 0.7)
    x, y = sampler.sample(50_000)
    both = (x > 0) & (y > 0)
    assert both.mean() == pytest.approx(0.49, abs=0.01)
    assert np.corrcoef(np.log(x[both]), np.log(y[both]))[0, 1] == pytest.approx(0.9, abs=0.01)
    assert sampler.true_mi == pytest.approx(-0.49 * 0.5 * math.log(0.19))
