"""Windows of a stationary series: what the past tells of the future."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.linalg import toeplitz

from mmg_registry.arrays import F64
from mmg_registry.samplers.contract import Sampler, Samples


def autoregressive_windows(length: int, *coefficients: float) -> Sampler:
    """Return independent windows of a normal autoregression of order 1 or 2: `length` values before, and after.

    Args:
        length: values on each side of the moment that parts them.
        *coefficients: the weights a1 (and a2) of z_t = a1 z_(t-1) + a2 z_(t-2) + noise.
    """
    covariance = toeplitz(_autocorrelations(2 * length, *coefficients))
    before, after, both = (np.linalg.slogdet(covariance[part, part])[1] for part in _parts(length))
    draw = partial(_draw_windows, length, np.asarray(np.linalg.cholesky(covariance), dtype=np.float64))
    return Sampler(f"ar{len(coefficients)}-windows-{length}", length, length, float(before + after - both) / 2, draw)


def _autocorrelations(count: int, first: float, second: float = 0.0) -> F64:
    """Return the first `count` autocorrelations, from lag 0, by the Yule-Walker equations."""
    found = [1.0, first / (1 - second)]
    while len(found) < count:
        found.append(first * found[-1] + second * found[-2])
    return np.array(found[:count])


def _parts(length: int) -> list[slice]:
    return [slice(0, length), slice(length, None), slice(None)]


def _draw_windows(length: int, factor: F64, rng: np.random.Generator, n: int) -> Samples:
    z = rng.standard_normal((n, 2 * length)) @ factor.T
    return z[:, :length], z[:, length:]
