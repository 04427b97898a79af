"""Combining folds: weights, errors, row order, curves on unequal bins, warnings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import flat_curve

from mmg_registry.estimation.crossfit import combine
from mmg_registry.results import Curve, Estimate

ROWS = [np.array([1, 2, 5]), np.array([0, 3, 4, 6])]


def integral(curve: Curve, name: str) -> float:
    return float(np.dot(getattr(curve, name), np.diff(curve.edges)))


def test_mean_and_error_are_weighted_by_rows() -> None:
    both = combine([Estimate(1.0, 0.3), Estimate(2.0, 0.5)], ROWS)
    assert both.mi == pytest.approx((3 * 1 + 4 * 2) / 7)
    assert both.std_error == pytest.approx(np.sqrt((3 * 0.3) ** 2 + (4 * 0.5) ** 2) / 7)


def test_no_error_where_a_fold_has_none() -> None:
    assert combine([Estimate(1.0, 0.3), Estimate(2.0)], ROWS).std_error is None


def test_pointwise_values_return_to_their_rows() -> None:
    values = np.arange(7.0)
    parts = [Estimate(1.0, pointwise=values[rows]) for rows in ROWS]
    np.testing.assert_array_equal(combine(parts, ROWS).pointwise, values)
    assert combine([parts[0], Estimate(1.0)], ROWS).pointwise is None


def test_curves_on_equal_bins_are_averaged() -> None:
    both = combine([Estimate(1.0, curve=flat_curve(1.0)), Estimate(2.0, curve=flat_curve(2.0))], ROWS)
    assert both.curve.edges == flat_curve(1.0).edges
    assert integral(both.curve, "orthogonal") == pytest.approx(both.mi)
    assert both.curve.count == [20] * 4
    assert both.curve.direct_se == pytest.approx([0.01 * 5 / 7] * 4)
    assert both.curve.mmse is None


def test_curves_on_unequal_bins_are_averaged_over_the_window_they_share() -> None:
    curves = [flat_curve(1.0), flat_curve(2.0, shift=1)]
    both = combine([Estimate(1.0, curve=curves[0]), Estimate(2.0, curve=curves[1])], ROWS).curve
    assert both is not None
    assert (both.edges[0], both.edges[-1], len(both.edges)) == (-3, 4, 5)
    assert both.orthogonal == pytest.approx([(3 * 1 + 4 * 2) / 7 / 8] * 4)
    error = np.sqrt(np.sum((np.diff(both.edges) * both.orthogonal_se) ** 2))
    assert error == pytest.approx(0.01 * 2 * np.sqrt(3.5) * 5 / 7)  # 3.5 of each fold's 4 bins
    assert sum(both.count) == pytest.approx(70, abs=2)


def test_curves_without_a_common_window_have_no_mean() -> None:
    parts = [Estimate(1.0, curve=flat_curve(1.0)), Estimate(2.0, curve=flat_curve(2.0, shift=9))]
    assert combine(parts, ROWS).curve is None


def test_optional_curves_need_all_folds() -> None:
    with_mmse = replace(flat_curve(1.0), mmse=[1.0, 0.8, 0.5, 0.1])
    curves = [Estimate(1.0, curve=curve) for curve in (with_mmse, with_mmse, flat_curve(1.0))]
    assert combine(curves[:2], ROWS).curve.mmse == pytest.approx([1.0, 0.8, 0.5, 0.1])
    assert combine(curves[1:], ROWS).curve.mmse is None
    assert combine([curves[0], Estimate(1.0)], ROWS).curve is None


def test_common_warnings_are_said_once() -> None:
    parts = [Estimate(1.0, warnings=["Both.", "First."]), Estimate(1.0, warnings=["Both."])]
    assert combine(parts, ROWS).warnings == ["Both.", "Fold 1 of 2: First."]


def test_diagnostics_are_kept_by_fold() -> None:
    parts = [Estimate(1.0, device="cpu", diagnostics={"steps": 3}), Estimate(2.0, diagnostics={"steps": 4})]
    found = combine(parts, ROWS)
    assert found.device == "cpu"
    assert [(fold["mi"], fold["n_eval"], fold["diagnostics"]["steps"]) for fold in found.diagnostics["folds"]] == [
        (1.0, 3, 3),
        (2.0, 4, 4),
    ]
