"""Pairs with labels, atoms and grains, whose information is known in closed form."""

from __future__ import annotations

import math

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]
SEPARATION = 2.5  # of both means of `two_groups`, in standard deviations


def column(values: np.ndarray) -> np.ndarray:
    """Return one column `(n, 1)` of float64."""
    return np.asarray(values, dtype=np.float64)[:, None]


def channel(n: int, error: float = 0.1, seed: int = 0) -> Pair:
    """Return fair bits and what is left of them after errors; `channel_mi` is their information."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, n)
    return column(bits), column(np.where(rng.random(n) < error, 1 - bits, bits))


def channel_mi(error: float = 0.1) -> float:
    """Return the information of `channel` in nats: log 2 less the entropy of an error."""
    return math.log(2) + error * math.log(error) + (1 - error) * math.log(1 - error)


def two_groups(n: int, seed: int = 0) -> Pair:
    """Return numbers of two groups and their labels; `two_groups_mi` is their information."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    return column(SEPARATION * label + rng.standard_normal(n)), column(label)


def two_groups_mi() -> float:
    """Return the entropy of the mixture less that of a group, in nats, by the trapezoid rule."""
    at = np.linspace(-9, 9 + SEPARATION, 20_001)
    density = (np.exp(-(at**2) / 2) + np.exp(-((at - SEPARATION) ** 2) / 2)) / (2 * math.sqrt(2 * math.pi))
    of_mixture = -float(np.trapezoid(density * np.log(density), at))
    return of_mixture - 0.5 * math.log(2 * math.pi * math.e)


def dropout(n: int, rho: float = 0.8, lost: float = 0.3, seed: int = 0) -> Pair:
    """Return a normal column and a correlated log-normal one, lost to 0 in a share of the rows, drawn apart.

    Their information is (1 - lost) times that of the normal pair.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    y = rho * x + math.sqrt(1 - rho**2) * rng.standard_normal(n)
    return column(x), column(np.where(rng.random(n) < lost, 0.0, np.exp(y)))


def gaussian_mi(rho: float = 0.8) -> float:
    """Return the information of a normal pair in nats."""
    return -0.5 * math.log(1 - rho**2)


def beside(n: int, seed: int = 0) -> Pair:
    """Return `channel` beside a normal pair of correlation .8; the information is the sum of both."""
    rng = np.random.default_rng([seed, 1])
    x = rng.standard_normal((n, 1))
    y = 0.8 * x + 0.6 * rng.standard_normal((n, 1))
    of_x, of_y = channel(n, seed=seed)
    return np.hstack([of_x, x]), np.hstack([y, of_y])
