"""The 40 tasks: true values, and the published rows where they are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import reference_quantiles
from scipy import stats

from mmg_registry import samplers
from mmg_registry.samplers import SAMPLERS, Sampler

SHARED = os.environ.get("MMG_SHARED_DATA")
needs_reference = pytest.mark.skipif(not SHARED, reason="MMG_SHARED_DATA names no folder with the reference rows")


def test_there_are_forty_tasks() -> None:
    assert len(SAMPLERS) == 40
    assert all(name == task.name for name, task in SAMPLERS.items())


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
