"""Seeded splits of the rows: one held-out part, or K folds. Row order is kept within each part."""

from __future__ import annotations

import numpy as np

from mmg_registry.arrays import Index


def hold_out(n: int, fraction: float, seed: int) -> tuple[Index, Index]:
    """Indices of fitting and evaluation rows; `fraction` of the rows (at least one on each side) is held out.

    Example:
        >>> fit, evaluate = hold_out(10, 0.2, seed=0)
        >>> len(fit), len(evaluate), sorted([*fit, *evaluate]) == list(range(10))
        (8, 2, True)
    """
    size = min(max(round(n * fraction), 1), n - 1)
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[size:]), np.sort(order[:size])


def folds(n: int, k: int, seed: int) -> list[Index]:
    """K disjoint sets of evaluation rows that cover all `n`, of sizes that differ by at most one.

    Example:
        >>> [len(rows) for rows in folds(10, 3, seed=0)]
        [4, 3, 3]
    """
    order = np.random.default_rng(seed).permutation(n)
    return [np.sort(part) for part in np.array_split(order, k)]
