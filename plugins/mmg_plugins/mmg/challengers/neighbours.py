"""The challenger `neighbours`: nearest neighbours, which need no training."""

from __future__ import annotations

from mmg_plugins.baselines.ksg import KSG
from mmg_plugins.mmg.challengers.contract import NOTHING, Challenger, Heard, Question
from mmg_plugins.mmg.thresholds import NEIGHBOUR_COLUMNS, NEIGHBOUR_ROWS


def ask(question: Question) -> Heard:
    """Return the information that nearest neighbours find in the training rows.

    They are biased low where dependence is strong or columns are many, and know what still rises with the rows, which
    is a part of the error. Nothing is said of rows that are not independent: neighbours in time are neighbours in x and
    in y.
    """
    x, y = question.given
    every = -(-len(x) // NEIGHBOUR_ROWS)
    x, y = x[::every], y[::every]
    if question.columns > NEIGHBOUR_COLUMNS or len(x) < 4 or question.groups is not None:
        return NOTHING
    found = KSG(run=question.quiet, max_rows=len(x)).fit(x, y).estimate(x, y)
    if found.diagnostics["rows_with_copies"] or found.diagnostics["method"] == "counts":
        return NOTHING
    return Heard(found.mi, found.diagnostics["errors"]["rows"], found.std_error or 0.0)


CHALLENGER = Challenger("neighbours", ask)
