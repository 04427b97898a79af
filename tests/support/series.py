"""Series that remember, and rows in other orders than they were drawn in."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

BURN_IN = 2_000


def autoregressive(phi: float, n: int, rng: np.random.Generator, columns: int = 1) -> np.ndarray:
    """Return stationary first-order autoregressions `(n, columns)` with unit innovations."""
    return lfilter([1.0], [1.0, -phi], rng.standard_normal((n + BURN_IN, columns)), axis=0)[BURN_IN:]


def sorted_by(key: np.ndarray, *sides: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return `sides` in the order of `key`."""
    order = np.argsort(key, kind="stable")
    return tuple(side[order] for side in sides)


def driven(n: int, rng: np.random.Generator, lag: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return a channel with memory `(n,)`, and one with memory that it acts on `lag` steps later."""
    source = autoregressive(0.6, n, rng)[:, 0]
    noise = rng.standard_normal(n)
    noise[lag:] += 0.5 * source[:-lag]
    return source, lfilter([1.0], [1.0, -0.5], noise)
