"""Nearest neighbours as a second opinion on a network, which may never have begun to learn.

They are biased low where dependence is strong or columns are many, so that only more than the network's value counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from mmg_plugins.baselines.ksg import KSG
from mmg_registry.contracts import Array, Run
from mmg_registry.results import Estimate

OPINION_ERRORS = 2.0
"""Standard errors of another estimate that are subtracted from its excess before it casts doubt.

Evidence: two leave one false doubt in some forty; all 80 intervals of independent pairs hold 0 (`results/null.json`).
Lower: false doubts widen intervals. Higher: an asinh Student pair that is 0.225 nats short keeps an error of 0.03.
"""


class Opinion(NamedTuple):
    """What another estimator finds in training rows, and the standard error of its rows, in nats; zeros for nothing."""

    value: float = 0.0
    error: float = 0.0

    def beyond(self, value: float) -> float:
        """Return what is surely found beyond another `value`, in nats.

        Example:
            >>> round(Opinion(1.0, 0.1).beyond(0.5), 2), Opinion(1.0, 0.1).beyond(0.9)
            (0.3, 0.0)
        """
        return max(0.0, self.value - OPINION_ERRORS * self.error - value)


def ask_neighbours(x: Array, y: Array, run: Run, most_rows: int, most_columns: int) -> Opinion:
    """Return the information that nearest neighbours find in some of the rows; zeros where they give none.

    Labels, copies of rows and many columns are not for them.

    Args:
        x, y: `(n, dim_x)`, `(n, dim_y)`.
        run: seed and threads.
        most_rows: rows that are looked at, evenly chosen.
        most_columns: columns of both sides beyond which nothing is asked.
    """
    if x.shape[1] + y.shape[1] > most_columns or len(x) < 2:
        return Opinion()
    found = found_by_neighbours(x, y, run, most_rows)
    if found is None or found.diagnostics["method"] != "squares":
        return Opinion()
    return Opinion(found.mi, found.diagnostics["errors"]["rows"])  # where these are low, they find the more surely


def found_by_neighbours(x: Array, y: Array, run: Run, most_rows: int, **options: int) -> Estimate | None:
    """Return the estimate of `ksg` from every so many-th row, `most_rows` at most; None of copies, and where it counts.

    The search runs on the CPU, wherever a network runs. `options` are those of `ksg`.
    """
    every = -(-len(x) // most_rows)
    x, y = x[::every], y[::every]
    found = KSG(run=replace(run, progress=None, device="cpu"), **options).fit(x, y).estimate(x, y)
    return None if found.diagnostics["rows_with_copies"] or found.diagnostics["method"] == "counts" else found


def neighbours_find_more(mi: float, more: float) -> str:
    """Return the warning that neighbours find at least `more` nats beyond the estimate `mi`."""
    return (
        f"Nearest neighbours find at least {mi + more:.2f} nats in the training rows, {more:.2f} more than the "
        "network learned; the standard error includes that. Give it more rows, or compare with --plugin ksg."
    )
