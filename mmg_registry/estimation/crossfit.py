"""Cross-fitting: each of K folds is evaluated by a model fitted on the others, and the estimates are combined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64
from mmg_registry.data import Pair, folds
from mmg_registry.errors import demand
from mmg_registry.estimation.fitting import Make, Part, fitted, rows_of
from mmg_registry.estimation.mean_curve import mean_curve
from mmg_registry.request import Request, run_of_fold
from mmg_registry.results import Estimate


def cross_fitted(make: Make, pair: Pair, request: Request, k: int) -> Part:
    """Evaluate every row of `pair` with one of `k` estimators, each fitted on the rows of the other folds.

    Raises:
        OptionError: for more folds than half the number of rows.
        MMGError: when an estimator fails.
    """
    demand(k <= len(pair) // 2, f"The option 'cross_fit' is {k}, too many folds for {len(pair)} rows.")
    parts, evaluated = [], folds(len(pair), k, request.seed)
    for i, rows in enumerate(evaluated):
        others = np.setdiff1d(np.arange(len(pair)), rows, assume_unique=True)
        estimator = make(run=run_of_fold(request, i, k))
        parts.append(replace(fitted(estimator, rows_of(pair, others), rows_of(pair, rows)), estimator=None))
    seconds = {key: sum(part.seconds[key] for part in parts) for key in ("fit", "estimate")}
    combined = combine([part.estimate for part in parts], evaluated)
    return Part(combined, None, seconds, len(pair), len(pair))


def combine(estimates: Sequence[Estimate], rows: Sequence[NDArray[np.int64]]) -> Estimate:
    """Return the mean of the folds' estimates, weighted by their numbers of rows; device and backend are the first's.

    The standard error is sqrt(sum n_k^2 se_k^2) / n, that of independent folds. If all pointwise values are known, its
    square is the variance of all of them over n, plus the weighted mean of the part of each fold's squared error that
    its rows do not explain: the folds share most of their training, whose error is common to all and does not average
    out.

    Args:
        estimates: one estimate per fold, in nats.
        rows: the indices of the rows that each fold evaluated; together they are all rows.

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
    whole = np.empty(sum(len(part) for part in rows), dtype=np.result_type(*known))
    for part, index in zip(known, rows, strict=True):
        whole[index] = part
    return whole


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
        f"Fold {i} of {len(estimates)}: {text}"
        for i, each in enumerate(estimates, 1)
        for text in each.warnings
        if text not in common
    ]
    return common + own
