"""A standard error for an estimator that gives none, from the spread of its estimates over disjoint parts of the rows.

Holmes and Nemenman ("Estimation of mutual information for real-valued data with error bars and controlled bias",
Phys. Rev. E 100, 022404, 2019, section III): the variance of an estimate from N rows is B/N for nearly all estimators,
so that estimates from disjoint parts, each of N/n rows, vary by B n/N. Every n from 2 to 10 gives a value of B; they
are averaged by their degrees of freedom, n - 1.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.contracts import Estimator, guarded
from mmg_registry.data import Pair, folds
from mmg_registry.errors import IntervalWarning, MMGError, Sentence
from mmg_registry.results import Estimate

MOST_PARTS = 10  # as in the paper: smaller parts bring the bias of few rows, fewer parts a rough error
LEAST_EVALUATED = 10  # rows of a part that a trained estimator evaluates

TOO_FEW = Sentence(
    "There are too few rows for a standard error from parts of them, and the estimator gives none.", IntervalWarning
)
UNSTEADY = Sentence(
    "The estimator gives no standard error, and fails on parts of the rows, so the estimate has no interval.",
    IntervalWarning,
)


def with_error(estimator: Estimator, train: Pair, rows: Pair, found: Estimate) -> Estimate:
    """Return `found` with a standard error where the estimator gave none and does not decline one.

    The values of single rows serve where a trained estimator has them. Else the estimate is repeated on disjoint parts:
    of all rows where nothing is trained, of the evaluation rows for a trained estimator, which is not trained again, so
    that the error of its training is not part of the result. The diagnostics say which.

    Args:
        estimator: the fitted estimator, which is left as it is.
        train, rows: the rows that it was fitted on and that it evaluated.
        found: its estimate, in nats.
    """
    if found.std_error is not None or found.status != "estimated" or estimator.declines_error:
        return found
    if estimator.trains and found.pointwise is not None and len(found.pointwise) > 1:
        values = np.asarray(found.pointwise, dtype=float)
        return _told(found, float(values.std(ddof=1)) / math.sqrt(len(values)), "the values of the evaluation rows")
    most = min(MOST_PARTS, _parts_at_most(estimator, train, rows))
    if most < 2:
        return replace(found, warnings=[*found.warnings, TOO_FEW])
    try:
        error = spread(_again(estimator, train, rows), most)
    except MMGError:
        return replace(found, warnings=[*found.warnings, UNSTEADY])
    which = "evaluation rows" if estimator.trains else "rows"
    return _told(found, error, f"2 to {most} disjoint parts of the {which}")


def _parts_at_most(estimator: Estimator, train: Pair, rows: Pair) -> int:
    if estimator.trains:
        return len(rows) // LEAST_EVALUATED
    return min(len(train), len(rows)) // estimator.min_rows


def spread(estimates: Callable[[int], Sequence[float]], most: int) -> float:
    """Return the standard error of an estimate from all rows, in the unit of the estimates.

    Args:
        estimates: from a number of disjoint parts to the estimate of each part.
        most: the largest number of parts, at least 2.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal(10_000)
        >>> round(spread(lambda n: [part.mean() for part in np.array_split(rows, n)], 10), 3)  # 1 / sqrt(10_000)
        0.011
    """
    counts = range(2, most + 1)
    scaled = [float(np.var(estimates(n), ddof=1)) * (n - 1) / n for n in counts]
    return math.sqrt(sum(scaled) / sum(n - 1 for n in counts))


def _again(estimator: Estimator, train: Pair, rows: Pair) -> Callable[[int], list[float]]:
    """Return what repeats the estimate on `n` disjoint parts, drawn with the seed of the run.

    Raises:
        MMGError: from what is returned, when a part gives no finite estimate.
    """
    twin = copy.copy(estimator)
    twin.run = replace(estimator.run, progress=None)

    def estimates(n: int) -> list[float]:
        seed = int(np.random.SeedSequence([estimator.run.seed, n]).generate_state(1)[0])
        parts = zip(folds(len(train), n, seed), folds(len(rows), n, seed), strict=True)
        return [_finite(twin, train, rows, fit, evaluate) for fit, evaluate in parts]

    return estimates


def _finite(twin: Estimator, train: Pair, rows: Pair, fit: Index, evaluate: Index) -> float:
    """Return the estimate of one part, in nats; fit it too where nothing is trained."""
    if not twin.trains:
        guarded(twin, lambda: twin.fit(*train.take(fit).arrays()))
    mi = guarded(twin, lambda: twin.estimate(*rows.take(evaluate).arrays())).to_unit("nats").mi
    if not math.isfinite(mi):
        raise MMGError(f"The estimator '{twin.name}' gives {mi} on a part of the rows.")
    return mi


def _told(found: Estimate, error: float, source: str) -> Estimate:
    how = f"of the registry, from {source}"
    return replace(found, std_error=error, diagnostics={**found.diagnostics, "std_error": how})
