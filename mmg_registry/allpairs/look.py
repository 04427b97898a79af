"""The look at all pairs: p-value, false discovery rate and score of each, and the first of them.

Pairs of independent rows are screened by products of matrices (`mmg_registry.screen`). Pairs whose rows belong
together, and those of few rows, are tested by exchanges instead, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmg_registry.allpairs.columns import ColumnRows
from mmg_registry.arrays import F32, F64, Index
from mmg_registry.contracts import Progress
from mmg_registry.errors import MMGError
from mmg_registry.ranking.table import Fdr
from mmg_registry.request import Request
from mmg_registry.screen import FEWEST_ROWS, Tiles, contingency, ordered_rates, price_of_dependence, surprise_of_pairs
from mmg_registry.significance.answer import quick
from mmg_registry.significance.statistic import SMALLEST
from mmg_registry.threads import default_threads

EXCHANGES, MOST_EXCHANGES = 999, 19_999  # of a pair whose rows belong together
EXCHANGES_A_PAIR = 20


@dataclass(frozen=True)
class PairsLook:
    """The first pairs, those first that are least likely by chance.

    Attributes:
        i, j: `(kept,)` places of columns.
        score: `(kept,)` contingency coefficient of features, between 0 and 1: an order, and no information.
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


def look(rows: ColumnRows, request: Request, alpha: float, fdr: Fdr, kept: int) -> PairsLook:
    """Look at all pairs of columns.

    Args:
        rows: of the columns.
        request: seed, threads, groups, blocks and progress.
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
        ([0, 1, 0], [2, 2, 1], 1)
    """
    columns = np.array(list(rows.kinds), dtype=np.int64)
    i, j = np.triu_indices(len(columns), 1)
    if not len(i):
        return PairsLook(i, j, np.zeros(0), np.zeros(0), np.zeros(0), 0, 0)
    tiles = _tiles(rows)
    few = len(rows) < FEWEST_ROWS
    surprise = np.zeros(len(i), dtype=np.float32) if few else _screened(tiles, request)
    for place in range(len(i)) if few else _dependent(rows, request, columns):
        surprise[place] = -np.log(_tested(rows, request, int(columns[i[place]]), int(columns[j[place]])))
    order, log_q = ordered_rates(surprise)
    price = np.log(price_of_dependence(len(i))) if fdr == "dependent" else 0.0
    q, best = np.exp(np.minimum(log_q + price, 0.0)), order[:kept]
    score = contingency(tiles, i[best], j[best])
    p, q = (np.maximum(each, SMALLEST) for each in (np.exp(-surprise[best].astype(np.float64)), q))
    return PairsLook(columns[i[best]], columns[j[best]], score, p, q[: len(best)], len(i), int((q <= alpha).sum()))


def _tiles(rows: ColumnRows) -> Tiles:
    """Return the columns with their kinds."""
    places = list(rows.kinds)
    whole = places == list(range(rows.pair.x.shape[1]))
    return Tiles(rows.pair.x if whole else rows.pair.x[:, places], [kind.name for kind in rows.kinds.values()])


def _screened(tiles: Tiles, request: Request) -> F32:
    """Return -ln p of all pairs, as of rows that are independent of one another."""
    threads, name = request.threads or default_threads(), f"screen, {len(tiles.kinds)} columns"
    return surprise_of_pairs(tiles, request.seed, threads=threads, progress=_told(request, name))


def _told(request: Request, name: str) -> Callable[[float], None] | None:
    listener = request.progress
    return None if listener is None else lambda share: listener(Progress(share, name))


def _dependent(rows: ColumnRows, request: Request, columns: Index) -> Sequence[int]:
    """Return which pairs have rows that belong together: all of groups, those of two series, none where told so."""
    pairs = len(columns) * (len(columns) - 1) // 2
    if request.blocks == "none" and rows.pair.groups is None:
        return []
    if rows.pair.groups is not None or request.blocks != "auto":
        return range(pairs)
    series = np.isin(columns, sorted(rows.remembering))
    i, j = np.triu_indices(len(columns), 1)
    return np.flatnonzero(series[i] & series[j]).tolist() if series.sum() > 1 else []


def _tested(rows: ColumnRows, request: Request, i: int, j: int) -> float:
    """Return the p-value of a pair by exchanges that keep rows together; 1 where it cannot be tested."""
    d = len(rows.kinds)
    wanted = max(EXCHANGES, min(MOST_EXCHANGES, EXCHANGES_A_PAIR * d * (d - 1) // 2))
    asked = replace(request, kinds=rows.told_of(i, j), groups=None, progress=None)
    try:
        return quick(rows.between(i, j), asked, wanted).p.value
    except MMGError:
        return 1.0
