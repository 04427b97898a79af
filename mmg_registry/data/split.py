"""Seeded splits of the rows into a held-out part and the rest, or into K folds. Each part keeps the row order.

Rows of a group stay together: on one side of a split, in one fold. Without groups every row is its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import Index
from mmg_registry.errors import DataError, demand
from mmg_registry.limits import checked


def hold_out(n: int, fraction: float, seed: int, groups: Index | None = None) -> tuple[Index, Index]:
    """Return the indices of the fitting and the evaluation rows; hold out `fraction` of `n`, at least one on each side.

    Args:
        n: number of rows.
        fraction: share of the rows to hold out, between 0 and 1.
        seed: seed of the random choice.
        groups: `(n,)` a number for each row; whole groups are held out, in random order, until the next one would take
            the share further from `fraction` than it is.

    Raises:
        OptionError: for fewer than two rows, or a fraction or seed out of range; see `mmg_registry.limits`.
        DataError: where all rows are of one group.

    Example:
        >>> fit, evaluate = hold_out(10, 0.2, seed=0)
        >>> len(fit), len(evaluate), sorted([*fit, *evaluate]) == list(range(10))
        (8, 2, True)
        >>> hold_out(6, 0.4, seed=0, groups=np.array([0, 0, 1, 1, 2, 2]))[1].tolist()
        [4, 5]
    """
    rows, share = checked("n", n), checked("eval_fraction", fraction, "fraction")
    rng, size = np.random.default_rng(checked("seed", seed)), min(max(round(rows * share), 1), rows - 1)
    if groups is None:
        order = rng.permutation(n)
        return np.sort(order[size:]), np.sort(order[:size])
    codes, sizes = coded(groups)
    _refuse_few(len(sizes), 2, "a split")
    order = rng.permutation(len(sizes))
    totals = np.cumsum(sizes[order])[:-1]
    held = order[: int(np.abs(totals - size).argmin()) + 1]
    chosen = np.isin(codes, held)
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def folds(n: int, k: int, seed: int, groups: Index | None = None) -> list[Index]:
    """Return `k` disjoint sets of row indices that cover all `n` rows, and whose sizes differ by at most one.

    With `groups` `(n,)` each group is in one fold: the largest first, to the fold that has fewest rows so far, so that
    sizes differ by the largest group at most.

    Raises:
        DataError: for fewer groups than folds.

    Example:
        >>> [len(rows) for rows in folds(10, 3, seed=0)]
        [4, 3, 3]
        >>> [rows.tolist() for rows in folds(6, 2, seed=0, groups=np.array([0, 0, 1, 1, 2, 2]))]
        [[2, 3, 4, 5], [0, 1]]
    """
    rng = np.random.default_rng(seed)
    if groups is None:
        return [np.sort(part) for part in np.array_split(rng.permutation(n), k)]
    codes, sizes = coded(groups)
    _refuse_few(len(sizes), k, f"{k} folds")
    drawn = rng.permutation(len(sizes))
    rows, fold_of = np.zeros(k, dtype=np.int64), np.empty(len(sizes), dtype=np.int64)
    for group in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        fold_of[group] = rows.argmin()
        rows[fold_of[group]] += sizes[group]
    return [np.flatnonzero(fold_of[codes] == fold) for fold in range(k)]


def away_from(rows: Index, evaluated: Index, gap: int) -> Index:
    """Return those of `rows` with no row of `evaluated` within `gap` places of the file, on either side.

    Args:
        rows, evaluated: sorted indices.
        gap: places; 0 keeps all rows.

    Raises:
        DataError: where no row is left.

    Example:
        >>> away_from(np.array([0, 1, 2, 6, 7]), np.array([3, 4, 5]), gap=1).tolist()
        [0, 1, 7]
    """
    place = np.searchsorted(evaluated, rows)
    after = np.append(evaluated, np.iinfo(np.int64).max)[place] - rows
    before = rows - np.append(np.int64(-gap - 1), evaluated)[place]
    kept: Index = rows[np.minimum(before, after) > gap]
    demand(len(kept), "Blocks leave no rows to fit on; give shorter ones with --blocks.", DataError)
    return kept


def blocks(n: int, length: int) -> Index:
    """Return the number of each row's block `(n,)`: `length` rows one after the other; a short rest joins the last.

    Example:
        >>> blocks(7, 3).tolist()
        [0, 0, 0, 1, 1, 1, 1]
    """
    whole = max(1, n // length)
    numbers: Index = np.minimum(np.arange(n) // length, whole - 1)
    return numbers


def coded(groups: NDArray[np.generic]) -> tuple[Index, Index]:
    """Return `groups` `(n,)` as numbers 0, 1 .. in the order of first appearance, and the size of each group.

    Example:
        >>> codes, sizes = coded(np.array(["b", "a", "b"]))
        >>> codes.tolist(), sizes.tolist()
        ([0, 1, 0], [2, 1])
    """
    _, first, inverse, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    codes: Index = rank[inverse.ravel()].astype(np.int64)
    return codes, sizes[order]


def _refuse_few(groups: int, needed: int, what: str) -> None:
    there = "is only 1 group or block" if groups == 1 else f"are only {groups} groups or blocks"
    demand(
        groups >= needed,
        f"There {there} of rows, too few for {what}; give shorter --blocks, other --groups or fewer folds.",
        DataError,
    )
