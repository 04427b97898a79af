"""Maps of single columns: increasing, undone exactly, normal, and a line where a line will do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from mmg_registry.errors import DataError
from mmg_registry.preprocess import MonotoneMap, fit_map

N = 20_000


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def half_cube(z: np.ndarray) -> np.ndarray:
    return np.sign(z) * np.abs(z) ** 1.5


def bimodal(z: np.ndarray) -> np.ndarray:
    mode = np.random.default_rng(9).random(z.shape) < 0.3
    return np.where(mode, z, z + 5)


def normal_scores(column: np.ndarray) -> np.ndarray:
    return ndtri((np.argsort(np.argsort(column)) + 0.5) / column.size)


SHAPES = {
    "half-cube": half_cube,
    "uniform": ndtr,
    "cauchy": lambda z: np.tan(np.pi * (ndtr(z) - 0.5)),
    "log-normal": lambda z: np.exp(2 * z),
    "bimodal": bimodal,
    "cube": lambda z: z**3,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [300, N])
def test_map_is_strictly_increasing_inside_and_far_outside_the_rows(shape: str, n: int) -> None:
    column = SHAPES[shape](normal(1, n))
    curve = fit_map(column)
    span = np.ptp(column)
    points = np.unique(np.concatenate([column, np.linspace(column.min() - span, column.max() + span, 5000)]))
    points = points[np.concatenate([[True], np.diff(points) > 1e-9 * curve.scale])]
    assert np.all(np.diff(curve(points)) > 0)


@pytest.mark.parametrize("shape", SHAPES)
def test_map_can_be_undone(shape: str) -> None:
    column = np.sort(SHAPES[shape](normal(2, N)))
    curve = fit_map(column)
    low, high = np.full(N, column[0] - 1), np.full(N, column[-1] + 1)
    for _ in range(200):
        middle = low + (high - low) / 2
        above = curve(middle) > curve(column)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    np.testing.assert_allclose(low, column, rtol=1e-6, atol=1e-9 * curve.scale)


@pytest.mark.parametrize(("shape", "sd"), [("half-cube", 0.02), ("uniform", 0.03), ("cauchy", 0.03), ("bimodal", 0.03)])
def test_mapped_column_is_normal(shape: str, sd: float) -> None:
    column = SHAPES[shape](normal(3, N))
    out = fit_map(column)(column)
    assert np.std(out - normal_scores(column)) < sd


def test_heavy_tails_end_within_eight_units_on_new_rows() -> None:
    curve = fit_map(SHAPES["cauchy"](normal(4, N)))
    assert np.abs(curve(np.array([-1e9, 1e9, 1e6]))).max() < 8


@pytest.mark.parametrize("n", [50, 500, N])
def test_normal_rows_stay_affine(n: int) -> None:
    assert all(fit_map(7 + 3 * normal(seed, n)).is_affine for seed in range(10))


def test_smooth_columns_take_fewer_knots_than_kinked_ones() -> None:
    smooth, kinked = (fit_map(SHAPES[shape](normal(5, N))) for shape in ("log-normal", "half-cube"))
    assert 3 <= smooth.knots.size < kinked.knots.size


def test_slope_is_continuous_at_the_end_knots_and_tails_are_concave() -> None:
    curve = fit_map(SHAPES["log-normal"](normal(6, N)))
    end, step = curve.knots[-1] * curve.scale + curve.centre, 1e-4 * curve.scale
    before, after = np.diff(curve(np.array([end - step, end, end + step])))
    assert after == pytest.approx(before, rel=1e-3)
    assert np.all(np.diff(curve(end + np.linspace(0, 100 * curve.scale, 50)), 2) < 0)


def test_flat_ends_keep_a_positive_slope() -> None:
    wide_ends = fit_map(np.concatenate([normal(7, N), 1e4 * normal(8, 200)]))
    assert np.all(wide_ends.slopes > 0)


def test_extreme_outliers_in_normal_rows_are_drawn_in() -> None:
    column = np.concatenate([normal(9, N), [1e6, -1e5]])
    assert np.abs(fit_map(column)(column)).max() < 20


@pytest.mark.parametrize("levels", [2, 10, 50])
def test_discrete_columns_stay_affine(levels: int) -> None:
    assert fit_map(np.random.default_rng(0).integers(0, levels, N)).is_affine


def test_discrete_column_with_a_far_tail_is_drawn_in_and_keeps_its_order() -> None:
    column = np.random.default_rng(0).zipf(1.5, N).astype(np.float64)
    curve = fit_map(column)
    levels = curve(np.unique(column))
    assert levels.max() < 10
    assert np.all(np.diff(levels) > 0)


def test_column_without_spread_between_quartiles_gets_a_scale() -> None:
    curve = fit_map(np.where(np.arange(N) % 20 == 0, 3.0, 0.0))
    assert 0 < curve.scale < 10


def test_float16_column_keeps_its_shape() -> None:
    column = half_cube(normal(10, N)).astype(np.float16)
    assert np.std(fit_map(column)(column) - normal_scores(column)) < 0.02


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_column_with_a_value_that_is_no_number_is_refused(bad: float) -> None:
    column = normal(11, 100)
    column[50] = bad
    with pytest.raises(DataError, match="NaN or infinite"):
        fit_map(column)


def test_slopes_are_the_maps_derivative() -> None:
    column = np.exp(2 * normal(12, N))
    curve = fit_map(column)
    points = np.concatenate([np.quantile(column, [0.01, 0.2, 0.5, 0.9, 0.999]), [column.max() * 3, -5.0]])
    step = 1e-5 * curve.scale
    numeric = (curve(points + step) - curve(points - step)) / (2 * step)
    np.testing.assert_allclose(np.exp(curve.log_slope(points)), numeric, rtol=1e-3)


def test_an_affine_map_has_no_tails() -> None:
    assert MonotoneMap(0.0, 2.0)(np.array([-1e30, 1e30])).tolist() == [-5e29, 5e29]
