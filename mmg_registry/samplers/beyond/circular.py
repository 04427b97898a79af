"""Angles: variables on a circle or a torus, whose ends are the same place."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import i0e, i1e
from scipy.stats import norm

from mmg_registry.arrays import F64
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.quadrature import density_entropy, even_panels

CAT = np.array([[2, 1], [1, 1]])  # Arnold's map of the torus: it keeps the uniform law
TURNS = np.arange(-20, 21)


def von_mises_mi(concentration: float) -> float:
    """Return the information in nats between a uniform angle and itself plus von Mises noise.

    It is log 2 pi minus the entropy of the noise, k I1(k) / I0(k) - log I0(k) for a concentration k (Mardia and Jupp,
    "Directional Statistics", 2000, section 3.5.4).
    """
    k = concentration
    return float(k * i1e(k) / i0e(k) - math.log(i0e(k)) - k)


def von_mises(concentration: float, angles: int = 1) -> Sampler:
    """Return `angles` uniform angles as x, and y, their sum plus von Mises noise; all in [0, 2 pi).

    Any angle that is left out of the sum makes it uniform, so that no part of x tells anything of y.
    """
    draw = partial(_draw_von_mises, concentration, angles)
    return Sampler(f"von-mises-{angles}", angles, 1, partial(von_mises_mi, concentration), draw)


def _draw_von_mises(concentration: float, angles: int, rng: np.random.Generator, n: int) -> Samples:
    x = rng.uniform(0, 2 * np.pi, (n, angles))
    return x, np.mod(x.sum(1, keepdims=True) + rng.vonmises(0, concentration, (n, 1)), 2 * np.pi)


def wrapped_uniform(width: float) -> Sampler:
    """Return x uniform on a circle of length 1 and y within `width` of it, uniformly: -log(2 width) nats."""
    return Sampler(f"wrapped-uniform-{width:g}", 1, 1, -math.log(2 * width), partial(_draw_wrapped, width))


def _draw_wrapped(width: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.random((n, 1))
    return x, np.mod(x + rng.uniform(-width, width, (n, 1)), 1)


def cat_map(noise: float) -> Sampler:
    """Return a uniform point x of the torus and y, its image under Arnold's cat map plus wrapped normal noise."""
    return Sampler(f"cat-map-{noise:g}", 2, 2, partial(_cat_mi, noise), partial(_draw_cat, noise))


def _cat_mi(noise: float) -> float:
    """Return twice minus the entropy of the noise in one coordinate, because y is uniform on the torus."""
    rule = even_panels(0.0, 1.0, 0.05)
    density: F64 = norm.pdf(rule.at[:, None] + TURNS, scale=noise).sum(1)
    return -2 * density_entropy(density, rule.weight)


def _draw_cat(noise: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.random((n, 2))
    return x, np.mod(x @ CAT.T + noise * rng.standard_normal((n, 2)), 1)
