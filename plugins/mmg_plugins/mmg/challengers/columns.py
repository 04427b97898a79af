"""The challenger `columns`: the same estimator, asked about the few columns that a screen finds to be dependent.

Where few of many columns matter, a network has to learn that the others carry nothing, and it over-fits to them before
it has. Columns that are left out can only lower the information, so that what is found in the others is a lower bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mmg_plugins.mmg.challengers.contract import NOTHING, Challenger, Heard, Question, on_other_rows
from mmg_plugins.mmg.challengers.screen import dependent_columns
from mmg_plugins.mmg.thresholds import FEW_OF_MANY, SCREENED_COLUMNS
from mmg_registry.contracts import Estimator, Run

NAME = "columns"


def asking(fresh: Callable[[Run], Estimator]) -> Challenger:
    """Return the challenger that asks the estimator `fresh` makes."""

    def ask(question: Question) -> Heard:
        if question.columns < SCREENED_COLUMNS:
            return NOTHING
        x, y = question.given
        of_x, of_y = dependent_columns(x, y, question.run.seed)
        if not len(of_x) or len(of_x) + len(of_y) > FEW_OF_MANY * question.columns:
            return NOTHING
        few = replace(question, given=(x[:, of_x], y[:, of_y]))
        return on_other_rows(lambda: fresh(question.quiet), few)

    return Challenger(NAME, ask)
