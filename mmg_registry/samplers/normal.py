"""Jointly normal pairs: their information is that of their correlations."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.limits import checked, demand_value
from mmg_registry.samplers.contract import DrawSamples, Sampler, Samples


def gaussian(dim: int = 5, mi: float = 1.0) -> Sampler:
    """Return standard normals in `dim` independent coordinate pairs that share `mi` nats in equal parts.

    Raises:
        OptionError: for a dimension below 1, or an information that is negative or not finite.

    Example:
        >>> gaussian(dim=2, mi=0.5).true_mi
        0.5
    """
    dim, mi = checked("dim", dim), checked("mi", mi)
    noise = math.exp(-mi / dim)  # sd of y given x; 1 - rho^2 = noise^2 keeps its digits for rho near 1
    rho = np.full(dim, math.sqrt(-math.expm1(-2 * mi / dim)))
    return Sampler(f"gaussian-{dim}-{mi:g}", dim, dim, float(mi), partial(_draw_pairs, rho, np.full(dim, noise)))


def independent(dim: int = 5) -> Sampler:
    """Return independent standard normals, `dim` against `dim` columns: 0 nats.

    Raises:
        OptionError: for a dimension below 1.
    """
    base = gaussian(dim, 0.0)
    return Sampler(f"independent-{dim}", dim, dim, 0.0, base.draw)


def bivariate_normal(rho: float = 0.75) -> Sampler:
    """Return two standard normals with correlation `rho`: -1/2 log(1 - rho^2) nats.

    Raises:
        OptionError: for a correlation outside (-1, 1).
    """
    demand_value(-1 < rho < 1, "rho", rho, "a correlation between -1 and 1")
    return Sampler(f"1v1-normal-{rho:g}", 1, 1, _gaussian_mi(np.array([rho])), _pairs(np.array([rho])))


def multinormal_sparse(dim: int, strength: float = 2.0, n_pairs: int = 2) -> Sampler:
    """Return standard normals, `dim` against `dim` columns, of which the first `n_pairs` pairs are correlated.

    Each correlated pair is a shared factor of loading `strength` plus unit noises, so its correlation is
    strength^2 / (1 + strength^2), 0.8 for strength 2, and it shares log(1 + strength^2) - 1/2 log(1 + 2 strength^2)
    nats.

    Raises:
        OptionError: for fewer dimensions than correlated pairs.

    Example:
        >>> round(multinormal_sparse(5).true_mi, 4)
        1.0217
    """
    demand_value(0 <= n_pairs <= dim, "n_pairs", n_pairs, f"from 0 to dim, which is {dim}")
    correlation, squared = np.zeros(dim), strength**2
    correlation[:n_pairs] = squared / (1 + squared)
    noise = np.ones(dim)
    noise[:n_pairs] = math.sqrt(1 + 2 * squared) / (1 + squared)  # 1 - rho^2 without cancellation
    name = f"multinormal-sparse-{dim}-{dim}-{n_pairs}-{float(strength)}"
    return Sampler(name, dim, dim, -float(np.sum(np.log(noise))), partial(_draw_pairs, correlation, noise))


def sparse_strength(mi: float, n_pairs: int = 2) -> float:
    """Return the strength s at which `multinormal_sparse` shares `mi` nats.

    It solves (1 + s^2)^2 / (1 + 2 s^2) = exp(2 mi / n_pairs).

    Raises:
        OptionError: for an information that is negative or too large for float64.

    Example:
        >>> round(sparse_strength(1.0216512475319814), 6)
        2.0
    """
    demand_value(0 <= 2 * mi / n_pairs < 350, "mi", mi, f"between 0 and {175 * n_pairs} nats")
    grown = math.expm1(2 * mi / n_pairs)
    return math.sqrt(grown + math.sqrt(grown * (grown + 1)))


def multinormal_dense(dim: int, correlation: float = 0.5) -> Sampler:
    """Return standard normals, `dim` against `dim` columns, all pairs of which have the same correlation, in [0, 1).

    Raises:
        OptionError: for a correlation outside [0, 1).
    """
    r = correlation
    demand_value(0 <= r < 1, "correlation", r, "0 or more and below 1")
    ratio = (1 + (dim - 1) * r) ** 2 / ((1 - r) * (1 + (2 * dim - 1) * r))
    return Sampler(f"multinormal-dense-{dim}-{dim}-{r}", dim, dim, 0.5 * math.log(ratio), partial(_draw_dense, dim, r))


def _gaussian_mi(rho: F64) -> float:
    return float(-0.5 * np.sum(np.log1p(-rho) + np.log1p(rho)))


def _pairs(rho: F64) -> DrawSamples:
    return partial(_draw_pairs, rho, np.sqrt((1 - rho) * (1 + rho)))


def _draw_pairs(rho: F64, noise: F64, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, len(rho)))
    return x, rho * x + noise * rng.standard_normal((n, len(rho)))


def _draw_dense(dim: int, r: float, rng: np.random.Generator, n: int) -> Samples:
    z = math.sqrt(r) * rng.standard_normal((n, 1)) + math.sqrt(1 - r) * rng.standard_normal((n, 2 * dim))
    return z[:, :dim], z[:, dim:]
