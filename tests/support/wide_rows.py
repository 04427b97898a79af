"""Pairs of wide sides of known information: images of blobs, and random networks of two columns."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

Pair = tuple[np.ndarray, np.ndarray]


def normal_pairs(n: int, rho: tuple[float, ...], seed: int = 0) -> Pair:
    """Draw `n` rows of independent pairs of correlated normal columns."""
    rng, r = np.random.default_rng(seed), np.array(rho)
    x = rng.standard_normal((n, len(r)))
    return x, r * x + np.sqrt(1 - r**2) * rng.standard_normal((n, len(r)))


def information(rho: tuple[float, ...]) -> float:
    """Return what the pairs share, in nats."""
    return float(-0.5 * np.log1p(-(np.array(rho) ** 2)).sum())


def blobs(n: int, rho: tuple[float, float], side: int = 8, seed: int = 0) -> Pair:
    """Draw `n` images `(side * side,)` of a blob whose place is one of the pairs, which are told by the images."""
    t = np.linspace(0, 1, side)
    of_x, of_y = (
        (np.exp(-0.5 * (t - ndtr(v[:, :1])) ** 2 / 0.04)[:, :, None])
        * (np.exp(-0.5 * (t - ndtr(v[:, 1:])) ** 2 / 0.04)[:, None, :])
        for v in normal_pairs(n, rho, seed)
    )
    return of_x.reshape(n, -1), of_y.reshape(n, -1)


def networks(n: int, rho: tuple[float, ...], columns: int, seed: int = 0) -> Pair:
    """Draw `n` rows of two random networks, each of one side of the pairs, which they tell."""
    of_x, of_y = (_network(side, columns, which) for which, side in enumerate(normal_pairs(n, rho, seed)))
    return of_x, of_y


def _network(side: np.ndarray, columns: int, which: int) -> np.ndarray:
    rng = np.random.default_rng(100 + which)
    first, shift, last = (rng.standard_normal(shape) for shape in ((side.shape[1], 32), 32, (32, columns)))
    return np.tanh(side @ first + shift) @ last / 6
