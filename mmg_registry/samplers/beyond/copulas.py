"""Archimedean copulas: uniform margins that hang together most in one corner, in both, or in some rows alone.

Rows are drawn by frailties (Marshall and Olkin, "Families of multivariate distributions", 1988): two exponentials over
a positive random number that both share. Densities and generators are those of Nelsen, "An Introduction to Copulas",
2006, table 4.1. Log densities are functions of normal scores, whose logarithms of both tails keep their digits.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import digamma, log_ndtr, ndtr

from mmg_registry.arrays import F64
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.quadrature import copula_mi

LARGE = 1e15  # mean of a Poisson count from which on the count is the mean, to 8 digits


# ------------------------------------------------------------------------------------------ Clayton
def clayton(theta: float) -> Sampler:
    """Return a Clayton copula, whose lower corner hangs together.

    The mean log density has a closed form: log u has the mean -1, and the frailty W of shape 1 / theta turns u^-theta +
    v^-theta - 1 into 1 + G / W with G of shape 2, whose logarithm has the mean psi(2 + 1 / theta) - psi(1 / theta).
    """
    mean_log = digamma(2 + 1 / theta) - digamma(1 / theta)
    mi = math.log1p(theta) + 2 * (1 + theta) - (2 + 1 / theta) * float(mean_log)
    return Sampler(f"clayton-{theta:g}", 1, 1, mi, partial(clayton_rows, theta))


def clayton_rows(theta: float, rng: np.random.Generator, n: int) -> Samples:
    """Draw rows of a Clayton copula."""
    frailty = rng.gamma(1 / theta, size=(n, 1))
    u, v = ((1 + rng.exponential(size=(n, 1)) / frailty) ** (-1 / theta) for _ in "uv")
    return u, v


def clayton_log_density(theta: float, a: F64, b: F64) -> F64:
    """Return the log density of a Clayton copula at the normal scores a and b."""
    u, v = log_ndtr(a), log_ndtr(b)
    powers = np.logaddexp(-theta * u, -theta * v)
    inner = powers + np.log1p(-np.exp(-powers))
    return np.asarray(math.log1p(theta) - (1 + theta) * (u + v) - (2 + 1 / theta) * inner, dtype=np.float64)


def sometimes_clayton(theta: float, related: float) -> Sampler:
    """Return rows of which a share `related` follows a Clayton copula, and the rest is independent."""
    density = partial(_mixed_log_density, theta, related)
    draw = partial(_draw_sometimes, theta, related)
    return Sampler(f"clayton-{theta:g}-in-{related:g}", 1, 1, partial(copula_mi, density), draw)


def _mixed_log_density(theta: float, related: float, a: F64, b: F64) -> F64:
    found = np.logaddexp(math.log(related) + clayton_log_density(theta, a, b), math.log(1 - related))
    return np.asarray(found, dtype=np.float64)


def _draw_sometimes(theta: float, related: float, rng: np.random.Generator, n: int) -> Samples:
    u, v = clayton_rows(theta, rng, n)
    return u, np.where(rng.random((n, 1)) < related, v, rng.random((n, 1)))


# ------------------------------------------------------------------------------------------ Gumbel
def gumbel(theta: float) -> Sampler:
    """Return a Gumbel copula, whose upper corner hangs together."""
    mi = partial(copula_mi, partial(gumbel_log_density, theta))
    return Sampler(f"gumbel-{theta:g}", 1, 1, mi, partial(_draw_gumbel, theta))


def gumbel_log_density(theta: float, a: F64, b: F64) -> F64:
    """Return the log density of a Gumbel copula at the normal scores a and b."""
    s, t = -log_ndtr(a), -log_ndtr(b)
    log_sum = np.logaddexp(theta * np.log(s), theta * np.log(t)) / theta
    total = np.exp(log_sum)
    powers = (theta - 1) * (np.log(s) + np.log(t)) + (1 - 2 * theta) * log_sum
    return np.asarray(powers + np.log(total + theta - 1) + s + t - total, dtype=np.float64)


def _draw_gumbel(theta: float, rng: np.random.Generator, n: int) -> Samples:
    """Draw with a positive stable frailty of index 1 / theta (Chambers, Mallows and Stuck 1976)."""
    index, angle = 1 / theta, rng.uniform(0, np.pi, (n, 1))
    spread = np.sin((1 - index) * angle) / rng.exponential(size=(n, 1))
    frailty = np.sin(index * angle) / np.sin(angle) ** theta * spread ** (theta - 1)
    u, v = (np.exp(-((rng.exponential(size=(n, 1)) / frailty) ** index)) for _ in "uv")
    return u, v


# ------------------------------------------------------------------------------------------ Frank
def frank(theta: float) -> Sampler:
    """Return a Frank copula, which hangs together alike in both corners and not beyond."""
    mi = partial(copula_mi, partial(frank_log_density, theta))
    return Sampler(f"frank-{theta:g}", 1, 1, mi, partial(frank_rows, theta))


def frank_log_density(theta: float, a: F64, b: F64) -> F64:
    """Return the log density of a Frank copula at the normal scores a and b."""
    u, v, whole = ndtr(a), ndtr(b), -math.expm1(-theta)
    rest = whole - np.expm1(-theta * u) * np.expm1(-theta * v)
    return np.asarray(math.log(theta * whole) - theta * (u + v) - 2 * np.log(rest), dtype=np.float64)


def frank_distribution(theta: float, u: F64, v: F64) -> F64:
    """Return the probability that both sides of a Frank copula are at most u and v."""
    inner = np.expm1(-theta * u) * np.expm1(-theta * v) / math.expm1(-theta)
    return np.asarray(-np.log1p(inner) / theta, dtype=np.float64)


def frank_rows(theta: float, rng: np.random.Generator, n: int) -> Samples:
    """Draw rows of a Frank copula with a frailty from the logarithmic series."""
    whole = -math.expm1(-theta)
    frailty = rng.logseries(whole, (n, 1))
    u, v = (-np.log1p(-whole * np.exp(-rng.exponential(size=(n, 1)) / frailty)) / theta for _ in "uv")
    return u, v


# ------------------------------------------------------------------------------------------ Joe
def joe(theta: float) -> Sampler:
    """Return a Joe copula, whose upper corner hangs together, and the lower one hardly."""
    return Sampler(
        f"joe-{theta:g}", 1, 1, partial(copula_mi, partial(joe_log_density, theta)), partial(_draw_joe, theta)
    )


def joe_log_density(theta: float, a: F64, b: F64) -> F64:
    """Return the log density of a Joe copula at the normal scores a and b."""
    s, t = log_ndtr(-a), log_ndtr(-b)  # log(1 - u), log(1 - v)
    log_sum = np.logaddexp(theta * s, theta * t + np.log(-np.expm1(theta * s)))
    powers = (1 / theta - 2) * log_sum + (theta - 1) * (s + t)
    return np.asarray(powers + np.log(theta - 1 + np.exp(log_sum)), dtype=np.float64)


def _draw_joe(theta: float, rng: np.random.Generator, n: int) -> Samples:
    """Draw with a frailty of Sibuya's law: 1 + a Poisson count (Devroye, "A triptych of discrete distributions", 1993).

    The mean of the count is an exponential times a gamma of shape 1 - 1 / theta over one of shape 1 / theta.
    """
    ratio = rng.gamma(1 - 1 / theta, size=(n, 1)) / rng.gamma(1 / theta, size=(n, 1))
    mean = rng.exponential(size=(n, 1)) * ratio
    frailty = 1 + np.where(mean < LARGE, rng.poisson(np.minimum(mean, LARGE)), mean)
    u, v = (1 - (-np.expm1(-rng.exponential(size=(n, 1)) / frailty)) ** (1 / theta) for _ in "uv")
    return u, v
