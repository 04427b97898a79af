"""Combining folds: weights, errors, row order, curves on unequal bins, warnings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes import flat_curve, gaussian_pair
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, TimeSeriesSplit

from mmg_registry.data import as_pair, units_of
from mmg_registry.data.pair import with_groups
from mmg_registry.errors import DataError, OptionError
from mmg_registry.estimation.crossfit import combine, folds_of, places_of
from mmg_registry.request import Request
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


# --- Which folds ----------------------------------------------------------------------------------------------------
PAIR = with_groups(as_pair(*gaussian_pair(60)), np.arange(60) % 6)


def folds(**choices: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    return folds_of(PAIR, Request(**choices), units_of(PAIR))


def test_folds_hold_whole_groups() -> None:
    for fit, rows in folds(cross_fit=3):
        assert not np.isin(PAIR.groups[rows], PAIR.groups[fit]).any()
        assert len(fit) + len(rows) == 60
    with pytest.raises(DataError, match="only 6 groups or blocks of rows, too few for 7 folds"):
        folds(cross_fit=7)


@pytest.mark.parametrize(("cv", "evaluated"), [(KFold(4), 60), (GroupKFold(3), 60), (TimeSeriesSplit(3), 45)])
def test_a_splitter_says_which_rows_are_evaluated(cv: Any, evaluated: int) -> None:
    found = folds(cv=cv)
    assert len(places_of(found)) == evaluated
    for (fit, rows), theirs in zip(found, cv.split(PAIR.x, PAIR.y, PAIR.groups), strict=True):
        np.testing.assert_array_equal(fit, np.sort(theirs[0]))
        np.testing.assert_array_equal(rows, np.sort(theirs[1]))


class Splitter:
    """Anything with `split` will do."""

    def __init__(self, *folds: tuple[list[int], list[int]]) -> None:
        self.folds = folds

    def split(self, x: Any, y: Any, groups: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield from ((np.array(fit, dtype=int), np.array(rows, dtype=int)) for fit, rows in self.folds)


@pytest.mark.parametrize(
    ("cv", "told"),
    [
        (5, "has no method split"),
        (ShuffleSplit(20, test_size=0.5, random_state=0), "evaluates some rows more than once"),
        (KFold(100), "'cv' refuses these rows"),
        (Splitter(), "makes no folds"),
        (Splitter(([0, 1], [])), "makes no folds"),
        (Splitter(([0, 1], [1, 2])), "evaluates rows it is fitted on"),
        (Splitter(([], [1, 2])), "a fold that is empty"),
    ],
)
def test_what_is_no_splitter_into_folds_is_refused(cv: Any, told: str) -> None:
    with pytest.raises(OptionError) as caught:
        folds(cv=cv)
    assert told in str(caught.value)


def test_rows_that_no_fold_evaluates_have_no_pointwise_value() -> None:
    rows = [np.array([7, 4]), np.array([5])]
    parts = [Estimate(1.0, pointwise=np.array([7.0, 4.0])), Estimate(1.0, pointwise=np.array([5.0]))]
    assert combine(parts, rows).pointwise.tolist() == [4.0, 5.0, 7.0]
