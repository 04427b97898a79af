"""Tests by an estimator of the user's choice: its scores of single pairs, or its estimate of rows in another order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array, Estimator, guarded, has_ratio
from mmg_registry.data import Pair
from mmg_registry.data.units import Units
from mmg_registry.errors import MMGError, demand
from mmg_registry.estimation.fitting import Held, Make, fitted
from mmg_registry.request import Request, run_of
from mmg_registry.significance.exchange import Exchange, among, exchange_of, looseness, near_cells, within_strata
from mmg_registry.significance.sequential import Judged, p_value

SCORES = 999  # exchanges at most unless told, where each is a look into a table
ESTIMATES = 99  # and where each is an estimate
FEW_ENOUGH = 5  # estimates that reach the observed one, after which no more are made
PAIRED = 8  # rows of a table whose pairs are all evaluated: eight times as many evaluations as rows
MOST_PAIRED = 1_000  # evaluated rows of a fit that are compared so: 8,000 pairs take denoisers some 2 CPU seconds
LONGEST = 2_048  # dependent rows of one table at most: of more, estimates are made of whole orders
LOOSE = 0.1
"""Share of the variance of z within cells from which the cells are doubted. At 0.1 a cause that tells half of x and y
leaves them a correlation of some 0.05 within cells, which 1,500 rows tell from none."""
LIKE_Z = (
    "Rows are exchanged among those of like z, and {share:.0%} of the variance of z is left among them: dependence by "
    "z may pass for dependence given z; leave --plugin out for a test that regresses on z."
)

Reordered = Callable[[Index], float]  # from the order of y among the rows that take part to an estimate, in nats


@dataclass(frozen=True)
class _Table:
    """Scores `(rows, rows)` of rows with one another, and which orders of them are as likely as the given one."""

    scores: F64
    draw: Callable[[np.random.Generator, int], Index]

    def sums(self, orders: Index) -> F64:
        """Return the sum of the scores that each of `orders` `(draws, rows)` makes."""
        total: F64 = self.scores[np.arange(len(self.scores)), orders].sum(axis=1)
        return total


def has_tables(fits: Sequence[Held], units: Units) -> bool:
    """Return whether the estimators score single pairs, in tables that hold the rows that belong together."""
    whole = units.by in ("blocks", "groups")
    return bool(fits) and all(_holds(_table_rows(fit.estimator), len(fit.rows), whole) for fit in fits)


def _holds(table_rows: int, rows: int, whole: bool) -> bool:
    return table_rows > 0 and (not whole or rows <= min(LONGEST, 4 * table_rows))


def _table_rows(estimator: Estimator) -> int:
    """Return how many rows are compared with one another; 0 where an estimator scores no pairs of left-out rows.

    An estimator without scores of its own scores every pair of a table by the log ratio of its density.
    """
    if not estimator.trains:
        return 0
    return estimator.table_rows or (PAIRED if has_ratio(type(estimator)) else 0)


def _scores(estimator: Estimator, x: Array, y: Array) -> Array:
    """Return the scores `(tables, rows, rows)` of x and y `(tables, rows, ..)`."""
    if estimator.table_rows:
        return np.asarray(guarded(estimator, lambda: estimator.scores(x, y)))
    tables, rows = x.shape[:2]
    pairs = np.repeat(x, rows, axis=1).reshape(-1, x.shape[2]), np.tile(y, (1, rows, 1)).reshape(-1, y.shape[2])
    found = guarded(estimator, lambda: estimator.pointwise(*pairs)).values
    return np.asarray(found).reshape(tables, rows, rows)


def by_scores(fits: Sequence[Held], units: Units, seed: int, most: int) -> Judged:
    """Test by scores of evaluated rows, learned on others: exact whatever was learned, at the price of one training.

    Raises:
        MMGError: where scores have another shape, or are not finite.
    """
    rng = np.random.default_rng([seed, 2])
    tables = [table for fit in fits for table in _tables(fit, units, rng)]
    rows = sum(len(table.scores) for table in tables)

    def draw(count: int) -> F64:
        total: F64 = np.sum([table.sums(table.draw(rng, count)) for table in tables], axis=0)
        return total / rows

    observed = float(sum(table.scores.trace() for table in tables)) / rows
    words = exchange_of(among(units, fits[0].rows)).words
    return Judged(p_value(observed, draw, most), observed, f"mean score of {rows} evaluated rows, exchanging {words}")


def _tables(fit: Held, units: Units, rng: np.random.Generator) -> list[_Table]:
    exchange, estimator = exchange_of(among(units, fit.rows)), fit.estimator
    places = exchange.rows[None] if units.by in ("blocks", "groups") else _parts(exchange.rows, estimator, rng)
    size = places.shape[1]
    scores = _scores(estimator, fit.rows.x[places], fit.rows.y[places])
    demand(
        scores.shape == (len(places), size, size) and bool(np.isfinite(scores).all()),
        f"The estimator '{estimator.name}' returned scores of shape {scores.shape}, or not finite ones.",
        MMGError,
    )
    own = exchange if len(places) == 1 else exchange_of(Units(size))
    return [_Table(table, own.draw) for table in scores.astype(np.float64)]


def _parts(rows: Index, estimator: Estimator, rng: np.random.Generator) -> Index:
    """Return `rows` in random parts `(parts, size)` of the one size that leaves out fewest.

    Where tables are small, pairs take long, and there are `MOST_PAIRED` rows at most.
    """
    most, n = _table_rows(estimator), len(rows)
    if most <= PAIRED and n > MOST_PAIRED:
        rows, n = rng.choice(rows, MOST_PAIRED, replace=False), MOST_PAIRED
    if n <= most:
        return rows.reshape(1, -1)
    size = max(range(-(-most // 2), most + 1), key=lambda each: (n - n % each, each))
    return rng.permutation(rows)[: n - n % size].reshape(-1, size)


def by_estimates(fits: Sequence[Held], make: Make, request: Request, units: Units, most: int) -> Judged:
    """Test by estimates of rows in other orders: of an estimator that trains, its evaluation alone is repeated.

    Where z is given, rows change places with those of like z.
    """
    takings = [_taking(fit.rows, units) for fit in fits]
    evaluates = [_evaluation(fit, rows, make, request) for fit, (_, rows) in zip(fits, takings, strict=True)]
    shares = np.array([len(fit.rows) for fit in fits], dtype=float)
    rng = np.random.default_rng([request.seed, 2])

    def once(orders: Sequence[Index]) -> float:
        return float(np.average([one(order) for one, order in zip(evaluates, orders, strict=True)], weights=shares))

    def draw(count: int) -> F64:
        drawn = [exchange.draw(rng, count) for exchange, _ in takings]
        return np.array([once([orders[i] for orders in drawn]) for i in range(count)])

    observed = once([np.arange(len(rows)) for _, rows in takings])
    loose = max(_loose(rows) for _, rows in takings)
    doubts = (LIKE_Z.format(share=loose),) if loose > LOOSE else ()
    words = f"estimates, exchanging {takings[0][0].words}"
    return Judged(p_value(observed, draw, most, FEW_ENOUGH, first=FEW_ENOUGH), observed, words, doubts)


def _taking(rows: Pair, units: Units) -> tuple[Exchange, Pair]:
    """Return what is exchanged of evaluated rows, and the rows that take part."""
    if rows.z is not None:
        return within_strata(near_cells(np.asarray(rows.z, dtype=float)), "rows of like z"), rows
    exchange = exchange_of(among(units, rows))
    return exchange, rows.take(exchange.rows)


def _loose(rows: Pair) -> float:
    if rows.z is None:
        return 0.0
    z = np.asarray(rows.z, dtype=float)
    return looseness(z, near_cells(z))


def _evaluation(fit: Held, rows: Pair, make: Make, request: Request) -> Reordered:
    if not fit.estimator.trains:
        return lambda order: _again(make, replace(rows, y=rows.y[order]), request)
    return partial(_evaluated, fit.estimator, rows)


def _again(make: Make, rows: Pair, request: Request) -> float:
    return fitted(make(run=run_of(request)), rows, rows).estimate.mi


def _evaluated(estimator: Estimator, rows: Pair, order: Index) -> float:
    other = replace(rows, y=rows.y[order])
    return float(guarded(estimator, lambda: estimator.estimate(*other.arrays())).mi)
