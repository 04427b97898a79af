"""The mean of the curves of K folds, whose bins may differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.results import Curve


def mean_curve(curves: Sequence[Curve | None], weights: F64) -> Curve | None:
    """Return the mean of `curves`, each weighted by its entry of `weights`, on bins that all of them cover.

    Args:
        curves: one curve per fold.
        weights: `(k,)` weights that sum to 1.

    Returns:
        The mean curve, or None if a fold has no curve or the folds' windows of log-SNR do not overlap.
    """
    known = [curve for curve in curves if curve is not None]
    if len(known) < len(curves):
        return None
    edges = _common_edges([np.asarray(curve.edges, dtype=float) for curve in known])
    if edges[0] >= edges[-1]:
        return None  # windows that do not overlap have no mean curve
    return Curve(edges=edges.tolist(), **{name: _mean_values(known, name, edges, weights) for name in _VALUES})


_VALUES = [each.name for each in fields(Curve) if each.name != "edges"]


def _common_edges(each: Sequence[F64]) -> F64:
    """Return the folds' bin edges if all agree, else as many evenly spaced ones over the window that all folds share.

    Outside that window some folds have no values, and a mean over the other folds would jump at its ends.
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
    """Move totals per bin to other bins, and spread each total evenly within its old bin."""
    return np.diff(np.interp(new, old, np.concatenate([[0.0], np.cumsum(totals)])))


def _heights(values: F64, old: F64, new: F64) -> F64:
    """Return a piecewise-constant curve on other bins, with the same integral."""
    return values if np.array_equal(old, new) else _rebinned(values * np.diff(old), old, new) / np.diff(new)


def _errors(values: F64, old: F64, new: F64) -> F64:
    """Return the standard errors of `_heights`, with the same variance of the integral (bins are independent)."""
    if np.array_equal(old, new):
        return values
    return np.sqrt(_rebinned((values * np.diff(old)) ** 2, old, new)) / np.diff(new)
