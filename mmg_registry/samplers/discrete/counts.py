"""Counts: Poisson numbers of a rate that is known, hidden, or shared by two sides."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import gammaln, xlogy

from mmg_registry.arrays import F64
from mmg_registry.limits import checked, demand_value
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.tables import table_entropy, table_mi

Rates = F64  # (m,) of which a Poisson law each
NODES = 400  # of Gauss-Legendre for an exponential rate, in its root, where the information is smooth
LARGEST = 36.0  # exponential rate; 2e-16 of the rows have a larger one
ANGLES = 360  # nodes on the circle, where the sum of a smooth function converges faster than any power of 1 / nodes
REACH = 7.0  # standard deviations of a normal log-rate: beyond lie 3e-12 of the rows
STEPS = 701  # nodes of a normal log-rate
TAIL = 10.0  # standard deviations of a count above its mean, and as many counts, within which tables end
LEAST = 1e-13  # probability below which the last counts of a table are left out


def count_laws(rates: Rates) -> F64:
    """Return the probability of each count from 0 on given each of `rates` `(m,)`, as `(m, counts)`."""
    most = float(rates.max())
    counts = np.arange(math.ceil(most + TAIL * math.sqrt(most) + TAIL))
    laws: F64 = np.exp(xlogy(counts, rates[:, None]) - rates[:, None] - gammaln(counts + 1))
    return laws[:, : np.flatnonzero(laws.max(axis=0) >= LEAST)[-1] + 1]


def zero_inflated_poisson(zeros: float = 0.15) -> Sampler:
    """Return X exponential of mean 1 and Y Poisson of rate X, but 0 with probability `zeros`.

    From Gao, Kannan, Oh and Viswanath, "Estimating Mutual Information for Discrete-Continuous Mixtures" (NeurIPS 2017).
    Their (1 - zeros) 0.3012 nats hold only where it is seen which zeros were put in; here it is not. The information
    is a sum over nodes of X.

    Raises:
        OptionError: for a probability outside [0, 1].

    Example:
        >>> [round(zero_inflated_poisson(zeros).true_mi, 4) for zeros in (0, 0.15, 0.5)]
        [0.3012, 0.2298, 0.1164]
    """
    demand_value(0 <= zeros <= 1, "zeros", zeros, "a probability")
    node, weight = np.polynomial.legendre.leggauss(NODES)
    root = math.sqrt(LARGEST) * (node + 1) / 2
    laws = (1 - zeros) * count_laws(root**2)
    laws[:, 0] += zeros
    laws *= (weight * root * np.exp(-(root**2)))[:, None]
    return Sampler(f"zero-inflated-poisson-{zeros:g}", 1, 1, table_mi(laws), partial(_draw_inflated, zeros))


def _draw_inflated(zeros: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.exponential(size=(n, 1))
    return x, np.where(rng.random((n, 1)) < zeros, 0.0, rng.poisson(x))


def counts_of_counts(rho: float = 0.9, log_mean: float = 0.5, log_sd: float = 0.8) -> Sampler:
    """Return two Poisson counts, whose log-rates are jointly normal with correlation `rho`.

    The table of both counts is a sum over nodes of both log-rates, `REACH` standard deviations to either side.

    Raises:
        OptionError: for a correlation outside (-1, 1).
    """
    demand_value(-1 < rho < 1, "rho", rho, "a correlation between -1 and 1")
    z = np.linspace(-REACH, REACH, STEPS)
    joint = np.exp(-(z[:, None] ** 2 - 2 * rho * z[:, None] * z + z**2) / (2 * (1 - rho) * (1 + rho)))
    laws = count_laws(np.exp(log_mean + log_sd * z))
    name = f"counts-of-counts-{rho:g}"
    return Sampler(name, 1, 1, table_mi(laws.T @ joint @ laws), partial(_draw_counts, rho, log_mean, log_sd))


def _draw_counts(rho: float, log_mean: float, log_sd: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    y = rho * x + math.sqrt((1 - rho) * (1 + rho)) * rng.standard_normal((n, 1))
    first, second = (rng.poisson(np.exp(log_mean + log_sd * z)).astype(np.float64) for z in (x, y))
    return first, second


def poisson_population(neurons: int = 1, peak: float = 8.0) -> Sampler:
    """Return a uniform angle and the spike counts of `neurons`, each tuned to an angle of its own.

    Their rate is 1/2 + peak exp(3 (cos(angle - own) - 1)), and they spike independently given the angle. So
    I = H(counts) - sum of H(count | angle), where the law of all counts is a sum over the angles.

    Raises:
        OptionError: for no neuron, or more than four, whose table would be large.
    """
    demand_value(1 <= checked("dim", neurons) <= 4, "neurons", neurons, "from 1 to 4")
    angles = 2 * math.pi * (np.arange(ANGLES) + 0.5) / ANGLES
    laws = [count_laws(rates) for rates in _rates(angles, neurons, peak).T]
    given = sum(table_entropy(law) for each in laws for law in each) / ANGLES
    mi = table_entropy(_all_counts(laws)) - given
    name = f"poisson-population-{neurons}" if neurons > 1 else "poisson-neuron"
    return Sampler(name, 1, neurons, mi, partial(_draw_population, neurons, peak))


def _rates(angles: F64, neurons: int, peak: float) -> F64:
    own = 2 * math.pi * np.arange(neurons) / neurons
    return np.asarray(0.5 + peak * np.exp(3 * (np.cos(angles[:, None] - own) - 1)))


def _all_counts(laws: list[F64]) -> F64:
    """Return the law of all neurons' counts, of the laws `(angles, counts)` of each given the angle."""
    sides = [np.ones((len(laws[0]), 1)), np.ones((len(laws[0]), 1))]  # two halves, so that the last sum is a product
    for i, law in enumerate(laws):
        half = i % 2
        sides[half] = (sides[half][:, :, None] * law[:, None, :]).reshape(len(law), -1)
    return np.asarray(sides[0].T @ sides[1])


def _draw_population(neurons: int, peak: float, rng: np.random.Generator, n: int) -> Samples:
    angle = rng.uniform(0, 2 * math.pi, n)
    return angle[:, None], rng.poisson(_rates(angle, neurons, peak)).astype(np.float64)
