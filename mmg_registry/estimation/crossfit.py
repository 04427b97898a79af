"""Cross-fitting: each of K folds is evaluated by a model fitted on the others, and the estimates are combined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64, Index
from mmg_registry.data import Pair
from mmg_registry.data.units import Units
from mmg_registry.errors import OptionError, Sentence, category_of, demand, explain
from mmg_registry.estimation.by_row import evaluated, joined_rows
from mmg_registry.estimation.fitting import Make, Part
from mmg_registry.estimation.mean_curve import mean_curve
from mmg_registry.request import Request, run_of_fold
from mmg_registry.results import Estimate

Fold = tuple[Index, Index]  # the rows that are fitted, and the rows that are evaluated


def cross_fitted(make: Make, pair: Pair, request: Request, units: Units, folds: Sequence[Fold]) -> Part:
    """Evaluate rows of `pair` fold by fold, each with an estimator fitted on the other rows of that fold.

    Raises:
        MMGError: when an estimator fails.
    """
    parts = []
    for i, (others, rows) in enumerate(folds):
        estimator = make(run=run_of_fold(request, i, len(folds)))
        groups = units.take(others).labels
        parts.append(evaluated(estimator, pair.take(others), pair.take(rows), groups, request.pointwise))
    seconds = {key: sum(part.seconds[key] for part in parts) for key in ("fit", "estimate")}
    combined = combine([part.estimate for part in parts], [rows for _, rows in folds])
    fits = tuple(fit for part in parts for fit in part.fits)
    return Part(combined, None, seconds, len(pair), sum(part.n_eval for part in parts), fits)


def folds_of(pair: Pair, request: Request, units: Units) -> list[Fold]:
    """Return the folds that `request` asks for: those of `cv`, else `cross_fit` of them, with whole units.

    Raises:
        OptionError: for more folds than half the number of rows, or a `cv` that does not split rows into folds.
        DataError: for fewer units than folds.
    """
    if request.cv is not None:
        return _folds_of_splitter(request.cv, pair)
    k = request.cross_fit or 0
    demand(k <= len(pair) // 2, f"The option 'cross_fit' is {k}, too many folds for {len(pair)} rows.")
    return units.folds(k, request.seed)


def _folds_of_splitter(cv: Any, pair: Pair) -> list[Fold]:
    demand(
        callable(getattr(cv, "split", None)),
        "The option 'cv' has no method split(X, y, groups); give a splitter of scikit-learn, such as KFold(5).",
    )
    try:
        folds = [(np.sort(fit), np.sort(rows)) for fit, rows in cv.split(pair.x, pair.y, pair.groups)]
    except (ValueError, TypeError) as error:
        raise OptionError(f"The option 'cv' refuses these rows ({explain(error)}).") from error
    evaluated = np.concatenate([rows for _, rows in folds]) if folds else np.empty(0, dtype=np.int64)
    demand(len(evaluated), "The option 'cv' makes no folds.")
    demand(
        len(np.unique(evaluated)) == len(evaluated),
        "The option 'cv' evaluates some rows more than once; give a splitter with disjoint folds, such as KFold.",
    )
    demand(
        all(len(fit) and len(rows) and not np.isin(rows, fit).any() for fit, rows in folds),
        "The option 'cv' makes a fold that is empty, or that evaluates rows it is fitted on.",
    )
    return folds


def places_of(folds: Sequence[Fold]) -> Index:
    """Return the sorted indices of all rows that `folds` evaluate."""
    return np.sort(np.concatenate([rows for _, rows in folds]))


def combine(estimates: Sequence[Estimate], rows: Sequence[NDArray[np.int64]]) -> Estimate:
    """Return the mean of the folds' estimates, weighted by their numbers of rows; device and backend are the first's.

    The standard error is sqrt(sum n_k^2 se_k^2) / n, that of independent folds. If all pointwise values are known, its
    square is the variance of all of them over n, plus the weighted mean of the part of each fold's squared error that
    its rows do not explain: the folds share most of their training, whose error is common to all and does not average
    out.

    Args:
        estimates: one estimate per fold, in nats.
        rows: the indices of the rows that each fold evaluated; none is in two.

    Example:
        >>> halves = [np.array([0, 2]), np.array([1, 3])]
        >>> both = combine([Estimate(1.0, 0.3), Estimate(2.0, 0.4)], halves)
        >>> both.mi, both.std_error
        (1.5, 0.25)
    """
    weights = np.array([len(part) for part in rows], dtype=float) / sum(len(part) for part in rows)
    pointwise = _in_row_order([each.pointwise for each in estimates], rows)
    return Estimate(
        mi=float(weights @ [each.mi for each in estimates]),
        std_error=_error(estimates, weights, pointwise),
        curve=mean_curve([each.curve for each in estimates], weights),
        pointwise=pointwise,
        by_row=joined_rows([each.by_row for each in estimates]),
        device=estimates[0].device,
        backend=estimates[0].backend,
        diagnostics=_diagnostics(estimates, rows),
        warnings=_warnings(estimates),
    )


def _error(estimates: Sequence[Estimate], weights: F64, pointwise: NDArray[Any] | None) -> float | None:
    errors = [each.std_error for each in estimates if each.std_error is not None]
    if len(errors) < len(estimates):
        return None
    if pointwise is None or any(each.pointwise is None or len(each.pointwise) < 2 for each in estimates):
        return float(np.linalg.norm(weights * np.array(errors)))
    of_rows = [
        float(np.var(each.pointwise, ddof=1)) / len(each.pointwise) for each in estimates if each.pointwise is not None
    ]
    common = weights @ np.maximum(np.square(errors) - of_rows, 0.0)
    return float(np.sqrt(np.var(pointwise, ddof=1) / len(pointwise) + common))


def _in_row_order(parts: Sequence[NDArray[Any] | None], rows: Sequence[NDArray[np.int64]]) -> NDArray[Any] | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    found: NDArray[Any] = np.concatenate(known)[np.argsort(np.concatenate(list(rows)))]
    return found


def _diagnostics(estimates: Sequence[Estimate], rows: Sequence[NDArray[np.int64]]) -> dict[str, Any]:
    parts = [
        {"mi": each.mi, "std_error": each.std_error, "n_eval": len(index), "diagnostics": each.diagnostics}
        for each, index in zip(estimates, rows, strict=True)
    ]
    return {"folds": parts}


def _warnings(estimates: Sequence[Estimate]) -> list[str]:
    """Return the warnings that all folds share once, and the others with the number of their fold."""
    common = [text for text in estimates[0].warnings if all(text in each.warnings for each in estimates)]
    own = [
        Sentence(f"Fold {i} of {len(estimates)}: {text}", category_of(text))
        for i, each in enumerate(estimates, 1)
        for text in each.warnings
        if text not in common
    ]
    return common + own
