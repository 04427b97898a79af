"""The quick test of single columns without exchanges: its level, its features, what it finds."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.kinds import KindName
from mmg_registry.significance.features import features_of
from mmg_registry.significance.single import features_of_column, p_of_columns

RNG = np.random.default_rng(0)
N = 300

COLUMNS: dict[str, tuple[np.ndarray, KindName]] = {
    "heavy": (RNG.standard_cauchy(N), "continuous"),
    "count": (RNG.poisson(1.0, N), "count"),
    "label": (RNG.choice(6, N, p=[0.5, 0.3, 0.1, 0.05, 0.03, 0.02]), "category"),
    "mostly zero": (np.where(RNG.random(N) < 0.9, 0.0, RNG.standard_normal(N)), "mixed"),
    "angle": (RNG.uniform(0, 2 * np.pi, N), "angle"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_features_are_orthonormal_and_the_level_holds(name: str) -> None:
    own = features_of_column(*COLUMNS[name])
    moments = own.rows.T @ own.rows
    np.testing.assert_allclose(moments, N * np.eye(len(moments)), atol=1e-6 * N)
    for other in ("count", "label", "mostly zero"):
        column, kind = COLUMNS[other]
        p = [p_of_columns(own, features_of_column(RNG.permutation(column), kind)) for _ in range(100)]
        assert np.mean(np.array(p) <= 0.05) < 0.13
        assert np.mean(np.array(p) <= 0.001) < 0.03


def test_a_column_without_ties_has_the_features_of_the_test_by_exchange() -> None:
    column = RNG.standard_normal(N)
    np.testing.assert_allclose(
        features_of_column(column).rows @ features_of_column(column).rows.T,
        (same := features_of(column[:, None], seed=0).values) @ same.T,
        atol=1e-6 * N,
    )


@pytest.mark.parametrize("bend", [np.abs, np.sin, lambda t: np.digitize(t, [-1, 0, 1]), lambda t: t % 3 > 1.5])
def test_dependence_of_any_form_is_found(bend: object) -> None:
    t = RNG.standard_normal(N)
    column = bend(2 * t)  # type: ignore[operator]
    kind: KindName = "continuous" if len(np.unique(column)) > 20 else "category"
    assert p_of_columns(features_of_column(t), features_of_column(column, kind)) < 1e-6


def test_rare_values_share_a_class() -> None:
    labels = features_of_column(np.concatenate([np.zeros(250), np.arange(1, 51)]), "category")
    assert labels.values.shape == (2, 1)
    counts = features_of_column(np.concatenate([np.zeros(250), np.arange(1, 51)]), "count")
    assert np.bincount(counts.places).tolist() == [250, 50]
