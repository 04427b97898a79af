"""Which rows an estimator is fitted on and which it evaluates, and an error that counts what these rows are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.data import Pair
from mmg_registry.data.checks import MIN_ROWS, repeated_rows
from mmg_registry.data.units import Units, first_rows, units_of
from mmg_registry.errors import DataWarning, about
from mmg_registry.estimation.by_row import evaluated
from mmg_registry.estimation.crossfit import cross_fitted, folds_of, places_of
from mmg_registry.estimation.dependent import corrected, of_dependent_rows, off_by_itself
from mmg_registry.estimation.fitting import Make, Part
from mmg_registry.request import Request, run_of

EVAL_FRACTION = 0.2  # of the rows, held out for evaluation unless a share is given


@dataclass(frozen=True)
class _Way:
    """How rows are fitted and evaluated, and the sorted places of those that are evaluated."""

    evaluate: Callable[[Pair], Part]
    places: Index


def split_up(make: Make, pair: Pair, request: Request, units: Units) -> Part:
    """Fit some rows of `pair` and evaluate others, by folds or a split; all rows for both where nothing is trained."""
    trains = make(run=run_of(request)).trains
    way = _way(make, pair, request, units, trains)
    part = way.evaluate(pair)
    found = of_dependent_rows(part.estimate, units.take(way.places), way.places)
    if not trains:
        plain = _way(make, pair, replace(request, pointwise=False), units, trains)
        found = corrected(found, pair, units, lambda rows: plain.evaluate(rows).estimate)
    found = off_by_itself(found, units)
    return replace(part, estimate=replace(found, warnings=[*units.told, *found.warnings]))


def on_given(make: Make, pair: Pair, rows: Pair, request: Request, units: Units) -> Part:
    """Fit `pair` and evaluate the given `rows`, whose own order tells the error."""
    repeated = repeated_rows(pair, rows)
    own = units_of(rows, request.blocks) if len(rows) >= MIN_ROWS else Units(len(rows))
    part = evaluated(make(run=run_of(request)), pair, rows, units.labels, request.pointwise)
    found = off_by_itself(of_dependent_rows(part.estimate, own), own)
    return replace(part, estimate=replace(found, warnings=[*about(DataWarning, repeated), *own.told, *found.warnings]))


def _way(make: Make, pair: Pair, request: Request, units: Units, trains: bool) -> _Way:
    if request.cross_fit or request.cv is not None:
        folds = folds_of(pair, request, units)
        return _Way(lambda rows: cross_fitted(make, rows, request, units, folds), places_of(folds))
    if trains or request.eval_fraction is not None:
        return _split(make, request, units, *units.hold_out(request.eval_fraction or EVAL_FRACTION, request.seed))
    if units.by == "copies" and units.labels is not None:
        once = first_rows(units.labels)  # nearest neighbours would find nothing but copies
        return _split(make, request, units, once, once)
    return _Way(
        lambda rows: evaluated(make(run=run_of(request)), rows, rows, units.labels, request.pointwise),
        np.arange(len(pair)),
    )


def _split(make: Make, request: Request, units: Units, fit: Index, places: Index) -> _Way:
    groups = units.take(fit).labels

    def evaluate(rows: Pair) -> Part:
        own = rows.take(fit), rows.take(places)
        return evaluated(make(run=run_of(request)), *own, groups, request.pointwise)

    return _Way(evaluate, places)
