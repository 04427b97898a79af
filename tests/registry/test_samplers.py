"""Known-answer samplers: true values, laws, seeds, and the published reference rows where they are at hand."""

from __future__ import annotations

import json
import math
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import reference_quantiles
from scipy import stats
from scipy.integrate import trapezoid

from mmg_registry import samplers
from mmg_registry.errors import OptionError
from mmg_registry.samplers import SAMPLERS, THREE_COMPONENTS, Sampler, gaussian, gaussian_mixture, mixture_mi

SHARED = os.environ.get("MMG_SHARED_DATA")
needs_reference = pytest.mark.skipif(not SHARED, reason="MMG_SHARED_DATA names no folder with the reference rows")


def rows(task: Sampler, n: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return task.sample(n, seed)


# ------------------------------------------------------------------------------------------ all of them
def test_there_are_forty_tasks() -> None:
    assert len(SAMPLERS) == 40
    assert all(name == task.name for name, task in SAMPLERS.items())


@pytest.mark.parametrize("name", SAMPLERS)
def test_rows_have_the_declared_shape_and_follow_the_seed(name: str) -> None:
    task = SAMPLERS[name]
    x, y = task.sample(50, seed=3)
    assert (x.shape, y.shape) == ((50, task.dim_x), (50, task.dim_y))
    assert x.dtype == y.dtype == np.float64
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    again, other = task.sample(50, seed=3), task.sample(50, seed=4)
    np.testing.assert_array_equal(again[0], x)
    np.testing.assert_array_equal(again[1], y)
    assert not np.array_equal(other[0], x)


@pytest.mark.parametrize(
    ("name", "mi"),
    [
        ("1v1-normal-0.75", 0.4133),
        ("1v1-additive-0.1", 1.7094),
        ("1v1-additive-0.75", 0.3333),
        ("half_cube-1v1-normal-0.75", 0.4133),
        ("student-identity-1-1-1", 0.2242),
        ("student-identity-3-3-3", 0.1787),
        ("multinormal-dense-50-50-0.5", 1.6243),
        ("multinormal-sparse-5-5-2-2.0", 1.0217),
        ("spiral-normal_cdf-multinormal-sparse-25-25-2-2.0", 1.0217),
        ("asinh-student-identity-5-5-2", 0.4482),
    ],
)
def test_true_values_are_the_published_ones(name: str, mi: float) -> None:
    assert SAMPLERS[name].true_mi == pytest.approx(mi, abs=5e-5)


def test_samplers_can_be_sent_to_other_processes() -> None:
    task = pickle.loads(pickle.dumps(SAMPLERS["spiral-normal_cdf-multinormal-sparse-3-3-2-2.0"]))
    np.testing.assert_array_equal(task.sample(5)[0], SAMPLERS[task.name].sample(5)[0])


@pytest.mark.parametrize("n", [0, -1])
def test_no_rows_are_refused(n: int) -> None:
    with pytest.raises(OptionError, match=r"The option 'n' is .* from 1 to"):
        SAMPLERS["1v1-normal-0.75"].sample(n)


# ------------------------------------------------------------------------------------------ Gaussian pairs
@pytest.mark.parametrize(("dim", "mi"), [(1, 0.3), (5, 1.0), (3, 9.0)])
def test_gaussian_shares_its_information_in_equal_parts(dim: int, mi: float) -> None:
    x, y = gaussian(dim, mi).sample(50_000, seed=1)
    residual = np.array([np.var(y[:, j] - np.mean(x[:, j] * y[:, j]) * x[:, j]) for j in range(dim)])
    np.testing.assert_allclose(-0.5 * np.log(residual), mi / dim, atol=0.02)
    np.testing.assert_allclose(np.cov(y.T).reshape(dim, dim), np.eye(dim), atol=0.03)


def test_independent_pair_has_no_information() -> None:
    task = samplers.independent(3)
    x, y = task.sample(20_000)
    assert task.true_mi == 0
    assert np.abs(x.T @ y / 20_000).max() < 0.03


def test_sparse_information_keeps_its_digits_at_high_strength() -> None:
    task = samplers.multinormal_sparse(3, strength=2000.0)
    assert task.true_mi == pytest.approx(14.5086, abs=1e-3)
    x, y = task.sample(20_000)
    assert np.var(x[:, 0] - y[:, 0]) == pytest.approx(2 / (1 + 2000.0**2), rel=0.05)


def test_dense_pair_has_equal_correlations() -> None:
    z = np.hstack(rows(SAMPLERS["multinormal-dense-3-3-0.5"], 50_000))
    np.testing.assert_allclose(np.cov(z.T), 0.5 + 0.5 * np.eye(6), atol=0.03)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: gaussian(0, 1.0), "'dim' is 0"),
        (lambda: gaussian(2, -0.1), "'mi' is -0.1"),
        (lambda: gaussian(2, math.inf), "'mi' is inf"),
        (lambda: gaussian(2, math.nan), "'mi' is nan"),
        (lambda: samplers.independent(0), "'dim' is 0"),
        (lambda: samplers.bivariate_normal(1.0), "correlation"),
        (lambda: samplers.multinormal_dense(2, 1.0), "correlation"),
        (lambda: samplers.multinormal_sparse(1), "pairs"),
        (lambda: samplers.student(1, 0), "degrees of freedom"),
        (lambda: samplers.additive_noise(0.0), "width"),
    ],
)
def test_parameters_out_of_range_are_refused(make: object, word: str) -> None:
    with pytest.raises(OptionError, match=word):
        make()  # type: ignore[operator]


# ------------------------------------------------------------------------------------------ other laws
def test_student_coordinates_share_one_scale() -> None:
    x, y = rows(SAMPLERS["student-identity-2-2-2"])
    assert stats.kstest(x[:, 0], stats.t(2).cdf).pvalue > 1e-4
    assert stats.spearmanr(np.abs(x[:, 0]), np.abs(y[:, 0])).statistic > 0.1


@pytest.mark.parametrize("width", [0.1, 0.75])
def test_additive_information_is_that_of_the_trapezoid(width: float) -> None:
    t = np.linspace(-width, 1 + width, 2_000_001)
    density = (np.clip(t + width, 0, 1) - np.clip(t - width, 0, 1)) / (2 * width)
    entropy = -trapezoid(density * np.log(np.where(density > 0, density, 1)), t)
    assert samplers.additive_noise(width).true_mi == pytest.approx(entropy - math.log(2 * width), abs=1e-5)


def test_bimodal_marginals_are_mixtures_of_normals_in_both_tails() -> None:
    z = np.array([-8.0, -1.0, 0.0, 0.3, 8.0])
    t = samplers.bimodal(z, (0.3, 0.7), (0, 5))
    assert np.all(np.diff(t) > 0)
    np.testing.assert_allclose(0.3 * stats.norm.cdf(t) + 0.7 * stats.norm.cdf(t - 5), stats.norm.cdf(z), rtol=1e-9)
    np.testing.assert_allclose(0.3 * stats.norm.sf(t) + 0.7 * stats.norm.sf(t - 5), stats.norm.sf(z), rtol=1e-9)


@pytest.mark.parametrize("wiggly", [samplers.wiggly_x, samplers.wiggly_y, samplers.half_cube, samplers.asinh])
def test_coordinate_maps_rise_everywhere(wiggly: object) -> None:
    assert np.all(np.diff(wiggly(np.linspace(-20, 20, 100_001))) > 0)  # type: ignore[operator]


def test_a_spiral_keeps_norms_and_can_be_turned_back() -> None:
    v = np.random.default_rng(0).standard_normal((100, 5))
    turned = samplers.spiral(v, 1, 2)
    np.testing.assert_allclose(np.sum(turned**2, axis=1), np.sum(v**2, axis=1))
    np.testing.assert_array_equal(turned[:, [0, 3, 4]], v[:, [0, 3, 4]])
    np.testing.assert_allclose(samplers.spiral(turned, 2, 1), v, atol=1e-12)


def test_the_swiss_roll_is_a_curve_of_one_parameter() -> None:
    u = np.linspace(0, 1, 1001)[:, None]
    roll = samplers.swiss_roll(u)
    np.testing.assert_allclose(np.hypot(*roll.T) * 21, 1.5 * np.pi * (1 + 2 * u[:, 0]))


# ------------------------------------------------------------------------------------------ the mixture
def test_mixture_information_is_converged_and_agrees_with_monte_carlo() -> None:
    task = gaussian_mixture()
    assert mixture_mi(THREE_COMPONENTS, order=40) == pytest.approx(task.true_mi, abs=1e-9)
    pointwise = THREE_COMPONENTS.pointwise(np.hstack(task.sample(200_000, seed=1)))
    assert pointwise.mean() == pytest.approx(task.true_mi, abs=4 * pointwise.std() / np.sqrt(len(pointwise)))


def test_mixture_of_one_component_has_the_closed_form() -> None:
    covariance = np.array([[[2.0, 1.2], [1.2, 1.0]]])
    one = samplers.Mixture(np.ones(1), np.zeros((1, 2)), covariance)
    assert mixture_mi(one) == pytest.approx(-0.5 * math.log(1 - 1.2**2 / 2), abs=1e-9)


def test_mixture_of_far_apart_components_is_the_entropy_of_its_weights() -> None:
    far = samplers.Mixture(
        np.array([0.2, 0.3, 0.5]), np.array([[-40.0, -40], [0, 0], [40, 40]]), np.tile(np.eye(2), (3, 1, 1))
    )
    assert mixture_mi(far) == pytest.approx(-sum(w * math.log(w) for w in far.weights), abs=1e-9)


def test_mixture_rows_follow_its_density() -> None:
    x, y = gaussian_mixture().sample(20_000)
    marginal = stats.norm(THREE_COMPONENTS.means[:, 0], np.sqrt(THREE_COMPONENTS.covariances[:, 0, 0]))
    assert stats.kstest(x[:, 0], lambda t: marginal.cdf(t[:, None]) @ THREE_COMPONENTS.weights).pvalue > 1e-4
    w, means = THREE_COMPONENTS.weights, THREE_COMPONENTS.means
    centred = means - w @ means
    cross = w @ THREE_COMPONENTS.covariances[:, 0, 1] + w @ (centred[:, 0] * centred[:, 1])
    assert np.cov(x[:, 0], y[:, 0])[0, 1] == pytest.approx(cross, abs=0.06)


# ------------------------------------------------------------------------------------------ by name
def test_named_finds_made_and_published_samplers() -> None:
    assert samplers.named("gaussian", dim=3, mi=0.7) == gaussian(3, 0.7)
    assert samplers.named("independent", dim=2).true_mi == 0
    assert samplers.named("mixture") is gaussian_mixture()
    assert samplers.named("1v1-additive-0.1") is SAMPLERS["1v1-additive-0.1"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="nearest is 'gaussian'"):
        samplers.named("gausian")


# ------------------------------------------------------------------------------------------ the published rows
def features(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Columns, squared norms and products: what a wrong law would show in; `(n, n_features)`."""
    squeezed = [np.arcsinh(v[:, :6].astype(np.float64)) for v in (x, y)]
    norms = [np.sum(v**2, axis=1, keepdims=True) for v in squeezed]
    products = (squeezed[0][:, :, None] * squeezed[1][:, None, :]).reshape(len(x), -1)
    within = [v * np.roll(v, 1, axis=1) for v in squeezed if v.shape[1] > 1]
    return np.hstack([*squeezed, *norms, norms[0] * norms[1], products, *within])


@needs_reference
@pytest.mark.parametrize("name", SAMPLERS)
def test_rows_follow_the_law_of_the_published_rows(name: str) -> None:
    stored = np.load(Path(SHARED or "") / "bmi_reference.npz")
    x, y = SAMPLERS[name].sample(20_000, seed=5)
    assert SAMPLERS[name].true_mi == pytest.approx(float(stored[f"{name}|mi"]), abs=1e-6)
    ours, theirs = features(x, y), features(stored[f"{name}|x"], stored[f"{name}|y"])
    assert ours.shape[1] == theirs.shape[1]
    smallest = min(stats.ks_2samp(a, b).pvalue for a, b in zip(ours.T, theirs.T, strict=True))
    assert smallest > 1e-6


@needs_reference
def test_names_dimensions_and_values_are_those_of_the_published_index() -> None:
    index = json.loads((Path(SHARED or "") / "bmi_tasks.json").read_text())
    assert [entry["id"] for entry in index] == list(SAMPLERS)
    for entry in index:
        task = SAMPLERS[entry["id"]]
        assert (task.dim_x, task.dim_y) == (entry["dim_x"], entry["dim_y"])
        assert task.true_mi == pytest.approx(entry["mi_true"], abs=1e-6)


# ------------------------------------------------------------------------------------------ what is kept of those rows
KEPT = np.load(reference_quantiles.FILE)
N_TESTS = sum(2 * len(KEPT[name]) for name in KEPT.files)


def smallest_p(task: Sampler, name: str) -> float:
    """The smallest p-value of `task` against what is kept of `name`, Bonferroni-corrected over all tasks' tests."""
    return float(reference_quantiles.p_values(*task.sample(20_000, seed=5), KEPT[name]).min()) * N_TESTS


@pytest.mark.parametrize("name", SAMPLERS)
def test_rows_follow_the_law_whose_quantiles_and_moments_are_kept(name: str) -> None:
    assert smallest_p(SAMPLERS[name], name) > 0.01


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (samplers.bivariate_normal(0.68), "1v1-normal-0.75"),
        (samplers.multinormal_sparse(25, 1.8), "multinormal-sparse-25-25-2-2.0"),
        (SAMPLERS["multinormal-sparse-25-25-2-2.0"], "spiral-multinormal-sparse-25-25-2-2.0"),
        (samplers.student(5, 3), "student-identity-5-5-2"),
        (samplers.independent_student(5, 2), "student-identity-5-5-2"),
        (samplers.additive_noise(0.12), "1v1-additive-0.1"),
    ],
)
def test_another_law_would_be_noticed(task: Sampler, name: str) -> None:
    assert smallest_p(task, name) < 1e-3


def test_all_forty_are_kept() -> None:
    assert KEPT.files == list(SAMPLERS)
    assert N_TESTS > 3_000


# ------------------------------------------------------------------------------------------ beyond the 40 tasks
@pytest.mark.parametrize(("strength", "mi"), [(200, 9.90), (650, 12.26), (1100, 13.31), (1550, 14.00), (2000, 14.51)])
def test_high_information_plain_and_mapped(strength: int, mi: float) -> None:
    for prefix in ("", "half_cube-", "spiral-"):
        task = samplers.HIGH_MI[f"{prefix}multinormal-sparse-3-3-2-{strength}.0"]
        assert task.true_mi == pytest.approx(mi, abs=0.006)
        assert (task.dim_x, task.dim_y) == (3, 3)


@pytest.mark.parametrize("mi", [20.0, 30.0])
def test_extreme_information_is_what_the_rows_hold(mi: float) -> None:
    x, y = samplers.HIGH_MI[f"multinormal-sparse-3-3-2-{mi:g}nats"].sample(50_000)
    noise = np.var(y[:, :2] - x[:, :2])  # Var(Y - X) = 2 (1 - rho), and 1 - rho^2 = exp(-mi) in each of two pairs
    assert -math.log(noise) == pytest.approx(mi, abs=0.03)


@pytest.mark.parametrize("mi", [0.0, 1e-6, 1.0216512475319814, 20.0, 300.0])
def test_strength_and_information_are_inverse(mi: float) -> None:
    assert samplers.multinormal_sparse(3, samplers.sparse_strength(mi)).true_mi == pytest.approx(mi, rel=1e-6)


@pytest.mark.parametrize("mi", [-0.1, 350.0, math.nan])
def test_information_that_no_strength_has_is_refused(mi: float) -> None:
    with pytest.raises(OptionError, match="between 0 and 350 nats"):
        samplers.sparse_strength(mi)


def test_independent_students_share_a_scale_within_a_side_only() -> None:
    x, y = samplers.independent_student(2, 2).sample(20_000)
    assert stats.kstest(y[:, 0], stats.t(2).cdf).pvalue > 1e-4
    assert stats.spearmanr(np.abs(y[:, 0]), np.abs(y[:, 1])).statistic > 0.1
    assert abs(stats.spearmanr(np.abs(x[:, 0]), np.abs(y[:, 0])).statistic) < 0.03


def test_the_null_pairs_have_no_information_and_the_sizes_of_their_names() -> None:
    assert [(task.dim_x, task.dim_y) for task in samplers.NULL.values()] == 2 * [(1, 1), (5, 5), (25, 25), (50, 50)]
    assert all(task.true_mi == 0 and task.name == name for name, task in samplers.NULL.items())
