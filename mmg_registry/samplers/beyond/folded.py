"""One-dimensional relations with several branches: one side tells only from which places the other may come."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.stats import norm

from mmg_registry.arrays import F64
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.quadrature import Nodes, even_panels, noisy_signal_mi, normal_nodes
from mmg_registry.samplers.tables import table_mi

PHASES = 2 * np.pi * (np.arange(4000) + 0.5) / 4000


def noisy_sine_mi(noise: float) -> float:
    """Return I(S; S + N) in nats for the sine S of a uniform angle and normal N of standard deviation `noise`."""
    return noisy_signal_mi(Nodes(np.sin(PHASES), np.full(len(PHASES), 1 / len(PHASES))), norm(scale=noise))


def chirp(periods: int, noise: float) -> Sampler:
    """Return x uniform on a turn and y = sin(periods x) + noise: two values of x in every period fit a y."""
    draw = partial(_draw_chirp, periods, noise)
    return Sampler(f"chirp-{periods}", 1, 1, partial(noisy_sine_mi, noise), draw)


def _draw_chirp(periods: int, noise: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.uniform(0, 2 * np.pi, (n, 1))
    return x, np.sin(periods * x) + noise * rng.standard_normal((n, 1))


def logistic_map(iterations: int, noise: float) -> Sampler:
    """Return x from the invariant law of x -> 4 x (1 - x), and y, its iterate plus noise: 2^iterations branches.

    The invariant law is that of (1 + sin of a uniform angle) / 2, so noise counts twice as much as beside a sine.
    """
    draw = partial(_draw_logistic, iterations, noise)
    return Sampler(f"logistic-{iterations}", 1, 1, partial(noisy_sine_mi, 2 * noise), draw)


def _draw_logistic(iterations: int, noise: float, rng: np.random.Generator, n: int) -> Samples:
    x = np.sin(np.pi / 2 * rng.random((n, 1))) ** 2
    y = x
    for _ in range(iterations):
        y = 4 * y * (1 - y)
    return x, y + noise * rng.standard_normal((n, 1))


def continued_fraction(noise: float) -> Sampler:
    """Return x from Gauss's law on (0, 1) and y = frac(1/x) + noise: infinitely many branches.

    The map x -> frac(1/x) keeps the law with density 1 / (log 2 (1 + x)).
    """
    return Sampler("continued-fraction", 1, 1, partial(_fraction_mi, noise), partial(_draw_fraction, noise))


def _fraction_mi(noise: float) -> float:
    rule = even_panels(0.0, 1.0, noise / 2)
    return noisy_signal_mi(Nodes(rule.at, rule.weight / (math.log(2) * (1 + rule.at))), norm(scale=noise))


def _draw_fraction(noise: float, rng: np.random.Generator, n: int) -> Samples:
    x = 2 ** (1 - rng.random((n, 1))) - 1  # in (0, 1]
    return x, np.mod(1 / x, 1) + noise * rng.standard_normal((n, 1))


def fork(noise: float) -> Sampler:
    """Return a standard normal x and y = x or -x, each half of the time, plus noise: a regression with two modes."""
    return Sampler(f"fork-{noise:g}", 1, 1, partial(_fork_mi, noise), partial(_draw_fork, noise))


def _fork_mi(noise: float) -> float:
    x, reach = normal_nodes(side=noise / 2), 9 + 9 * noise
    y = even_panels(-reach, reach, noise)
    likelihood = norm.pdf(y.at, x.at[:, None], noise) + norm.pdf(y.at, -x.at[:, None], noise)
    return table_mi(x.weight[:, None] * likelihood * y.weight)


def _draw_fork(noise: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    return x, x * rng.choice([-1, 1], (n, 1)) + noise * rng.standard_normal((n, 1))


def ring(width: float) -> Sampler:
    """Return the two coordinates of a point at a uniform angle on a circle of radius 1 + width N, N standard normal."""
    return Sampler(f"ring-{width:g}", 1, 1, partial(_ring_mi, width), partial(_draw_ring, width))


def _ring_mi(width: float) -> float:
    rule = even_panels(-1 - 9 * width, 1 + 9 * width, width)
    radius = np.hypot(rule.at[:, None], rule.at)
    return table_mi(rule.weight[:, None] * rule.weight * _ring_density(radius, width))


def _ring_density(radius: F64, width: float) -> F64:
    """Return the density of a point at `radius`; a radius below 0 shows as its absolute value."""
    both = norm.pdf(radius, 1, width) + norm.pdf(-radius, 1, width)
    return np.asarray(both / (2 * np.pi * radius), dtype=np.float64)


def _draw_ring(width: float, rng: np.random.Generator, n: int) -> Samples:
    angle, radius = rng.uniform(0, 2 * np.pi, (n, 1)), 1 + width * rng.standard_normal((n, 1))
    return radius * np.cos(angle), radius * np.sin(angle)
