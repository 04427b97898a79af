"""How large an information can be and still not be seen: by the number of rows, of columns, and of held-out rows.

A training that learns nothing gives every row the value of its start, whose spread says nothing of what was missed. The
same holds in part of weights that were kept from before the last step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmg_registry.errors import Sentence, TrainingWarning
from mmg_registry.preprocess.wishart import SPARE_ROWS, GaussianInformation
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

UNSEEN_COLUMNS = 20
"""Columns of both sides in more of which nothing learned says nothing.

Evidence: chosen, as many as nearest neighbours are asked in.
Lower: alarms in few columns. Higher: a small bar where a dependence on few unknown combinations goes unseen.
"""

NOTICEABLY_UNSEEN = 0.01
"""Nats that may have gone unseen, from which the result says so.

Evidence: chosen. Lower: a sentence with every independent pair. Higher: what is missing goes without a word.
"""

LEAST_STEPS = 200
"""Steps of a training that its time limit ended, with fewer of which nothing learned says nothing.

Evidence: chosen; the shortest trainings that learn a correlation of .3 have learned some of it after a hundred.
Lower: a training of a few steps passes for a search that found nothing. Higher: wide bars where nothing is there.
"""

CUT_EARLY = 0.5
"""Nats, the standard error of an estimate whose training was cut before it could learn: the interval is some one nat.

Evidence: zeros with some normal rows among them, cut after ten steps, gave 0.095 +- 0.007 of 0.478 nats.
Lower: the limit of time passes for knowledge. Higher: the linear part, which is known, is hidden too.
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

    Held-out rows bound what a training missed only if it looked for long enough: one that the time limit cut after few
    steps learned nothing and says nothing.

    Args:
        reports: the reports of all trainings behind one estimate.
        rows: training rows, held-out ones included.
        dims: columns of x and of y.
        others: the standard error of a second opinion that needs no training, in nats; infinite where there is none.

    Example:
        >>> round(missed([Report(steps=900, kept=0)], 8_000, (1, 1)), 4)
        0.0026
        >>> round(missed([Report(steps=1, kept=0, stopped="max_seconds")], 8_000, (1, 1)), 2)
        0.5
        >>> missed([Report(steps=900, kept=900)], 8_000, (1, 1))
        0.0
    """
    if all(0 < report.kept == report.steps for report in reports):
        return 0.0
    sampling = unseen(rows, *dims)
    if not nothing_learned(reports):
        return sampling
    hardly = any(report.stopped == "max_seconds" and report.steps < LEAST_STEPS for report in reports)
    return math.hypot(sampling, min(CUT_EARLY if hardly else unheard(rows), others))


def linear_left(linear: GaussianInformation | None, mi: float, error: float) -> float:
    """Return how far the linear dependence of training rows surely exceeds an estimate, in nats; 0 where it does not.

    With few rows a column, directions are not known well enough to be of use on other rows, while the information along
    them is known without bias. The error of the difference is subtracted in squares.

    Args:
        linear: the information of a Gaussian pair behind the training rows; None where it is not known.
        mi, error: the estimate and the standard error of its rows, in nats.

    Example:
        >>> known = GaussianInformation(0.5, 0.03)
        >>> round(linear_left(known, 0.3, 0.04), 3), linear_left(known, 0.46, 0.04), linear_left(None, 0.3, 0.04)
        (0.194, 0.0, 0.0)
    """
    if linear is None or linear.mi <= mi:
        return 0.0
    return math.sqrt(max(0.0, (linear.mi - mi) ** 2 - linear.std_error**2 - error**2))


def directions_unknown(left: float) -> str:
    """Return the warning that linear dependence of the training rows is missing from an estimate (nats)."""
    return (
        f"The training rows have linear dependence of some {left:.2g} nats beyond the estimate, in directions that so "
        "few rows for so many columns do not tell well enough for other rows; the standard error includes it. Give "
        "more rows or fewer columns."
    )


def fewer_rows_than_columns(rows: int, columns: int) -> list[str]:
    """Return the warning that so few rows cannot tell dependence from chance in so many columns, where it is so.

    Example:
        >>> len(fewer_rows_than_columns(205, 1_000)), fewer_rows_than_columns(2_000, 1_000)
        (1, [])
    """
    if rows >= columns + SPARE_ROWS:
        return []
    return [
        f"The {rows} training rows are no more than the {columns} columns, so that not even linear dependence can be "
        "told from chance: nothing above the estimate can be excluded. Give more rows or fewer columns."
    ]


def cut_short(stopped: str, steps: int) -> str:
    """Return the warning of a training that a limit ended before it had settled.

    Example:
        >>> cut_short("max_steps", 90)[:56]
        'Training was cut by the limit of steps after 90 steps, b'
    """
    limit = {"max_steps": "limit of steps", "max_seconds": "time limit"}[stopped]
    return Sentence(
        f"Training was cut by the {limit} after {steps} steps, before the held-out objective had settled: what more of "
        "it would learn is unknown, and nothing above the interval can be excluded.",
        TrainingWarning,
    )


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


def left_unseen(report: Report, columns: int, error: float) -> list[str]:
    """Return a warning where a training kept its initial or early weights, and `error` nats may have gone unseen.

    Example:
        >>> left_unseen(Report(steps=900, kept=900), 2, 0.0), len(left_unseen(Report(steps=900), 2, 0.1))
        ([], 1)
    """
    if not nothing_learned([report]):
        return early_weights([report])
    if columns > UNSEEN_COLUMNS:
        return [no_evidence(columns)]
    return [too_small_to_see(error)] if error > NOTICEABLY_UNSEEN else []
