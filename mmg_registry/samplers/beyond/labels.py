"""Labels and levels: a side that takes few values, whose order may mean nothing."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.stats import norm

from mmg_registry.arrays import F64
from mmg_registry.samplers.beyond.copulas import frank_distribution, frank_rows
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.tables import table_mi

CENTRE_SEED = 21
GRID = np.linspace(-8, 8, 401)
ARM_GRID = np.linspace(-2, 2, 401)


def quantised_uniform(levels: int) -> Sampler:
    """Return x uniform on (0, 1) and y, which of `levels` equal intervals holds it: log(levels) nats."""
    return Sampler(f"quantised-uniform-{levels}", 1, 1, math.log(levels), partial(_draw_quantised, levels))


def _draw_quantised(levels: int, rng: np.random.Generator, n: int) -> Samples:
    x = rng.random((n, 1))
    return x, np.floor(levels * x)


def labelled_clusters(labels: int, sd: float) -> Sampler:
    """Return round normal clusters in the plane as x, and their label as y."""
    draw = partial(_draw_labelled, labels, sd)
    return Sampler(f"labelled-clusters-{labels}", 2, 1, partial(_labelled_mi, labels, sd), draw)


def _centres(labels: int) -> F64:
    return 2 * np.random.default_rng(CENTRE_SEED).standard_normal((labels, 2))


def _labelled_mi(labels: int, sd: float) -> float:
    across, down = (norm.pdf(GRID, centre[:, None], sd) for centre in _centres(labels).T)
    return table_mi((across[:, :, None] * down[:, None, :]).reshape(labels, -1))


def _draw_labelled(labels: int, sd: float, rng: np.random.Generator, n: int) -> Samples:
    y = rng.integers(labels, size=n)
    return _centres(labels)[y] + sd * rng.standard_normal((n, 2)), y[:, None].astype(np.float64)


def two_arms(sd: float) -> Sampler:
    """Return two arms of a spiral with normal noise as x, and as y which of them a point belongs to."""
    return Sampler("two-arms", 2, 1, partial(_arms_mi, sd), partial(_draw_arms, sd))


def _arm(t: F64, which: F64 | float) -> F64:
    """Return places `(n, 2)` at the shares `t` of the way out along arm 0 or 1."""
    radius, angle = 0.3 + t, 2 * np.pi * 1.25 * t + np.pi * which
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _arms_mi(sd: float) -> float:
    t = (np.arange(800) + 0.5) / 800
    places = [[norm.pdf(ARM_GRID[:, None], axis, sd) for axis in _arm(t, which).T] for which in (0.0, 1.0)]
    return table_mi(np.stack([(across @ down.T).ravel() for across, down in places]))


def _draw_arms(sd: float, rng: np.random.Generator, n: int) -> Samples:
    y = rng.integers(2, size=n).astype(np.float64)
    return _arm(rng.random(n), y) + sd * rng.standard_normal((n, 2)), y[:, None]


def ordinal(theta: float, cuts_x: tuple[float, ...], cuts_y: tuple[float, ...]) -> Sampler:
    """Return the two sides of a Frank copula, each cut into levels at the given quantiles."""
    draw = partial(_draw_ordinal, theta, cuts_x, cuts_y)
    name = f"ordinal-{len(cuts_x) + 1}-{len(cuts_y) + 1}"
    return Sampler(name, 1, 1, partial(_ordinal_mi, theta, cuts_x, cuts_y), draw)


def _ordinal_mi(theta: float, cuts_x: tuple[float, ...], cuts_y: tuple[float, ...]) -> float:
    u, v = (np.array([0.0, *cuts, 1.0]) for cuts in (cuts_x, cuts_y))
    below = frank_distribution(theta, u[:, None], v)
    return table_mi(np.diff(np.diff(below, axis=0), axis=1))


def _draw_ordinal(
    theta: float, cuts_x: tuple[float, ...], cuts_y: tuple[float, ...], rng: np.random.Generator, n: int
) -> Samples:
    u, v = frank_rows(theta, rng, n)
    return np.digitize(u, cuts_x).astype(np.float64), np.digitize(v, cuts_y).astype(np.float64)
