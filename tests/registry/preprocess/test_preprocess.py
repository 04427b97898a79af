"""The bijective preprocessing: column maps, whitening, canonical coordinates, state, refusals."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from mmg_registry.errors import DataError
from mmg_registry.preprocess import MonotoneMap, PairTransform, fit_map

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


# ------------------------------------------------------------------------------------------ column maps
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


# ------------------------------------------------------------------------------------------ the pair
def correlated(seed: int, n: int, dim: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    x = normal(seed, n, dim)
    return x, rho * x + np.sqrt(1 - rho**2) * normal(seed + 100, n, dim)


def test_outputs_are_white_with_a_diagonal_cross_covariance() -> None:
    x, y = correlated(20, N, 4, 0.7)
    x, y = half_cube(x) @ normal(21, 4, 4), np.hstack([y @ normal(22, 4, 4), normal(23, N, 1)])
    pair = PairTransform.fit(x, y)
    zx, zy = pair.transform(x, y)
    cross = np.zeros((4, 5))
    np.fill_diagonal(cross, pair.rho)
    for z in (zx, zy):
        assert z.dtype == np.float32
        assert z.flags.c_contiguous
        np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(np.cov(z.T, bias=True), np.eye(z.shape[1]), atol=1e-4)
    np.testing.assert_allclose(zx.T @ zy / N, cross, atol=1e-3)
    assert np.all((pair.rho >= 0) & (pair.rho < 1))


def test_gaussian_mi_is_the_closed_form() -> None:
    x, y = correlated(24, 100_000, 2, 0.8)
    assert PairTransform.fit(x, y).gaussian_mi == pytest.approx(-np.log(0.36), abs=0.015)


def test_half_cubes_of_normals_recover_their_whole_information() -> None:
    x, y = correlated(25, N, 1, 0.75)
    assert PairTransform.fit(half_cube(x), half_cube(y)).gaussian_mi == pytest.approx(0.4133, abs=0.02)
    assert PairTransform.fit(half_cube(x), half_cube(y), gaussianise=False).gaussian_mi < 0.4


@pytest.mark.parametrize("gap", [1e-7, 1e-9])
def test_a_correlation_next_to_one_keeps_its_distance_from_one(gap: float) -> None:
    x, y = correlated(26, N, 3, 1 - gap)
    pair = PairTransform.fit(x, y)
    np.testing.assert_allclose((1 - pair.rho) / gap, 1, atol=0.1)
    zx, zy = pair.transform(x, y)
    assert np.mean((zx - zy) ** 2) == pytest.approx(2 * gap, rel=0.05)


def test_equal_columns_give_a_rho_below_one() -> None:
    x = normal(27, 1000, 2)
    pair = PairTransform.fit(x, 3 * x + 1)
    assert np.all(pair.rho < 1)
    assert np.isfinite(pair.gaussian_mi)


def test_independent_rows_share_nothing() -> None:
    pair = PairTransform.fit(normal(28, N, 5), normal(29, N, 5))
    assert pair.gaussian_mi < 0.001


def test_fitting_does_not_add_information_where_rows_are_not_many() -> None:
    n, dim = 1000, 20  # sampling noise alone is worth dim^2 / 2n = 0.2 nats here
    mis = []
    for seed in range(5):
        x, y = normal(seed, n, dim), normal(seed + 50, n, dim)
        y[:, 0] = 0.6 * x[:, 0] + 0.8 * y[:, 0]
        mis.append(PairTransform.fit(x, y).gaussian_mi)
    assert np.mean(mis) == pytest.approx(-np.log(0.8), abs=0.03)


@pytest.mark.parametrize(("dim_x", "dim_y"), [(100, 100), (5, 100)])
def test_fewer_rows_than_dimensions_give_no_spurious_correlation(dim_x: int, dim_y: int) -> None:
    x, y = normal(30, 60, dim_x), normal(31, 60, dim_y)
    pair = PairTransform.fit(x, y)
    assert (pair.dim_x, pair.dim_y) == (dim_x, dim_y)
    assert pair.rho.shape == (min(dim_x, dim_y),)
    assert pair.gaussian_mi < 0.15


def test_wide_data_keep_a_shared_factor() -> None:
    factor = normal(32, 2100, 1)
    x, y = (factor + 0.5 * normal(seed, 2100, 200) for seed in (33, 34))
    pair = PairTransform.fit(x[:100], y[:100])
    zx, zy = pair.transform(x[100:], y[100:])
    assert pair.rho[0] == pytest.approx(np.corrcoef(zx[:, 0], zy[:, 0])[0, 1], abs=0.02)
    assert pair.rho[0] > 0.98


def test_light_tailed_columns_stay_affine_where_that_keeps_more_dependence() -> None:
    x = np.random.default_rng(0).random((N, 1))
    noise = np.random.default_rng(1).uniform(-0.05, 0.05, (N, 1))
    assert all(m.is_affine for m in PairTransform.fit(x, x + noise).x.margins.maps)
    assert not any(m.is_affine for m in PairTransform.fit(x, 1 - x[::-1]).x.margins.maps)


def test_an_outlier_row_does_not_pass_for_dependence() -> None:
    x, y = (np.random.default_rng(seed).random((N, 1)) for seed in (0, 1))
    x[0], y[0] = 1e6, 1e6
    assert PairTransform.fit(x, y).gaussian_mi < 0.01


def test_dependent_and_constant_columns_are_dropped() -> None:
    x = normal(35, 2000, 3)
    x = np.hstack([x, x[:, :1], x[:, :2].sum(axis=1, keepdims=True), np.ones((2000, 1))]).astype(np.float32)
    pair = PairTransform.fit(x, normal(36, 2000, 1))
    assert pair.dim_x == 3
    assert pair.transform(x, normal(36, 2000, 1))[0].shape == (2000, 3)


@pytest.mark.parametrize("scale", [1e30, 1e-30, 1e300])
def test_scale_of_the_columns_does_not_matter(scale: float) -> None:
    x, y = correlated(37, 5000, 2, 0.6)
    x[:, 1] = half_cube(x[:, 1])
    dtype = np.float64 if scale > 1e38 else np.float32
    plain, scaled = PairTransform.fit(x, y), PairTransform.fit((x * scale).astype(dtype), y)
    np.testing.assert_allclose(scaled.rho, plain.rho, atol=1e-4)
    assert np.isfinite(scaled.transform((x * scale).astype(dtype), y)[0]).all()


def test_a_large_offset_does_not_matter() -> None:
    x, y = correlated(38, 5000, 1, 0.6)
    np.testing.assert_allclose(PairTransform.fit(x + 1e9, y).rho, PairTransform.fit(x, y).rho, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
def test_other_dtypes_are_taken(dtype: type) -> None:
    x, y = correlated(39, 5000, 2, 0.8)
    pair = PairTransform.fit((100 * x).astype(dtype), (100 * y).astype(dtype))
    np.testing.assert_allclose(pair.rho, PairTransform.fit(x, y).rho, atol=0.01)


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = correlated(40, 3000, 3, 0.5)
    whole = PairTransform.fit(x, y)
    monkeypatch.setattr("mmg_registry.preprocess.covariance.CHUNK_VALUES", 1)
    parts = PairTransform.fit(x, y)
    np.testing.assert_allclose(parts.rho, whole.rho, rtol=1e-10)
    for a, b in zip(parts.transform(x, y), whole.transform(x, y), strict=True):
        np.testing.assert_allclose(np.abs(a), np.abs(b), atol=1e-5)


def test_no_copy_of_the_data_is_made() -> None:
    x, y = (normal(seed, 700_000, 5).astype(np.float32) ** 3 for seed in (41, 42))
    data = x.nbytes + y.nbytes
    tracemalloc.start()
    pair = PairTransform.fit(x, y)
    fit_peak = tracemalloc.get_traced_memory()[1]
    z = pair.transform(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert fit_peak < 0.9 * data  # a float64 copy would be twice the data
    assert peak < sum(a.nbytes for a in z) + 0.9 * data


@pytest.mark.parametrize("n", [2, 3, 11])
def test_a_handful_of_rows_is_enough_to_fit(n: int) -> None:
    x, y = normal(43, n, 2), normal(44, n, 1)
    assert np.isfinite(PairTransform.fit(x, y).transform(x, y)[0]).all()


# ------------------------------------------------------------------------------------------ state and refusals
def test_state_round_trip_gives_the_same_bits() -> None:
    x, y = correlated(50, 3000, 3, 0.5)
    x[:, 0], y[:, 1] = half_cube(x[:, 0]), np.exp(y[:, 1])
    pair = PairTransform.fit(x, y)
    arrays, meta = pair.state()
    assert all(isinstance(a, np.ndarray) and a.flags.c_contiguous for a in arrays.values())
    again = PairTransform.from_state(arrays, json.loads(json.dumps(meta)))
    for a, b in zip(again.transform(x, y), pair.transform(x, y), strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.gaussian_mi == pair.gaussian_mi


def test_state_of_another_version_is_refused() -> None:
    arrays, _ = PairTransform.fit(normal(51, 100, 1), normal(52, 100, 1)).state()
    with pytest.raises(DataError, match="version 99"):
        PairTransform.from_state(arrays, {"version": 99})


@pytest.mark.parametrize(
    ("x", "y"), [((10, 1), (9, 1)), ((10,), (10, 1)), ((1, 1), (1, 1)), ((10, 0), (10, 1)), ((0, 1), (0, 1))]
)
def test_shapes_that_do_not_fit_are_refused(x: tuple[int, ...], y: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="shape"):
        PairTransform.fit(normal(0, *x), normal(1, *y))


def test_a_constant_variable_is_refused() -> None:
    with pytest.raises(DataError, match="varies"):
        PairTransform.fit(np.ones((100, 2)), normal(0, 100, 1))


def test_rows_of_another_width_are_refused() -> None:
    pair = PairTransform.fit(normal(0, 100, 2), normal(1, 100, 1))
    with pytest.raises(DataError, match=r"x has shape \(5, 3\)"):
        pair.transform(normal(2, 5, 3), normal(3, 5, 1))


def test_an_affine_map_has_no_tails() -> None:
    assert MonotoneMap(0.0, 2.0)(np.array([-1e30, 1e30])).tolist() == [-5e29, 5e29]
