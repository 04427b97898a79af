"""Numbers cut into levels: quantile labels of a normal, and ordinal answers on both sides."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from mmg_registry.arrays import F64
from mmg_registry.limits import checked, demand_value
from mmg_registry.samplers.contract import Sampler, Samples, product_of
from mmg_registry.samplers.tables import table_entropy, table_mi

NODES = 64  # of Gauss-Legendre in a level of at most two standard deviations, where the normal law is smooth: 1e-15
REACH = 9.0  # standard deviations; beyond lie 2e-19 of the rows


def quantised_normal(dim: int = 1, levels: int = 5) -> Sampler:
    """Return `dim` normals and, of each, which of `levels` equally likely intervals it lies in: dim log(levels) nats.

    Raises:
        OptionError: for a dimension below 1, or fewer than two levels.

    Example:
        >>> round(quantised_normal(2, 12).true_mi, 4)
        4.9698
    """
    demand_value(levels >= 2, "levels", levels, "2 or more")
    parts = [labelled_normal(np.full(levels, 1 / levels))] * checked("dim", dim)
    return product_of(f"quantised-normal-{dim}-{levels}", parts)


def labelled_normal(shares: F64) -> Sampler:
    """Return a normal and the interval it lies in, of probabilities `shares` `(k,)`: the entropy of the intervals."""
    return Sampler(
        f"labelled-normal-{len(shares)}", 1, 1, table_entropy(shares), partial(_draw_labelled, np.cumsum(shares))
    )


def _draw_labelled(ends: F64, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    return x, np.searchsorted(ends[:-1], ndtr(x)).astype(np.float64)


def shares_of_entropy(mi: float) -> F64:
    """Return the probabilities of as few labels as have an entropy of `mi` nats: all equal but one, which is smaller.

    Example:
        >>> shares_of_entropy(np.log(3)).round(6).tolist()
        [0.333333, 0.333333, 0.333333]
    """
    labels = max(2, math.ceil(math.exp(mi) * (1 - 1e-12)))

    def shares(largest: float) -> F64:
        return np.append(np.full(labels - 1, largest), max(0.0, 1 - (labels - 1) * largest))

    ends = 1 / labels, 1 / (labels - 1)
    if table_entropy(shares(ends[0])) <= mi:
        return shares(ends[0])
    return shares(float(brentq(lambda largest: table_entropy(shares(largest)) - mi, *ends, xtol=1e-15)))


def ordinal(rho: float = 0.8, levels_x: int = 5, levels_y: int = 7) -> Sampler:
    """Return two normals of correlation `rho`, cut into levels of equal width between -2 and 2, the outer ones open.

    The probability of a cell is the integral over the level of x of the normal law of y given x (Gauss-Legendre).

    Raises:
        OptionError: for a correlation outside (-1, 1).
    """
    demand_value(-1 < rho < 1, "rho", rho, "a correlation between -1 and 1")
    cuts = _cuts(levels_x), _cuts(levels_y)
    name = f"ordinal-{levels_x}-{levels_y}-{rho:g}"
    return Sampler(name, 1, 1, table_mi(level_masses(rho, *cuts)), partial(_draw_ordinal, rho, *cuts))


def _cuts(levels: int) -> F64:
    return np.linspace(-2, 2, levels + 1)[1:-1]


def level_masses(rho: float, cuts_x: F64, cuts_y: F64) -> F64:
    """Return the probability `(a + 1, b + 1)` of each two levels of normals cut at `cuts_x` (a) and `cuts_y` (b)."""
    node, weight = np.polynomial.legendre.leggauss(NODES)
    ends = np.concatenate([[-REACH], cuts_x, [REACH]])
    half = np.diff(ends)[:, None] / 2
    x = ends[:-1, None] + half * (node + 1)  # (a + 1, NODES)
    density = half * weight * np.exp(-(x**2) / 2)
    bounds = np.concatenate([[-np.inf], cuts_y, [np.inf]])
    below = ndtr((bounds - rho * x[..., None]) / math.sqrt((1 - rho) * (1 + rho)))
    masses: F64 = np.einsum("an,anb->ab", density, np.diff(below, axis=2))
    return np.asarray(masses / masses.sum())


def _draw_ordinal(rho: float, cuts_x: F64, cuts_y: F64, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    y = rho * x + math.sqrt((1 - rho) * (1 + rho)) * rng.standard_normal((n, 1))
    of_x, of_y = (1 + np.searchsorted(cuts, z).astype(np.float64) for cuts, z in ((cuts_x, x), (cuts_y, y)))
    return of_x, of_y
