"""The look at all pairs: p-value, false discovery rate and score of each, from products of matrices of features.

Features are those of the quick test of one column with another (`significance.single`). Columns whose rows share in
features alike, as all without ties do, have one law, so that a tile of pairs is a product of two matrices and one
vectorised tail probability. That tail is nearly right, and too thin far out, where many pairs look: it is held to pairs
of columns whose rows were exchanged (`calibrated`). Pairs whose rows
belong together are tested by exchanges instead, one by one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import false_discovery_control

from mmg_registry.allpairs.columns import ColumnRows
from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Listener, Progress
from mmg_registry.errors import MMGError
from mmg_registry.ranking.table import METHODS, Fdr
from mmg_registry.request import Request
from mmg_registry.significance.answer import quick
from mmg_registry.significance.single import ColumnFeatures, features_of_column
from mmg_registry.significance.statistic import Statistic, of_spreads

TILE = 48  # columns a tile: its features and moments of 10,000 rows are some 100 MB
EXCHANGES, MOST_EXCHANGES = 999, 19_999  # of a pair whose rows belong together
EXCHANGES_A_PAIR = 20
NULL_PAIRS = 20_000  # of exchanged columns, and as many as are asked for: rare events have to be among them
MOST_ROUNDS = 200  # exchanges of all rows, of few columns: as many seconds for ten of them as one estimate takes
NULL_COLUMNS = 100  # of many columns, so many drawn ones are exchanged
TAIL = 0.05  # share of exchanged pairs whose mean excess tells how fast the tail falls

PairList = tuple[Index, Index, F64, F64]  # places i and j, scores, p-values


@dataclass(frozen=True)
class Screened:
    """The first pairs, those first that are least likely by chance.

    Attributes:
        i, j: `(kept,)` places of columns.
        score: `(kept,)` contingency coefficient of features, see `score_of`.
        p: `(kept,)` p-values of "both columns are independent".
        q: `(kept,)` false discovery rate among all pairs.
        n_pairs: pairs that were looked at.
        found: those whose q is at most the level.
    """

    i: Index
    j: Index
    score: F64
    p: F64
    q: F64
    n_pairs: int
    found: int


@dataclass(frozen=True)
class _Tile:
    """Columns with features alike: their places and the features."""

    places: tuple[int, ...]
    features: tuple[ColumnFeatures, ...]

    def rows(self) -> F64:
        """Return the features side by side `(n, columns * p)`."""
        return np.hstack([each.rows for each in self.features])


def look(rows: ColumnRows, request: Request, alpha: float, fdr: Fdr, kept: int) -> Screened:
    """Look at all pairs of columns.

    Args:
        rows: of the columns.
        request: seed, groups, blocks and progress.
        alpha: level at which a pair counts as found.
        fdr: "independent" or "dependent", as in a ranking.
        kept: pairs to return.

    Example:
        >>> from mmg_registry.data import as_pair
        >>> x, noise, other = np.random.default_rng(0).standard_normal((3, 500))
        >>> table = np.stack([x, other, x**2 + noise], axis=1)
        >>> rows = ColumnRows.of(as_pair(table, table), {}, False)
        >>> found = look(rows, Request(), 0.05, "independent", 10)
        >>> found.i.tolist(), found.j.tolist(), found.found
        ([0, 0, 1], [2, 1, 2], 1)
    """
    features = {k: features_of_column(rows.pair.x[:, k], kind.name) for k, kind in rows.kinds.items()}
    i, j, score, p = _in_upper(_between_all(features, request.progress))
    p = calibrated(p, _of_exchanged(features, request.seed))
    for place in _dependent(rows, request, i, j):
        p[place] = _tested(rows, request, int(i[place]), int(j[place]))
    q = false_discovery_control(p, method=METHODS[fdr]) if len(p) else p
    best = np.lexsort((j, i, -score, p))[:kept]
    return Screened(i[best], j[best], score[best], p[best], q[best], len(p), int((q <= alpha).sum()))


def score_of(moments: F64, n: int) -> F64:
    """Return the contingency coefficient of each table of `moments` `(pairs, p, q)`, between 0 and 1.

    It is sqrt(f / (1 + f)) of the mean square contingency f (Pearson, Drapers' Company Memoirs 1904), here of features
    of ranks in the place of classes, less what is expected by chance, p q / n. It orders pairs, and is no information.
    """
    chance = moments.shape[1] * moments.shape[2] / n
    square: F64 = np.maximum((moments**2).sum(axis=(1, 2)) / n - chance, 0.0)
    return np.sqrt(square / (1 + square))


def calibrated(p: F64, null: F64) -> F64:
    """Return p-values that are no smaller than those of pairs that are independent say.

    Up to the tail it is the share of such pairs with as small a p-value. In the tail, -ln p falls exponentially with
    the mean excess of theirs (Knijnenburg, Wessels, Reinders and Shmulevich, Bioinformatics 2009, with shape 0), and no
    faster than to the least likely of them: so the expected number of false discoveries is right over all pairs, of
    whatever kinds. No p-value becomes smaller.

    Args:
        p: `(pairs,)` p-values by the law in many rows.
        null: `(m,)` p-values of independent pairs by the same law.

    Example:
        >>> null = np.random.default_rng(0).random(10_000) ** 2  # a test that rejects too often
        >>> half, rare = calibrated(np.array([0.25, 1e-8]), null)
        >>> bool(abs(half - 0.5) < 0.02), bool(rare > 5e-5)
        (True, True)
    """
    surprise, of_null = -np.log(p), np.sort(-np.log(null))
    start = of_null[int((1 - TAIL) * len(of_null))]
    excess = of_null[of_null > start] - start
    furthest = float(excess.max()) / math.log(max(2.0, TAIL * len(null))) if len(excess) else 1.0
    rate = 1.0 / max(1.0, furthest, float(excess.mean())) if len(excess) else 1.0
    share = 1 - np.searchsorted(of_null, surprise, side="left") / len(of_null)
    beyond = TAIL * np.exp(-rate * np.maximum(surprise - start, 0.0))
    found: F64 = np.maximum(p, np.where(surprise > start, beyond, share))
    return np.minimum(found, 1.0)


def _of_exchanged(features: Mapping[int, ColumnFeatures], seed: int) -> F64:
    """Return p-values of pairs of columns whose rows are exchanged, each column's by itself."""
    rng, places = np.random.default_rng([seed, 4]), list(features)
    drawn = sorted(rng.choice(places, NULL_COLUMNS, replace=False)) if len(places) > NULL_COLUMNS else places
    rounds = _rounds(len(places))
    found = []
    for _ in range(rounds):
        exchanged = {k: replace(features[k], places=rng.permutation(features[k].places)) for k in drawn}
        found.append(_between_all(exchanged, None)[3])
    return np.concatenate(found)


def _rounds(columns: int) -> int:
    """Return how often rows are exchanged, of as many columns or of those that are drawn from them."""
    most = min(columns, NULL_COLUMNS)
    pairs, drawn = (max(1, d * (d - 1) // 2) for d in (columns, most))
    return min(MOST_ROUNDS, math.ceil(max(NULL_PAIRS, pairs) / drawn))


def looked_at(columns: int) -> int:
    """Return how many pairs of columns a screen looks at, those of exchanged columns too: its time grows with them.

    Example:
        >>> looked_at(10), looked_at(1000)
        (9045, 999450)
    """
    most = min(columns, NULL_COLUMNS)
    return columns * (columns - 1) // 2 + _rounds(columns) * most * (most - 1) // 2


def _between_all(features: Mapping[int, ColumnFeatures], listener: Listener | None) -> PairList:
    """Return all pairs of columns, by the law of rows that are independent of one another."""
    tiles = list(_tiles(features))
    parts, many = [], len(tiles) * (len(tiles) + 1) // 2
    for a, one in enumerate(tiles):
        left = one.rows()
        for other in tiles[a:]:
            parts.append(_between(one, other, left))
            if listener:
                listener(Progress(len(parts) / many, f"screen, {len(features)} columns"))
    i, j, score, p = (np.concatenate(each) for each in zip(*parts, strict=True))
    return i, j, score, p


def _in_upper(found: PairList) -> PairList:
    i, j, score, p = found
    return np.minimum(i, j), np.maximum(i, j), score, p


def _tiles(found: Mapping[int, ColumnFeatures]) -> Iterator[_Tile]:
    def law(j: int) -> tuple[tuple[int, ...], bytes]:
        return found[j].spread.levels, found[j].spread.uneven.tobytes()

    for _, alike in itertools.groupby(sorted(found, key=law), key=law):
        places = list(alike)
        for start in range(0, len(places), TILE):
            own = tuple(places[start : start + TILE])
            yield _Tile(own, tuple(found[j] for j in own))


def _between(a: _Tile, b: _Tile, left: F64) -> PairList:
    """Return the pairs of columns of two tiles, each once; `left` are the features of the first."""
    n = len(left)
    shape = len(a.places), left.shape[1] // len(a.places), len(b.places), b.features[0].values.shape[1]
    product = left.T @ (left if a is b else b.rows()) / math.sqrt(n)
    moments = product.reshape(shape).transpose(0, 2, 1, 3)
    one, other = np.triu_indices(shape[0], 1) if a is b else np.indices((shape[0], shape[2])).reshape(2, -1)
    chosen: F64 = moments[one, other]
    law: Statistic = of_spreads(a.features[0].spread, b.features[0].spread, n)
    return np.asarray(a.places)[one], np.asarray(b.places)[other], score_of(chosen, n), law.tails(chosen)


def _dependent(rows: ColumnRows, request: Request, i: Index, j: Index) -> Sequence[int]:
    """Return which pairs have rows that belong together: all of groups, those of two series, none where told so."""
    if request.blocks == "none" and rows.pair.groups is None:
        return []
    if rows.pair.groups is not None or request.blocks != "auto":
        return list(range(len(i)))
    series = np.isin(np.arange(len(rows.names)), sorted(rows.remembering))
    return [int(place) for place in np.flatnonzero(series[i] & series[j])]


def _tested(rows: ColumnRows, request: Request, i: int, j: int) -> float:
    """Return the p-value of a pair by exchanges that keep rows together; 1 where it cannot be tested."""
    d = len(rows.kinds)
    wanted = max(EXCHANGES, min(MOST_EXCHANGES, EXCHANGES_A_PAIR * d * (d - 1) // 2))
    asked = replace(request, kinds=rows.told_of(i, j), groups=None, progress=None)
    try:
        return quick(rows.between(i, j), asked, wanted).p.value
    except MMGError:
        return 1.0
