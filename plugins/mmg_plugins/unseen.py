"""How large an information can be and still not be seen: by the number of rows, of columns, and of held-out rows.

A training that learns nothing gives every row the value of its start, whose spread says nothing of what was missed. The
same holds in part of weights that were kept from before the last step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmg_registry.training import Report
from mmg_registry.training.held_out import held_out_of

EARLY_SHARE = 0.5
"""Share of a training's steps up to which kept weights count as early ones in a warning.

Evidence: chosen; the last decay is the last 0.2 to 0.4 of the steps, so that half is well before it.
Lower: networks that over-fit from the middle on go without a word. Higher: nearly every training on few rows warns.
"""

MOST_SHARE = 0.5
"""Share of what was fitted beside a training from which the training's early end says nothing of the estimate.

Evidence: chosen, the larger part.
Lower: trainings that make most of an estimate go without a word. Higher: warnings of networks that hardly count.
"""

FEWEST_IN_ALL = 25
"""Fewest rows of an estimator that trains, those that evaluate included.

Evidence: of 25 rows 20 are trained on, of which six are held out, and five evaluate.
Lower: the spread of so few rows tells nothing. Higher: refusals where the error still tells how little is known.
"""


def unseen(rows: int, dim_x: int, dim_y: int) -> float:
    """Return the standard error of an information that a test on all rows takes for nothing, in nats.

    Twice the log-likelihood ratio of d = `dim_x * dim_y` correlations is chi-squared with d degrees of freedom where
    there is no dependence (Wilks, Ann. Math. Statist. 1938), and has the mean d + 2nI and the variance 2d + 8nI of the
    non-central law where there is some (Wald, Trans. Am. Math. Soc. 1943). An information that puts the mean of d two
    standard deviations below its own solves 2nI = 2 sqrt(2d + 8nI), and half of it is returned.

    Args:
        rows: rows that served for the test, n.
        dim_x, dim_y: columns of x and of y.

    Example:
        >>> round(unseen(100, 1, 1), 4), round(unseen(10_000, 5, 5), 5)
        (0.0412, 0.00061)
    """
    return (2 + math.sqrt(4 + dim_x * dim_y / 2)) / max(rows, 1)


def unheard(rows: int) -> float:
    """Return the information that held-out rows notice half of the time, were it learned in full, in nats.

    The log-density ratio of weakly dependent variables has the mean I and the variance 2I. The gain on m held-out rows
    thus has the standard error sqrt(2I / m), and a gain counts from its standard error on: even odds at I = 2 / m.

    Args:
        rows: training rows, of which the held-out ones are a part.

    Example:
        >>> unheard(8_000)  # 800 held-out rows
        0.0025
    """
    return 2 / held_out_of(rows)


def nothing_learned(reports: Sequence[Report]) -> bool:
    """Return whether every training kept its initial weights, and nothing else was learned beside it.

    Example:
        >>> nothing_learned([Report(steps=900, kept=0)]), nothing_learned([Report(steps=900, kept=100)])
        (True, False)
    """
    return all(report.kept == 0 and not report.of_others for report in reports)


def missed(reports: Sequence[Report], rows: int, dims: tuple[int, int], others: float = math.inf) -> float:
    """Return the standard error of what trainings could not have seen, in nats; 0 where all kept their last weights.

    Args:
        reports: the reports of all trainings behind one estimate.
        rows: training rows, held-out ones included.
        dims: columns of x and of y.
        others: the standard error of a second opinion that needs no training, in nats; infinite where there is none.

    Example:
        >>> round(missed([Report(steps=900, kept=0)], 8_000, (1, 1)), 4)
        0.0026
        >>> missed([Report(steps=900, kept=900)], 8_000, (1, 1))
        0.0
    """
    if all(0 < report.kept == report.steps for report in reports):
        return 0.0
    sampling = unseen(rows, *dims)
    return math.hypot(sampling, min(unheard(rows), others)) if nothing_learned(reports) else sampling


def early_weights(reports: Sequence[Report]) -> list[str]:
    """Return a warning for each training that kept weights from its first half, and makes most of the estimate.

    Example:
        >>> early_weights([Report(steps=900, kept=800)])
        []
    """
    return [
        f"Training kept the weights of step {each.kept} of {each.steps}, for later ones did worse on held-out rows: "
        "what more rows would teach is missing, so the estimate is low rather than high."
        for each in reports
        if 0 < each.kept <= EARLY_SHARE * each.steps and each.of_others < MOST_SHARE
    ]


def no_evidence(columns: int) -> str:
    """Return the warning that nothing learned in so many columns is no evidence of nothing."""
    return (
        "The network learned nothing that its held-out rows could tell, beyond linear dependence; in "
        f"{columns} columns that is no evidence that there is nothing: a dependence on few unknown combinations of "
        "them may go unseen. Give fewer columns, or more rows."
    )


def too_small_to_see(error: float) -> str:
    """Return the warning that nothing was learned, and how much could have gone unseen (nats)."""
    return (
        f"The network learned nothing that its held-out rows could tell, beyond linear dependence; about {error:.2g} "
        "nats could have gone unseen, which the standard error includes."
    )
