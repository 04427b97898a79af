"""Rows of a Gaussian pair whose first columns are correlated."""

from __future__ import annotations

import math

import numpy as np

MI = -0.5 * math.log(1 - 0.64)  # of `pair()`, nats


def pair(n: int = 2_000, rho: float = 0.8, dim: int = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y `(n, dim)`; their first columns have the correlation `rho`, all others are independent."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, dim)), rng.standard_normal((n, dim))
    y[:, 0] = rho * x[:, 0] + math.sqrt(1 - rho**2) * y[:, 0]
    return x, y
