"""Closed forms: without bias at few rows, intervals that hold, and what they cannot see."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from rows import MI, pair

import mmg_registry as mmg
from mmg_plugins.baselines.gaussian import CCA, Gaussian, log_ratio
from mmg_registry.contracts import Run
from mmg_registry.errors import DataError


def test_monotone_maps_change_gaussian_and_not_cca() -> None:
    (x, y), new = pair(), pair(seed=1)
    bent = (np.exp(x), np.exp(y)), (np.exp(new[0]), np.exp(new[1]))
    assert Gaussian().fit(*bent[0]).estimate(*bent[1]).mi == pytest.approx(MI, abs=0.06)
    assert CCA().fit(*bent[0]).estimate(*bent[1]).mi < MI - 0.06


def test_the_log_ratio_is_that_of_the_densities() -> None:
    rho, x, y = 0.6, 0.3, -1.2
    conditional = -((y - rho * x) ** 2) / (2 * 0.64) - 0.5 * math.log(0.64)
    found = log_ratio(np.array([[x, 9.0]]), np.array([[y]]), np.array([rho]))
    assert found[0] == pytest.approx(conditional + y * y / 2)


def test_a_correlation_of_one_is_said() -> None:
    x, _ = pair()
    assert "agree to all digits" in CCA().fit(x, x).estimate(x, 2 * x).warnings[0]


def test_too_few_rows_for_the_columns_are_refused_with_the_number_needed() -> None:
    x, y = pair(20, dim=10)
    with pytest.raises(DataError, match="needs 23 rows for 20 columns, and has 20"):
        Gaussian(run=Run(threads=1)).fit(x, y).estimate(x, y)


@pytest.mark.parametrize(("n", "dim"), [(30, 1), (50, 3), (150, 12)])
@pytest.mark.parametrize("rho", [0.5, 0.8])
def test_it_has_no_bias_and_its_intervals_hold_at_few_rows(n: int, dim: int, rho: float) -> None:
    truth = -0.5 * math.log(1 - rho * rho)
    made = (CCA(run=Run(threads=1)).fit(*rows).estimate(*rows) for rows in (pair(n, rho, dim, i) for i in range(120)))
    found = np.array([(each.mi, each.std_error) for each in made])
    assert found[:, 0].mean() == pytest.approx(truth, abs=4 * found[:, 0].std() / math.sqrt(120))
    held = np.abs(found[:, 0] - truth) <= 1.96 * found[:, 1]
    assert 0.88 <= held.mean() <= 1.0


@pytest.mark.parametrize("cls", [Gaussian, CCA])
def test_one_pair_among_many_columns_is_known_as_well_as_it_can_be(cls: type[Any]) -> None:
    """5,000 rows of 100 + 100 columns, of which one pair is correlated."""
    x, y = pair(5_000, dim=100)
    found = cls(run=Run(threads=1)).fit(x, y).estimate(x, y)
    assert abs(found.mi - MI) < 3 * found.std_error
    assert found.std_error < 0.05


@pytest.mark.parametrize("cls", [Gaussian, CCA])
def test_dependence_that_is_not_linear_is_said(cls: type[Any]) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2_000, 3))
    y = x[:, [0]] ** 2 + 0.5 * rng.standard_normal((2_000, 1))
    found = cls(run=Run(threads=1)).fit(x, y).estimate(x, y)
    assert any("depend otherwise too" in warning for warning in found.warnings)


def test_labels_are_said() -> None:
    rng = np.random.default_rng(0)
    k = rng.integers(0, 2, 1_000)
    x = np.c_[2 * k + rng.standard_normal(1_000)]
    found = mmg.estimate(x, k, plugin="gaussian", threads=1)
    assert any("Some columns are labels" in warning for warning in found.warnings)


def test_what_several_columns_tell_alike_is_said() -> None:
    """Embeddings of one angle: each harmonic is correlated with its own, and all of them are one angle."""
    rng = np.random.default_rng(0)
    a = rng.uniform(0, 2 * np.pi, 3_000)
    b = a + 0.5 * rng.standard_normal(3_000)
    x, y = (np.stack([np.cos(angle), np.cos(2 * angle)], axis=1) for angle in (a, b))
    noisy = (side @ np.array([[0.6, 0.8], [-0.8, 0.6]]) + 0.01 * rng.standard_normal(side.shape) for side in (x, y))
    assert CCA(run=Run(threads=1)).fit(x, y).estimate(*noisy).warnings


def test_nothing_linear_in_many_columns_is_no_evidence() -> None:
    x, y = pair(2_000, 0.0, dim=15)
    found = Gaussian(run=Run(threads=1)).fit(x, y).estimate(x, y)
    assert any("Nothing linear is sure in 30 columns" in warning for warning in found.warnings)


def test_rows_have_the_log_ratio_of_the_gaussian_pair_within_their_errors() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((4_000, 2))
    y = 0.8 * x[:, :1] + 0.6 * rng.standard_normal((4_000, 1))
    truth = 0.5 * (y[:, 0] ** 2 - (y[:, 0] - 0.8 * x[:, 0]) ** 2 / 0.36) - 0.5 * np.log(0.36)
    found = CCA().fit(x, y).pointwise(x, y)
    off = np.abs(found.values - truth)
    assert off.mean() < 0.1
    assert np.mean(off < 3 * found.errors) > 0.9
    assert found.values.mean() == pytest.approx(CCA().fit(x, y).estimate(x, y).mi)
