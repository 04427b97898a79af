"""Seeded splits of the rows into a held-out part and the rest, or into K folds. Each part keeps the row order."""

from __future__ import annotations

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.limits import checked


def hold_out(n: int, fraction: float, seed: int) -> tuple[Index, Index]:
    """Return the indices of the fitting and the evaluation rows; hold out `fraction` of `n`, at least one on each side.

    Raises:
        OptionError: for fewer than two rows, or a fraction or seed out of range; see `mmg_registry.limits`.

    Example:
        >>> fit, evaluate = hold_out(10, 0.2, seed=0)
        >>> len(fit), len(evaluate), sorted([*fit, *evaluate]) == list(range(10))
        (8, 2, True)
    """
    rows, share = checked("n", n), checked("eval_fraction", fraction, "fraction")
    size = min(max(round(rows * share), 1), rows - 1)
    order = np.random.default_rng(checked("seed", seed)).permutation(rows)
    return np.sort(order[size:]), np.sort(order[:size])


def folds(n: int, k: int, seed: int) -> list[Index]:
    """Return `k` disjoint sets of row indices that cover all `n` rows, and whose sizes differ by at most one.

    Example:
        >>> [len(rows) for rows in folds(10, 3, seed=0)]
        [4, 3, 3]
    """
    order = np.random.default_rng(seed).permutation(n)
    return [np.sort(part) for part in np.array_split(order, k)]
