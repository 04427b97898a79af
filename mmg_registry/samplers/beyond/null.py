"""Independent pairs whose margins invite an estimator to find something."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmg_registry.samplers.contract import Sampler, Samples


def zeros(dim: int) -> Sampler:
    """Return independent log-normals, `dim` + `dim` columns, of which half are 0."""
    return Sampler(f"null-zeros-{dim}", dim, dim, 0.0, partial(_draw_zeros, dim))


def _draw_zeros(dim: int, rng: np.random.Generator, n: int) -> Samples:
    x, y = (np.exp(rng.standard_normal((n, dim))) * (rng.random((n, dim)) < 0.5) for _ in "xy")
    return x, y


def curves() -> Sampler:
    """Return independent points of two curves in three columns, without noise."""
    return Sampler("null-curves", 3, 3, 0.0, _draw_curves)


def _draw_curves(rng: np.random.Generator, n: int) -> Samples:
    x, y = (np.column_stack([np.cos(t), np.sin(3 * t), t / 3]) for t in rng.uniform(0, 2 * np.pi, (2, n)))
    return x, y


def circle_and_counts() -> Sampler:
    """Return a point of a circle without noise and, independent of it, two counts that hang together."""
    return Sampler("null-circle-and-counts", 2, 2, 0.0, _draw_circle_and_counts)


def _draw_circle_and_counts(rng: np.random.Generator, n: int) -> Samples:
    angle, rate = rng.uniform(0, 2 * np.pi, n), rng.gamma(1.5, size=(n, 1))
    return np.column_stack([np.cos(angle), np.sin(angle)]), rng.poisson(rate, (n, 2)).astype(np.float64)
