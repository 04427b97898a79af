"""The challenger `neighbours`: nearest neighbours, which need no training."""

from __future__ import annotations

from mmg_plugins.baselines.second_opinion import found_by_neighbours
from mmg_plugins.mmg.challengers.contract import NOTHING, Challenger, Heard, Question
from mmg_plugins.mmg.thresholds import NEIGHBOUR_COLUMNS, NEIGHBOUR_ROWS

FEWEST_ROWS = 4  # to search for neighbours in


def ask(question: Question) -> Heard:
    """Return the information that nearest neighbours find in the training rows.

    They are biased low where dependence is strong or columns are many, and know what still rises with the rows, which
    is a part of the error. Nothing is said of rows that are not independent: neighbours in time are neighbours in x and
    in y.
    """
    x, y = question.given
    if question.columns > NEIGHBOUR_COLUMNS or len(x) < FEWEST_ROWS or question.groups is not None:
        return NOTHING
    found = found_by_neighbours(x, y, question.run, NEIGHBOUR_ROWS, max_rows=NEIGHBOUR_ROWS)
    if found is None:
        return NOTHING
    return Heard(found.mi, found.diagnostics["errors"]["rows"], found.std_error or 0.0)


CHALLENGER = Challenger("neighbours", ask)
