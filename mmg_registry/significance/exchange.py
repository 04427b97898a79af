"""What may be exchanged if x and y are independent: rows, whole groups, a series against itself, rows of equal z."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.data.order import normal_scores
from mmg_registry.data.pair import Pair
from mmg_registry.data.split import coded
from mmg_registry.data.units import Units, first_rows
from mmg_registry.errors import DataError, demand

FEWEST_UNITS = 4  # groups of one size: they have 24 orders, and fewer tell nothing

CELL = 6
"""Rows of a cell of like z at most. Smaller: fewer orders, and less power. Larger: what x and y follow of z within a
cell passes for dependence."""


@dataclass(frozen=True)
class Exchange:
    """Orders of rows that are as likely as the given one if x and y are independent.

    Attributes:
        rows: rows of the sample that take part.
        draw: from a generator and a number of draws to orders `(draws, len(rows))`, places among `rows`.
        words: what is exchanged, in words that can follow "exchanging".
        orders: how many different orders there are, or infinity where they are too many to count.
    """

    rows: Index
    draw: Callable[[np.random.Generator, int], Index]
    words: str
    orders: float


def exchange_of(units: Units) -> Exchange:
    """Return what may be exchanged of rows that belong together as `units` say.

    Copies count once. A series is shifted against itself, its end joined to its beginning, which keeps what each side
    remembers. Of groups, whole ones of one size change places; see `rectangle`.

    Raises:
        DataError: for too few groups.

    Example:
        >>> found = exchange_of(Units(4))
        >>> sorted(found.draw(np.random.default_rng(0), 1)[0].tolist()), found.words
        ([0, 1, 2, 3], 'rows')
    """
    if units.labels is None:
        return _of_rows(np.arange(units.n))
    if units.by == "copies":
        return _of_rows(first_rows(units.labels))
    if units.by == "blocks":
        return shifts(units.n)
    return _of_groups(units.labels)


def _of_rows(rows: Index) -> Exchange:
    return Exchange(rows, lambda rng, count: _permuted(rng, count, len(rows)), "rows", np.inf)


def _permuted(rng: np.random.Generator, count: int, n: int) -> Index:
    return rng.permuted(np.broadcast_to(np.arange(n), (count, n)), axis=1)


def shifts(n: int) -> Exchange:
    """Return the shifts of a series of `n` rows against itself, in a circle."""

    def draw(rng: np.random.Generator, count: int) -> Index:
        places: Index = (rng.integers(0, n, count)[:, None] + np.arange(n)) % n
        return places

    return Exchange(np.arange(n), draw, "circular shifts of the series", n)


def _of_groups(labels: Index) -> Exchange:
    table = rectangle(labels)
    groups, size = table.shape
    demand(
        groups >= FEWEST_UNITS,
        f"Only {groups} groups have equally many rows, too few to exchange; name finer groups by --groups.",
        DataError,
    )

    def draw(rng: np.random.Generator, count: int) -> Index:
        order = _permuted(rng, count, groups)
        places: Index = (order[:, :, None] * size + np.arange(size)).reshape(count, -1)
        return places

    orders = float(np.prod(np.arange(1.0, groups + 1))) if groups < 100 else np.inf
    return Exchange(table.ravel(), draw, f"{groups} groups of {size} rows", orders)


def rectangle(labels: Index) -> Index:
    """Return the rows `(groups, size)` of groups of one size: the first rows of each that has so many.

    The size is the one that keeps most rows in all.

    Example:
        >>> rectangle(np.array([0, 0, 0, 1, 1, 2, 2, 3])).tolist()
        [[0, 1], [3, 4], [5, 6]]
    """
    codes, sizes = coded(labels)
    candidates = np.unique(sizes)
    kept = [size * int((sizes >= size).sum()) for size in candidates]
    size = int(candidates[int(np.argmax(kept))])
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])
    return np.stack([rows[:size] for rows in members if len(rows) >= size])


def within_strata(strata: Index, words: str = "rows of equal z") -> Exchange:
    """Return the orders of rows that keep each among those of its stratum `(n,)`.

    Example:
        >>> within_strata(np.array([0, 1, 0, 1])).draw(np.random.default_rng(0), 1)[0][[0, 2]].max().item()
        2
    """
    base = np.argsort(strata, kind="stable")

    def draw(rng: np.random.Generator, count: int) -> Index:
        keys: F64 = strata + rng.random((count, len(strata)))
        places = np.empty((count, len(strata)), dtype=np.int64)
        places[:, base] = np.argsort(keys, axis=1)
        return places

    return Exchange(np.arange(len(strata)), draw, words, np.inf)


def among(units: Units, rows: Pair) -> Units:
    """Return the units of evaluated `rows`, which are some of those that `units` are of."""
    if units.by == "groups" and rows.groups is not None:
        return Units(len(rows), "groups", coded(rows.groups)[0])
    if units.by == "copies":
        whole = np.hstack([getattr(rows, side) for side in rows.sides])
        return Units(len(rows), "copies", coded(np.unique(whole, axis=0, return_inverse=True)[1].ravel())[0])
    return Units(len(rows), units.by, None if units.labels is None else np.arange(len(rows)))


def near_cells(z: F64, size: int = CELL) -> Index:
    """Return the cell `(n,)` of each row: halves of halves along the widest column of scores of z, `size` rows at most.

    Exchanging rows within them is the local permutation of Kim, Neykov, Balakrishnan and Wasserman (Ann. Statist.
    2022): approximate, and the better the smaller the cells are beside what x and y follow of z.

    Example:
        >>> near_cells(np.array([[0.1], [5.0], [0.2], [5.1]]), size=2).tolist()
        [1, 0, 1, 0]
    """
    scores, labels = normal_scores(z), np.empty(len(z), dtype=np.int64)
    open_ones, count = [np.arange(len(z))], 0
    while open_ones:
        rows = open_ones.pop()
        if len(rows) <= size:
            labels[rows], count = count, count + 1
            continue
        order = rows[np.argsort(scores[rows, np.ptp(scores[rows], axis=0).argmax()], kind="stable")]
        open_ones += [order[: len(rows) // 2], order[len(rows) // 2 :]]
    return labels


def looseness(z: F64, strata: Index) -> float:
    """Return the share of the variance of scores of z that is left within strata `(n,)`; 0 where z is equal."""
    scores = normal_scores(z)
    counts = np.bincount(strata)
    means = np.stack([np.bincount(strata, column) / counts for column in scores.T], axis=1)
    return float((scores - means[strata]).var(axis=0).sum() / scores.var(axis=0).sum())
