"""Mixtures: clusters, labels that show in the width alone, and pairs of which some rows are unrelated."""

from __future__ import annotations

import math
from functools import lru_cache, partial

import numpy as np
from scipy.special import logsumexp, ndtri
from scipy.stats import chi, norm, qmc

from mmg_registry.arrays import F64
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.quadrature import even_panels
from mmg_registry.samplers.tables import table_mi

WAVES, WAVE_VARIANCE = 12, 0.1
CLUSTERS, CLUSTER_SEED = 5, 11
POINTS = 2**15  # of a Sobol sequence in each cluster: the value then moves by some 0.0003 with its seed


# ------------------------------------------------------------------------------------------ waves
def bent_waves() -> Sampler:
    """Return twelve round clusters of (a, y), and x, the curve (a + 5 sin 3b, b) with b independent of both.

    The curve is invertible, so the information is that of the mixture in the plane of a and y.
    """
    return Sampler("bent-waves", 2, 1, _waves_mi, _draw_waves)


def _waves_mi() -> float:
    k, sd = np.arange(WAVES)[:, None], math.sqrt(WAVE_VARIANCE)
    a, y = even_panels(-3.0, 20.0, sd), even_panels(-3.0, 8.0, sd)
    joint = norm.pdf(a.at, 1.5 * k, sd).T @ norm.pdf(y.at, 1.5 * (k % 4), sd)
    return table_mi(a.weight[:, None] * joint * y.weight)


def _draw_waves(rng: np.random.Generator, n: int) -> Samples:
    k, sd = rng.integers(WAVES, size=n), math.sqrt(WAVE_VARIANCE)
    a, b = 1.5 * k + sd * rng.standard_normal(n), rng.standard_normal(n)
    y = 1.5 * (k % 4) + sd * rng.standard_normal(n)
    return np.column_stack([0.1 * (a + 5 * np.sin(3 * b)) - 0.8, 0.5 * b]), y[:, None]


# ------------------------------------------------------------------------------------------ a label in the width
def label_in_width(dim: int, labels: int = 3) -> Sampler:
    """Return a normal x `(n, dim)` whose standard deviation is a number from 1 to `labels`, and y, that number.

    y carries normal noise of 0.01, which hides nothing of the number; only the norm of x tells of it.
    """
    draw = partial(_draw_width, dim, labels)
    return Sampler(f"label-in-width-{dim}", dim, 1, partial(_width_mi, dim, labels), draw)


def _width_mi(dim: int, labels: int) -> float:
    length = even_panels(0.0, labels * (math.sqrt(dim) + 10), 0.25)
    by_label = [chi.pdf(length.at / k, dim) / k for k in range(1, labels + 1)]
    return table_mi(np.stack(by_label) * length.weight)


def _draw_width(dim: int, labels: int, rng: np.random.Generator, n: int) -> Samples:
    k = rng.integers(1, labels + 1, size=(n, 1))
    return k * rng.standard_normal((n, dim)), k + 0.01 * rng.standard_normal((n, 1))


# ------------------------------------------------------------------------------------------ contaminated rows
def contaminated(dim: int, unrelated: float, rho: float) -> Sampler:
    """Return normals, `dim` + `dim` columns with two correlated pairs, of whose rows a share is `unrelated`."""
    draw = partial(_draw_contaminated, dim, unrelated, rho)
    return Sampler(f"contaminated-{dim}", dim, dim, partial(_contaminated_mi, unrelated, rho), draw)


def _contaminated_mi(unrelated: float, rho: float) -> float:
    """Integrate over the log density ratio s of the two correlated pairs, whose law is known.

    With u = (x + y) / sqrt 2 and v = (x - y) / sqrt 2, one pair has s = -log(1 - rho^2) / 2 + rho u^2 / (2 (1 + rho)) -
    rho v^2 / (2 (1 - rho)). Two pairs sum two squares of each: s + log(1 - rho^2) is a difference of exponentials, with
    both scales rho in related rows, and with rho / (1 + rho) and rho / (1 - rho) in unrelated ones.
    """
    shift = -math.log1p(-rho * rho)
    reach = 45 * rho / (1 - rho)
    low, high = even_panels(-reach, 0.0, 0.1), even_panels(0.0, reach, 0.1)  # the densities have a kink at 0
    at, weight = np.concatenate([low.at, high.at]), np.concatenate([low.weight, high.weight])
    related = _difference_density(at, rho, rho)
    apart = _difference_density(at, rho / (1 + rho), rho / (1 - rho))
    ratio = np.logaddexp(math.log(1 - unrelated) + at + shift, math.log(unrelated))
    return float(weight @ (((1 - unrelated) * related + unrelated * apart) * ratio))


def _difference_density(t: F64, up: float, down: float) -> F64:
    """Return the density at t of the difference of two exponentials of the scales `up` and `down`."""
    return np.asarray(np.exp(np.where(t > 0, -t / up, t / down)) / (up + down), dtype=np.float64)


def _draw_contaminated(dim: int, unrelated: float, rho: float, rng: np.random.Generator, n: int) -> Samples:
    x, y = rng.standard_normal((n, dim)), rng.standard_normal((n, dim))
    related = rng.random((n, 1)) >= unrelated
    y[:, :2] = np.where(related, rho * x[:, :2] + math.sqrt(1 - rho**2) * y[:, :2], y[:, :2])
    return x, y


# ------------------------------------------------------------------------------------------ clusters in many columns
def clusters(dim: int) -> Sampler:
    """Return five normal clusters of random centres and covariances in `dim` + `dim` columns.

    The true value is the mean of the exact log density ratio over a scrambled Sobol sequence in each cluster.
    """
    return Sampler(f"clusters-{dim}", dim, dim, partial(_clusters_mi, dim), partial(_draw_clusters, dim))


@lru_cache(maxsize=2)
def _cluster_laws(dim: int) -> tuple[F64, F64]:
    """Return the centres `(k, 2 dim)` and covariances `(k, 2 dim, 2 dim)`."""
    rng = np.random.default_rng(CLUSTER_SEED)
    a = rng.standard_normal((CLUSTERS, 2 * dim, 2 * dim)) / math.sqrt(2 * dim)
    return 1.5 * rng.standard_normal((CLUSTERS, 2 * dim)), a @ a.transpose(0, 2, 1) + 0.15 * np.eye(2 * dim)


def clusters_ratio(z: F64) -> F64:
    """Return log(p(x, y) / (p(x) p(y))) in nats `(n,)` at rows `z` = (x, y) `(n, 2 dim)` of `clusters`."""
    dim = z.shape[1] // 2
    return _log_density(z, slice(None)) - _log_density(z, slice(0, dim)) - _log_density(z, slice(dim, None))


def _log_density(z: F64, columns: slice) -> F64:
    """Return the log density `(n,)` of some columns of the rows `z`."""
    centres, covariances = _cluster_laws(z.shape[1] // 2)
    parts = [
        _normal_log(z[:, columns] - m[columns], c[columns, columns]) for m, c in zip(centres, covariances, strict=True)
    ]
    return np.asarray(logsumexp(np.stack(parts), axis=0) - math.log(CLUSTERS), dtype=np.float64)


def _normal_log(centred: F64, covariance: F64) -> F64:
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, centred.T)
    log_norm = np.log(np.diag(factor)).sum() + len(factor) / 2 * math.log(2 * math.pi)
    return np.asarray(-0.5 * (white**2).sum(0) - log_norm, dtype=np.float64)


def _clusters_mi(dim: int, seed: int = 0) -> float:
    normals = ndtri(qmc.Sobol(2 * dim, seed=seed).random(POINTS))
    rows = [m + normals @ np.linalg.cholesky(c).T for m, c in zip(*_cluster_laws(dim), strict=True)]
    return float(np.mean([clusters_ratio(z).mean() for z in rows]))


def _draw_clusters(dim: int, rng: np.random.Generator, n: int) -> Samples:
    centres, covariances = _cluster_laws(dim)
    k = rng.integers(CLUSTERS, size=n)
    factors = np.linalg.cholesky(covariances)[k]
    z = centres[k] + np.einsum("nij,nj->ni", factors, rng.standard_normal((n, 2 * dim)))
    return z[:, :dim], z[:, dim:]
