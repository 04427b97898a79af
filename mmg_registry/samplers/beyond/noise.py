"""One number seen through noise that is not normal, not added, or not alike everywhere."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.stats import expon, exponnorm, laplace, norm

from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.quadrature import Nodes, density_entropy, even_panels, noisy_signal_mi, normal_nodes
from mmg_registry.samplers.tables import table_mi


def laplace_noise(scale: float) -> Sampler:
    """Return a standard normal x and y = x + Laplace noise."""
    return Sampler(f"laplace-noise-{scale:g}", 1, 1, partial(_laplace_mi, scale), partial(_draw_laplace, scale))


def _laplace_mi(scale: float) -> float:
    return noisy_signal_mi(normal_nodes(side=scale / 5), laplace(scale=scale))


def _draw_laplace(scale: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    return x, x + rng.laplace(scale=scale, size=(n, 1))


def exponential_noise(scale: float) -> Sampler:
    """Return a standard normal x and y = x + exponential noise: y - x has a sharp lower end."""
    draw = partial(_draw_exponential, scale)
    return Sampler(f"exponential-noise-{scale:g}", 1, 1, partial(_exponential_mi, scale), draw)


def _exponential_mi(scale: float) -> float:
    rule = even_panels(-9.0, 9 + 42 * scale, 0.25)
    return density_entropy(exponnorm.pdf(rule.at, scale), rule.weight) - float(expon.entropy(scale=scale))


def _draw_exponential(scale: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    return x, x + rng.exponential(scale, (n, 1))


def growing_noise() -> Sampler:
    """Return a standard normal x and y = (1 + |x|) N with N standard normal: x shows in the spread of y alone."""
    return Sampler("growing-noise", 1, 1, _growing_mi, _draw_growing)


def _growing_mi() -> float:
    size, y = even_panels(0.0, 9.0, 0.25), even_panels(-90.0, 90.0, 1.0)
    likelihood = norm.pdf(y.at, scale=1 + size.at[:, None])
    return table_mi((size.weight * norm.pdf(size.at))[:, None] * likelihood * y.weight)


def _draw_growing(rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    return x, (1 + np.abs(x)) * rng.standard_normal((n, 1))


def multiplied(spread: float) -> Sampler:
    """Return a standard normal x and y = x exp(spread N), N standard normal.

    y keeps the sign of x, and log |y| is log |x| plus noise: log 2 nats and those of the logarithms.
    """
    return Sampler(f"multiplied-{spread:g}", 1, 1, partial(_multiplied_mi, spread), partial(_draw_multiplied, spread))


def _multiplied_mi(spread: float) -> float:
    rule = even_panels(-40.0, math.log(9), spread / 2)
    size = np.exp(rule.at)
    return math.log(2) + noisy_signal_mi(Nodes(rule.at, 2 * rule.weight * norm.pdf(size) * size), norm(scale=spread))


def _draw_multiplied(spread: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    return x, x * np.exp(spread * rng.standard_normal((n, 1)))
