"""Rows of small systems whose causes are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def collider_and_chain(n: int = 400) -> NDArray[Any]:
    """Return `(n, 4)`: columns 0 and 1 cause 2 by a product and a square, and 2 causes 3 by a curve."""
    a, b, e, f = np.random.default_rng(0).standard_normal((4, n))
    c = a + 0.8 * b**2 + 0.5 * e
    return np.stack([a, b, c, np.tanh(c) + 0.3 * f], axis=1)


EDGES = {frozenset({0, 2}), frozenset({1, 2}), frozenset({2, 3})}  # of its skeleton


def driven_series(n: int = 300) -> NDArray[Any]:
    """Return `(n, 2)`: column 0 drives column 1 by its square, one row later."""
    noise = np.random.default_rng(0).standard_normal((n, 2))
    series = noise.copy()
    for t in range(1, n):
        series[t, 0] += 0.3 * series[t - 1, 0]
        series[t, 1] += 0.3 * series[t - 1, 1] + 0.5 * series[t - 1, 0] ** 2
    return series
