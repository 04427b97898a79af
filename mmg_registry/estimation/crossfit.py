"""Putting the estimates of K folds together: each fold was evaluated by a model fitted on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.results import Curve, Estimate

F64 = NDArray[np.float64]


def combine(estimates: Sequence[Estimate], rows: Sequence[NDArray[np.int64]]) -> Estimate:
    """Mean of the folds' estimates weighted by their rows.

    Its standard error is sqrt(sum n_k^2 se_k^2) / n, as of independent folds. Where every row's own value is known, it
    is the spread of all rows' values over sqrt(n), and what the folds' errors hold beyond that of their rows: the
    training they have in common errs in all of them alike, and does not average out.

    Args:
        estimates: one a fold, in nats.
        rows: which rows each fold evaluated; together all of them.

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
        curve=_mean_curve([each.curve for each in estimates], weights),
        pointwise=pointwise,
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
    """Every fold's own; device and backend, which all folds share, stay at the top where the registry finds them."""
    shared = {key: value for key, value in estimates[0].diagnostics.items() if key in ("device", "backend")}
    parts = [
        {"mi": each.mi, "std_error": each.std_error, "n_eval": len(index), "diagnostics": each.diagnostics}
        for each, index in zip(estimates, rows, strict=True)
    ]
    return {**shared, "folds": parts}


def _warnings(estimates: Sequence[Estimate]) -> list[str]:
    """Warnings that all folds give are given once; others say which fold they are of."""
    common = [text for text in estimates[0].warnings if all(text in each.warnings for each in estimates)]
    own = [
        f"Fold {i} of {len(estimates)}: {text}"
        for i, each in enumerate(estimates, 1)
        for text in each.warnings
        if text not in common
    ]
    return common + own


def _mean_curve(curves: Sequence[Curve | None], weights: F64) -> Curve | None:
    known = [curve for curve in curves if curve is not None]
    if len(known) < len(curves):
        return None
    edges = _common_edges([np.asarray(curve.edges, dtype=float) for curve in known])
    if edges[0] >= edges[-1]:
        return None  # windows that do not overlap have no mean curve
    return Curve(edges=edges.tolist(), **{name: _mean_values(known, name, edges, weights) for name in _VALUES})


_VALUES = [each.name for each in fields(Curve) if each.name != "edges"]


def _common_edges(each: Sequence[F64]) -> F64:
    """The folds' own bins where they agree, else as many even ones over the window that all of them share.

    Outside it some folds know nothing, and a mean of an error curve over the others would jump there.
    """
    first = each[0]
    if all(np.array_equal(first, edges) for edges in each):
        return first
    low, high = max(edges[0] for edges in each), min(edges[-1] for edges in each)
    return np.linspace(low, high, max(len(edges) for edges in each))


def _mean_values(curves: Sequence[Curve], name: str, edges: F64, weights: F64) -> Any:
    values = [getattr(curve, name) for curve in curves]
    if any(value is None for value in values):
        return None
    old = [np.asarray(curve.edges, dtype=float) for curve in curves]
    if name == "count":
        sums = [_rebinned(np.asarray(v, dtype=float), e, edges) for v, e in zip(values, old, strict=True)]
        return np.rint(np.sum(sums, axis=0)).astype(int).tolist()
    resampled = _errors if name.endswith("_se") else _heights
    parts = np.stack([resampled(np.asarray(v, dtype=float), e, edges) for v, e in zip(values, old, strict=True)])
    mean = np.sqrt(weights**2 @ parts**2) if name.endswith("_se") else weights @ parts
    return mean.tolist()


def _rebinned(totals: F64, old: F64, new: F64) -> F64:
    """Per-bin totals moved to other bins, spread evenly within each old one."""
    return np.diff(np.interp(new, old, np.concatenate([[0.0], np.cumsum(totals)])))


def _heights(values: F64, old: F64, new: F64) -> F64:
    """A piecewise-constant curve on other bins, with the same integral."""
    return values if np.array_equal(old, new) else _rebinned(values * np.diff(old), old, new) / np.diff(new)


def _errors(values: F64, old: F64, new: F64) -> F64:
    """Standard errors of `_heights`, with the same variance of the integral (bins are independent)."""
    if np.array_equal(old, new):
        return values
    return np.sqrt(_rebinned((values * np.diff(old)) ** 2, old, new)) / np.diff(new)
