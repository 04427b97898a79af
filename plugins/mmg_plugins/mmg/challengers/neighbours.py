"""The challenger `neighbours`: nearest neighbours, which need no training."""

from __future__ import annotations

import math

from mmg_plugins.baselines.ksg import KSG
from mmg_plugins.mmg.challengers.contract import NOTHING, Challenger, Heard, Question
from mmg_plugins.mmg.thresholds import NEIGHBOUR_COLUMNS, NEIGHBOUR_ROWS
from mmg_registry.contracts import Array, Run
from mmg_registry.results import Estimate


def ask(question: Question) -> Heard:
    """Return the information that nearest neighbours find in the training rows.

    They are biased low where dependence is strong or columns are many. With d columns in all the bias shrinks like
    n^(-1/d) (Gao, Oh and Viswanath, IEEE Trans. Inf. Theory 2018), so that what half of the rows give less tells what
    all of them miss, which is a part of the error. Nothing is said of rows that are not independent: neighbours in
    time are neighbours in x and in y.
    """
    x, y = question.given
    every = -(-len(x) // NEIGHBOUR_ROWS)
    x, y = x[::every], y[::every]
    if question.columns > NEIGHBOUR_COLUMNS or len(x) < 4 or question.groups is not None:
        return NOTHING
    found = _found(x, y, question.quiet)
    if found.diagnostics["rows_with_copies"] or found.diagnostics["method"] == "counts":
        return NOTHING
    half = (_found(x[::2], y[::2], question.quiet).mi + _found(x[1::2], y[1::2], question.quiet).mi) / 2
    sampling = found.std_error or 0.0
    missed = (found.mi - half) / (2 ** (1 / question.columns) - 1)
    return Heard(found.mi, sampling, math.hypot(sampling, missed))


def _found(x: Array, y: Array, run: Run) -> Estimate:
    return KSG(run=run, max_rows=len(x)).fit(x, y).estimate(x, y)


CHALLENGER = Challenger("neighbours", ask)
