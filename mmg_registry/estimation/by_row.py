"""The log-density ratio of each evaluated row, and what other training rows would have made of it.

Noise of draws is known to the estimator. What its training leaves is told by two more trainings, on two disjoint halves
of the rows: the error is the root mean square distance of a value from those of both halves. With an error variance
that falls like one over the rows, the mean of the halves' values is that of all rows and half their difference has the
variance of a training on all rows; where the halves together are elsewhere, more rows still move the values, and that
counts too. Two distances a row tell a variance badly, so that they are averaged over rows of like values. What all
three trainings get wrong alike they do not tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Estimator, guarded
from mmg_registry.data import Pair, hold_out
from mmg_registry.errors import MMGError, PluginError, demand
from mmg_registry.estimation.fitting import Part, fit, fitted
from mmg_registry.request import run_of_half
from mmg_registry.results import Estimate, Pointwise

LIKE_ROWS = 50
"""Rows of like values over which squared distances are averaged; fewer where all are fewer.

Evidence: chosen; the mean of so many squares is known to some 20 %.
Lower: single rows seem certain by chance. Higher: rows of the tails seem as certain as those of the middle.
"""
DOUBT_ERRORS, DOUBT_NATS = 3.0, 0.05
"""Standard errors, and nats, by which the values' mean has to be off the estimate to be told; chosen."""

NO_HALVES = (
    "The standard errors of the pointwise values hold the noise of draws alone, for the estimator cannot be trained on "
    "half of the rows. {why}"
)
APART = (
    "The pointwise values average to {mean:.3f} nats where the estimate is {mi:.3f}: what it adds for all rows "
    "together stands in none of them."
)


def evaluated(estimator: Estimator, train: Pair, rows: Pair, groups: Index | None, pointwise: bool) -> Part:
    """Fit on `train` and evaluate `rows` as `fitted` does; with `pointwise` the estimate holds each row's log ratio.

    Raises:
        MMGError: when the estimator fails.
        PluginError: when it returns no such values.
    """
    part = fitted(estimator, train, rows, groups)
    if not pointwise:
        return part
    own, told = replace(ratios(estimator, rows), rows=rows.places), []
    if estimator.trains:
        try:
            own = replace(own, training=of_halves(estimator, train, rows, groups, own.values))
        except MMGError as error:
            told = [NO_HALVES.format(why=error)]
    found = part.estimate
    warnings = [*found.warnings, *told, *_apart(found, own)]
    return replace(part, estimate=replace(found, by_row=own, warnings=warnings))


def ratios(estimator: Estimator, rows: Pair) -> Pointwise:
    """Return the log ratios of `rows` from a fitted estimator, checked.

    Raises:
        PluginError: for another number of values than rows, or values or errors that are no numbers.
    """
    found = guarded(estimator, lambda: estimator.pointwise(*rows.arrays()))
    values, errors = (np.asarray(each, dtype=np.float64) for each in (found.values, found.errors))
    whole = all(each.shape == (len(rows),) and np.isfinite(each).all() for each in (values, errors))
    demand(whole, f"The estimator '{estimator.name}' returned no pointwise value for some rows.", PluginError)
    return Pointwise(values, errors)


def of_halves(estimator: Estimator, train: Pair, rows: Pair, groups: Index | None, values: F64) -> F64:
    """Return the standard error `(n,)` that training leaves in the values of `rows`, by trainings on both halves.

    Raises:
        MMGError: when a half of the rows is too few, or the estimator fails.
    """
    halves = hold_out(len(train), 0.5, estimator.run.seed, groups)
    few = min(len(half) for half in halves)
    demand(few >= estimator.min_rows, f"It needs {estimator.min_rows} rows, and a half has {few}.", MMGError)
    found = []
    for i, half in enumerate(halves):
        again = type(estimator)(**{**estimator.get_params(), "run": run_of_half(estimator.run, i)})
        fit(again, train.take(half), None if groups is None else groups[half])
        found.append(np.square(values - ratios(again, rows).values))
    return np.sqrt(smoothed(values, np.mean(found, axis=0)))


def smoothed(values: F64, squares: F64) -> F64:
    """Return the mean of `squares` `(n,)` over `LIKE_ROWS` rows or so of like `values` `(n,)`.

    Example:
        >>> smoothed(np.array([3.0, 1.0, 2.0]), np.array([0.0, 3.0, 3.0])).tolist()
        [2.0, 2.0, 2.0]
    """
    out = np.empty_like(squares)
    for part in np.array_split(np.argsort(values, kind="stable"), max(1, len(values) // LIKE_ROWS)):
        out[part] = squares[part].mean()
    return out


def joined_rows(parts: Sequence[Pointwise | None]) -> Pointwise | None:
    """Return the values of all folds in the order of their rows, with the fold of each; None where a fold has none."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    order = np.argsort(np.concatenate([part.rows for part in known if part.rows is not None]))
    folds = np.repeat(np.arange(len(known)), [len(part) for part in known])
    trained = [part.training for part in known if part.training is not None]
    return Pointwise(
        np.concatenate([part.values for part in known])[order],
        np.concatenate([part.errors for part in known])[order],
        np.concatenate(trained)[order] if len(trained) == len(known) else None,
        np.concatenate([part.rows for part in known if part.rows is not None])[order],
        folds[order],
    )


def _apart(found: Estimate, own: Pointwise) -> list[str]:
    """Return a warning where the values' mean is noticeably not the estimate."""
    mean = float(own.values.mean())
    allowed = max(DOUBT_ERRORS * (found.std_error or 0.0), DOUBT_NATS)
    return [APART.format(mean=mean, mi=found.mi)] if abs(mean - found.mi) > allowed else []
