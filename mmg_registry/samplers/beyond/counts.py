"""Counts, beside a number or another count, and values that are often zero."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.stats import nbinom, norm, poisson

from mmg_registry.arrays import F64
from mmg_registry.samplers.beyond.few_of_many import correlated, pairs_mi
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.quadrature import even_panels, normal_nodes
from mmg_registry.samplers.tables import table_mi

REACH = 5.5  # of the normals behind counts: beyond lies a mass of 4e-8, and counts of thousands


def tuned_neuron() -> Sampler:
    """Return a uniform angle and the Poisson count of a neuron that prefers the angle 0."""
    return Sampler("tuned-neuron", 1, 1, _neuron_mi, _draw_neuron)


def _rate(angle: F64) -> F64:
    """Return the expected count: 0.5 far from the preferred angle, 10.5 at it."""
    return np.asarray(0.5 + 10 * np.exp(3 * (np.cos(angle) - 1)), dtype=np.float64)


def _neuron_mi() -> float:
    angle = 2 * np.pi * np.arange(2000) / 2000
    return table_mi(np.asarray(poisson.pmf(np.arange(80)[:, None], _rate(angle))))


def _draw_neuron(rng: np.random.Generator, n: int) -> Samples:
    x = rng.uniform(0, 2 * np.pi, (n, 1))
    return x, rng.poisson(_rate(x)).astype(np.float64)


def overdispersed(mean: float, size: float) -> Sampler:
    """Return a standard normal x and a negative binomial count y of the mean exp(mean + x) and the size `size`.

    Its variance is m + m^2 / size at the mean m.
    """
    draw = partial(_draw_overdispersed, mean, size)
    return Sampler(f"overdispersed-{size:g}", 1, 1, partial(_overdispersed_mi, mean, size), draw)


def _overdispersed_mi(mean: float, size: float) -> float:
    x = normal_nodes(side=1.0, reach=REACH)
    chance = nbinom.pmf(np.arange(8000), size, size / (size + np.exp(mean + x.at[:, None])))
    return table_mi(x.weight[:, None] * chance)


def _draw_overdispersed(mean: float, size: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    return x, rng.poisson(rng.gamma(size, np.exp(mean + x) / size)).astype(np.float64)


def counts(rho: float, mean: float) -> Sampler:
    """Return Poisson counts at the rates exp(mean + z) of two normals z with the correlation `rho`."""
    return Sampler(f"counts-{rho:g}", 1, 1, partial(_counts_mi, rho, mean), partial(_draw_counts, rho, mean))


def _counts_mi(rho: float, mean: float) -> float:
    z = normal_nodes(side=0.5, reach=REACH)
    other = even_panels(-REACH, REACH, 0.5)
    joint = norm.pdf(other.at, rho * z.at[:, None], math.sqrt(1 - rho * rho)) * other.weight
    chance: F64 = np.asarray(poisson.pmf(np.arange(900)[:, None], np.exp(mean + z.at)))
    return table_mi(chance @ (z.weight[:, None] * joint) @ chance.T)


def _draw_counts(rho: float, mean: float, rng: np.random.Generator, n: int) -> Samples:
    x, y = correlated(rho, 1, rng, n)
    return rng.poisson(np.exp(mean + x)).astype(np.float64), rng.poisson(np.exp(mean + y)).astype(np.float64)


def dropout(rho: float, kept: float) -> Sampler:
    """Return two correlated log-normals, of each of which a value is kept with probability `kept` and else 0.

    Where one side is 0 the other tells nothing: kept^2 times the information of the pair.
    """
    return Sampler(f"dropout-{kept:g}", 1, 1, kept**2 * pairs_mi(rho), partial(_draw_dropout, rho, kept))


def _draw_dropout(rho: float, kept: float, rng: np.random.Generator, n: int) -> Samples:
    x, y = correlated(rho, 1, rng, n)
    return np.exp(x) * (rng.random((n, 1)) < kept), np.exp(y) * (rng.random((n, 1)) < kept)
