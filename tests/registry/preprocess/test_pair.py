"""The bijective preprocessing: both sides at once, whitening, canonical coordinates, state, refusals."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

from mmg_registry.errors import DataError
from mmg_registry.preprocess import PairTransform, covariance

N = 20_000


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def half_cube(z: np.ndarray) -> np.ndarray:
    return np.sign(z) * np.abs(z) ** 1.5


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


def test_few_rows_a_column_know_more_linear_information_than_their_axes_carry() -> None:
    x, y = normal(40, 600, 40), normal(41, 600, 40)
    y[:, 0] = 0.8 * x[:, 0] + 0.6 * y[:, 0]
    pair = PairTransform.fit(x, y)
    assert pair.linear is not None
    assert abs(pair.linear.mi - 0.511) < 2 * pair.linear.std_error
    assert pair.gaussian_mi < 0.45
    arrays, meta = pair.state()
    assert PairTransform.from_state(arrays, json.loads(json.dumps(meta))).linear == pair.linear
    assert PairTransform.fit(x[:82], y[:82]).linear is None


def test_one_fold_tells_the_correlations_of_many_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(42, 1_000, 30), normal(43, 1_000, 30)
    y[:, :3] = 0.9 * x[:, :3] + np.sqrt(0.19) * y[:, :3]
    folds = PairTransform.fit(x, y, gaussianise=False).rho
    monkeypatch.setattr(covariance, "ONE_FOLD_COLUMNS", 50)
    one = PairTransform.fit(x, y, gaussianise=False).rho
    np.testing.assert_allclose(one[:3], folds[:3], atol=0.08)
    assert np.sum(one > 0) == 3
