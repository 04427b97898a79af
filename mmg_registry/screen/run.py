"""All pairs of columns, or all columns with one target, by tiles whose moments never exist all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F32, F64, Index
from mmg_registry.errors import DataError
from mmg_registry.screen.evidence import evidence_of
from mmg_registry.screen.groups import FEWEST_ROWS, Group, Tiles, groups_of
from mmg_registry.screen.null import Null, Nulls
from mmg_registry.screen.rates import ordered_rates, price_of_dependence
from mmg_registry.threads import torch_threads

TILE = 256  # columns of a tile's side: a million moments, which stay in the processor's cache
TOP = 10_000

ShareListener = Callable[[float], None]  # the share that is done


@dataclass(frozen=True)
class ScreenedPairs:
    """The first pairs, the least likely by chance first, and how unlikely every pair is.

    Attributes:
        i, j: `(kept,)` int32 places of the columns; i < j for all pairs, j = 0 with one target.
        score: `(kept,)` -ln p, nats: it orders pairs, and is no information.
        p: `(kept,)` p-values of "both columns are independent".
        q: `(kept,)` false discovery rates among all pairs.
        n_pairs: pairs that were looked at.
        found: pairs whose q is at most alpha.
        surprise: `(n_pairs,)` -ln p of every pair: those of columns 0 and 1, 0 and 2 .. as SciPy's `pdist` orders them.
    """

    i: NDArray[np.int32]
    j: NDArray[np.int32]
    score: F64
    p: F64
    q: F64
    n_pairs: int
    found: int
    surprise: F32

    def under_dependence(self, alpha: float = 0.05) -> ScreenedPairs:
        """Return the same with q, and `found` at `alpha`, that hold whatever the dependence among p-values."""
        price = price_of_dependence(self.n_pairs)
        _, log_q = ordered_rates(self.surprise)
        found = int((log_q + np.log(price) <= np.log(alpha)).sum())
        return replace(self, q=np.minimum(1.0, self.q * price), found=found)


def screen(
    columns: Tiles | NDArray[Any],
    *,
    seed: int,
    top: int = TOP,
    alpha: float = 0.05,
    permutations: int = 99,
    threads: int = 1,
    progress: ShareListener | None = None,
) -> ScreenedPairs:
    """Look at all pairs of columns.

    Args:
        columns: `(n, d)`, or `Tiles` with the kinds of columns; their features take 16 n d bytes in memory.
        seed: of the permutations. The same seed gives the same p-values for any number of threads.
        top: pairs to return, the least likely by chance first.
        alpha: level of the false discovery rate (Benjamini and Hochberg) at which a pair counts as found.
        permutations: of rows, each of which serves all pairs.
        threads: that work on tiles.
        progress: called with the share that is done.

    Raises:
        DataError: for missing values in a column of numbers, fewer than two columns or too few rows.

    Example:
        >>> x, noise, other = np.random.default_rng(0).standard_normal((3, 500))
        >>> found = screen(np.stack([x, other, x**2 + noise], axis=1), seed=0)
        >>> found.found, found.i[0], found.j[0], found.n_pairs
        (1, np.int32(0), np.int32(2), 3)
    """
    tiles = columns if isinstance(columns, Tiles) else Tiles(columns)
    surprise = surprise_of_pairs(tiles, seed, permutations, threads, progress)
    order, log_q = ordered_rates(surprise)
    return _screened(surprise, order, log_q, _square(order[:top], tiles.values.shape[1]), alpha)


def surprise_of_pairs(
    tiles: Tiles, seed: int, permutations: int = 99, threads: int = 1, progress: ShareListener | None = None
) -> F32:
    """Return -ln p of every pair of columns, in the order of SciPy's `pdist`; see `screen`.

    Raises:
        DataError: as `screen`.

    Example:
        >>> x, other = np.random.default_rng(0).standard_normal((2, 500))
        >>> (surprise_of_pairs(Tiles(np.stack([x, other, x**2], axis=1)), seed=0) > 10).tolist()
        [False, True, False]
    """
    d = tiles.values.shape[1]
    if d < 2:
        raise DataError("All pairs need at least two columns.")
    _refuse_few(tiles)
    groups = groups_of(tiles)
    nulls = Nulls(groups, groups, permutations, seed)
    surprise = np.zeros(d * (d - 1) // 2, dtype=np.float32)

    def put(a: Group, b: Group, found: F64) -> None:
        i, j = np.broadcast_arrays(a.places[:, None], b.places)
        pairs = i < j if a is b else i != j  # a tile with itself has every pair twice
        surprise[_condensed(i[pairs], j[pairs], d)] = found[pairs]

    _work(list(_pairs(groups)), nulls, put, threads, progress)
    return surprise


def against(
    columns: Tiles | NDArray[Any],
    target: Tiles | NDArray[Any],
    *,
    seed: int,
    alpha: float = 0.05,
    permutations: int = 99,
    threads: int = 1,
) -> ScreenedPairs:
    """Look at every column with one target `(n,)`, or `Tiles` of one column; see `screen`.

    Raises:
        DataError: as `screen`, and for a target of several columns or of other rows.

    Example:
        >>> x, y = np.random.default_rng(0).standard_normal((2, 500))
        >>> against(np.stack([y, x], axis=1), x**2, seed=0).i.tolist()
        [1, 0]
    """
    tiles = columns if isinstance(columns, Tiles) else Tiles(columns)
    aim = target if isinstance(target, Tiles) else Tiles(np.reshape(target, (len(target), -1)))
    if aim.values.shape != (tiles.values.shape[0], 1):
        raise DataError(f"The target must be one column of {tiles.values.shape[0]} rows, not {aim.values.shape}.")
    _refuse_few(tiles)
    left, right = groups_of(tiles), groups_of(aim)
    surprise = np.zeros(tiles.values.shape[1], dtype=np.float32)

    def put(a: Group, _: Group, found: F64) -> None:
        surprise[a.places] = found[:, 0]

    works = [(part, b) for a in left for part in _parts(a) for b in right]
    _work(works, Nulls(left, right, permutations, seed), put, threads, None)
    order, log_q = ordered_rates(surprise)
    return _screened(surprise, order, log_q, (order, np.zeros_like(order)), alpha)


def _refuse_few(tiles: Tiles) -> None:
    n = tiles.values.shape[0]
    if n < FEWEST_ROWS:
        raise DataError(f"A screen needs at least {FEWEST_ROWS} rows, and there are {n}.")


def _screened(surprise: F32, order: Index, log_q: F64, places: tuple[Index, Index], alpha: float) -> ScreenedPairs:
    i, j = places
    score = surprise[order[: len(i)]].astype(float)
    found = int((log_q <= np.log(alpha)).sum())
    narrow = (i.astype(np.int32), j.astype(np.int32))
    return ScreenedPairs(*narrow, score, np.exp(-score), np.exp(log_q[: len(i)]), len(surprise), found, surprise)


def _parts(group: Group) -> list[Group]:
    return [group.part(start, start + TILE) for start in range(0, len(group.places), TILE)]


def _pairs(groups: Iterable[Group]) -> Iterator[tuple[Group, Group]]:
    """Yield every two tiles of columns once, and every tile with itself."""
    parts = [part for group in groups for part in _parts(group)]
    for at, a in enumerate(parts):
        for b in parts[at:]:
            yield a, b


def _work(
    works: list[tuple[Group, Group]],
    nulls: Nulls,
    put: Callable[[Group, Group, F64], None],
    threads: int,
    progress: ShareListener | None,
) -> None:
    """Hand the -ln p of every tile to `put`; tiles go to threads, one thread of BLAS each."""
    with torch_threads(1), ThreadPoolExecutor(threads) as pool:
        laws = [nulls.of(*work) for work in works]  # before the tiles, so that no two threads draw one law
        tiles = pool.map(_surprise, works, laws)
        for done, (work, found) in enumerate(zip(works, tiles, strict=True), 1):
            put(*work, found)
            if progress is not None:
                progress(done / len(works))


def _surprise(work: tuple[Group, Group], law: Null) -> F64:
    return law.surprise(evidence_of(*work))


def _condensed(i: Index, j: Index, d: int) -> Index:
    """Return the places of pairs in the order of SciPy's `pdist`."""
    low, high = np.minimum(i, j), np.maximum(i, j)
    places: Index = low * (2 * d - low - 3) // 2 + high - 1
    return places


def _square(places: Index, d: int) -> tuple[Index, Index]:
    """Return i and j of pairs at `places` of the order of SciPy's `pdist`."""
    starts = np.concatenate([[0], np.cumsum(np.arange(d - 1, 0, -1))])
    i = np.searchsorted(starts, places, side="right") - 1
    return i, places - starts[i] + i + 1


def contingency(tiles: Tiles, i: Index, j: Index) -> F64:
    """Return the contingency coefficient of some pairs `(pairs,)`, between 0 and 1.

    It is sqrt(f / (1 + f)) of the mean square contingency f (Pearson, Drapers' Company Memoirs 1904), here of features
    of ranks in the place of classes, less what is expected by chance. It orders pairs, and is no information.

    Example:
        >>> x, other = np.random.default_rng(0).standard_normal((2, 500))
        >>> found = contingency(Tiles(np.stack([x, x**2, other], axis=1)), np.array([0, 0]), np.array([1, 2]))
        >>> bool(found[0] > 0.6), bool(found[1] < 0.15)
        (True, True)
    """
    known = {k: tiles.features(k, np.asarray(tiles.values[:, k])).rows for k in np.unique([i, j]).tolist()}
    n = int(tiles.values.shape[0])

    def of(a: F32, b: F32) -> float:
        square = float(((a @ b.T / n) ** 2).sum()) - len(a) * len(b) / n
        return max(square, 0.0)

    squares = np.array([of(known[a], known[b]) for a, b in zip(i.tolist(), j.tolist(), strict=True)], dtype=float)
    found: F64 = np.sqrt(squares / (1 + squares))
    return found
