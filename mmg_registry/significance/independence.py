"""The quick test of independence: moments of features of x with features of y, against those of exchanged rows."""

from __future__ import annotations

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.significance.exchange import Exchange
from mmg_registry.significance.features import Features, features_of
from mmg_registry.significance.sequential import Judged, p_value
from mmg_registry.significance.statistic import of_permutations

MOST_NUMBERS = 4_000_000  # of exchanged features at once, i.e. 32 MB

METHOD = "moments of features"


def independence(x: F64, y: F64, exchange: Exchange, seed: int, most: int) -> Judged:
    """Test whether x `(n, dim_x)` and y `(n, dim_y)` are independent, with at most `most` exchanges.

    The level is exact whatever the variables are, where the rows may be exchanged as `exchange` does.

    Example:
        >>> from mmg_registry.data.units import Units
        >>> from mmg_registry.significance.exchange import exchange_of
        >>> x, noise = np.random.default_rng(0).standard_normal((2, 500, 1))
        >>> independence(x, x**2 + noise, exchange_of(Units(500)), seed=0, most=999).p.value
        0.001
    """
    return of_features(features_of(x[exchange.rows], seed), features_of(y[exchange.rows], seed), exchange, seed, most)


def of_features(a: Features, b: Features, exchange: Exchange, seed: int, most: int) -> Judged:
    """Test the features of two sides, for rows that are those of `exchange`."""
    statistic, n = of_permutations(a, b), len(a.values)
    rng = np.random.default_rng([seed, 1])
    at_once = max(1, MOST_NUMBERS // b.values.size)

    def moments(orders: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> F64:
        found: F64 = a.values.T @ b.values[orders] / np.sqrt(n)
        return found

    def draw(count: int) -> F64:
        sizes = [min(at_once, count - start) for start in range(0, count, at_once)]
        return np.concatenate([statistic(moments(exchange.draw(rng, size))) for size in sizes])

    observed = float(statistic(moments(np.arange(n)[None]))[0])
    return Judged(p_value(observed, draw, most), observed, f"{METHOD}, exchanging {exchange.words}")
