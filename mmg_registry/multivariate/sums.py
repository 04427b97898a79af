"""Weighted sums of estimates of the same rows, with the error that their common rows leave."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.multivariate.terms import SharedTerm, Weights
from mmg_registry.results import Estimate


@dataclass(frozen=True)
class Sum:
    """A weighted sum of estimates, in nats.

    Attributes:
        value: the sum.
        sampling: its standard error over rows, with what the terms have in common where single rows tell it.
        systematic: the other parts of the terms' errors, which are added.
        joint: whether the values of single rows told what the terms have in common; else all errors are added.
    """

    value: float
    sampling: float
    systematic: float
    joint: bool

    @property
    def std_error(self) -> float:
        """Return the standard error, both parts together."""
        return math.hypot(self.sampling, self.systematic)


def raw(estimate: Estimate) -> float:
    """Return an estimate before it was cut to what is possible: cut ones would not cancel in a sum."""
    cut = estimate.diagnostics.get("raw")
    return float(cut["mi"] if cut else estimate.mi)


def weighted(estimates: Mapping[SharedTerm, Estimate], weights: Weights) -> Sum:
    """Return the sum of estimates in nats by their weights.

    The part of an estimate's error that the spread of its rows explains is a mean over the same rows for all, so that
    it adds up by their correlations; what exceeds it may have the same sign everywhere, and is added.

    Example:
        >>> one, two = SharedTerm((0,), (1,)), SharedTerm((0,), (2,))
        >>> rows = np.random.default_rng(0).standard_normal(1000)
        >>> same = Estimate(mi=0.5, std_error=float(rows.std() / 1000**0.5), pointwise=rows)
        >>> found = weighted({one: same, two: same}, {one: 1.0, two: -1.0})
        >>> found.value, round(found.std_error, 6)
        (0.0, 0.0)
    """
    terms, signs = list(weights), np.array(list(weights.values()))
    own = [estimates[term] for term in terms]
    value = float(sum(sign * raw(each) for sign, each in zip(signs, own, strict=True)))
    errors = np.array([each.std_error or 0.0 for each in own])
    rows = _rows(own)
    if rows is None:
        return Sum(value, float(np.abs(signs) @ errors), 0.0, False)
    sampling = np.minimum(errors, rows.std(axis=1) / math.sqrt(rows.shape[1]))
    joint = (signs * sampling) @ _correlations(rows) @ (signs * sampling)
    rest = np.sqrt(np.maximum(errors**2 - sampling**2, 0.0))
    return Sum(value, math.sqrt(max(float(joint), 0.0)), float(np.abs(signs) @ rest), True)


def _rows(estimates: Sequence[Estimate]) -> F64 | None:
    """Return the values of single rows `(terms, rows)`; None where some estimate has none, or other rows."""
    found = [each.pointwise for each in estimates]
    lengths = {None if each is None else len(each) for each in found}
    if len(lengths) != 1 or None in lengths:
        return None
    return np.stack([np.asarray(each, dtype=np.float64) for each in found])


def _correlations(rows: F64) -> F64:
    """Return the correlations `(terms, terms)` of the rows' values; those of a constant are 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1)
    unit = np.divide(centred, length[:, None], out=np.zeros_like(centred), where=length[:, None] > 0)
    found: F64 = unit @ unit.T
    return found
