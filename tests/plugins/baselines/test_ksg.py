"""`ksg`: kinds of columns, ties, its ceiling, many columns, the textbook's estimator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from rows import MI, pair

import mmg_registry as mmg
from mmg_plugins.baselines.ksg import KSG
from mmg_plugins.baselines.neighbours import Search, first_algorithm
from mmg_registry.contracts import Run
from mmg_registry.errors import DataError, OptionError
from mmg_registry.results import Estimate
from mmg_registry.samplers import CONDITIONAL


def estimate(x: np.ndarray, y: np.ndarray, **options: Any) -> Estimate:
    x, y = (np.asarray(side, dtype=float).reshape(len(side), -1) for side in (x, y))
    return KSG(run=Run(threads=1), **options).fit(x, y).estimate(x, y)


def test_two_discrete_sides_are_counted() -> None:
    coin = np.random.default_rng(0).integers(0, 2, 2_000)
    found = estimate(coin, coin)
    assert found.mi == pytest.approx(math.log(2), abs=0.01)
    assert found.diagnostics["method"] == "counts"


@pytest.mark.parametrize("swap", [False, True])
def test_well_separated_classes_tell_all_of_the_label(swap: bool) -> None:
    rng = np.random.default_rng(0)
    k = rng.integers(0, 10, 2_000)
    x = 0.3 * rng.standard_normal((2_000, 8)) + 4 * rng.standard_normal((10, 8))[k]
    found = estimate(k, x) if swap else estimate(x, k)
    assert found.mi == pytest.approx(math.log(10), abs=0.05)
    assert found.diagnostics["method"] == "neighbours by label"


def test_codes_of_labels_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    k = rng.integers(0, 3, 1_000)
    x = k + rng.standard_normal(1_000)
    assert estimate(x, k).mi == pytest.approx(estimate(x, np.array([7.0, -1.0, 100.0])[k]).mi, abs=1e-12)


def test_codes_of_labels_beside_other_columns_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    k, z = rng.integers(0, 4, 800), rng.standard_normal(800)
    y = (k == 2) + z + 0.5 * rng.standard_normal(800)
    found = [mmg.estimate(np.c_[codes[k], z], y, plugin="ksg", threads=1).mi for codes in CODES]
    assert found[0] == pytest.approx(found[1], abs=1e-9)


CODES = (np.arange(4.0), np.array([30.0, -1.0, 8.0, 0.0]))


def test_text_and_truth_give_what_codes_give() -> None:
    rng = np.random.default_rng(0)
    k = rng.integers(0, 2, 1_500)
    x = 2.0 * k - 1 + rng.standard_normal(1_500)
    labels = (np.array(["no", "yes"])[k], k == 1, k, k.astype(float))
    values = [mmg.estimate(x, each, plugin="ksg", threads=1, seed=0).mi for each in labels]
    assert values[0] == pytest.approx(0.3369, abs=0.06)  # a fair sign seen through unit noise
    assert len(set(values)) == 1


def test_ties_make_no_information() -> None:
    rng = np.random.default_rng(0)
    found = estimate(np.round(15 + 8 * rng.standard_normal(3_000), 1), np.round(2 * rng.standard_normal(3_000), 1))
    assert abs(found.mi) < 2.5 * found.std_error
    assert found.std_error < 0.04


def test_rounding_loses_little() -> None:
    x, y = pair(3_000)
    assert estimate(np.round(x, 1), np.round(y, 1)).mi == pytest.approx(MI, abs=0.08)


@pytest.mark.parametrize("n", [100, 400])
@pytest.mark.parametrize("dim", [1, 3])
def test_intervals_hold_zero_under_independence(n: int, dim: int) -> None:
    found = [estimate(*pair(n, 0.0, dim, seed)) for seed in range(60)]
    held = [abs(each.mi) <= 1.96 * (each.std_error or 0.0) for each in found]
    assert np.mean(held) >= 0.88


def test_the_ceiling_is_said_and_no_error_is_zero() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(1_000)
    found = estimate(x, x + 1e-5 * rng.standard_normal(1_000))
    assert any("ceiling" in warning for warning in found.warnings)
    assert found.std_error is not None
    assert found.std_error > 0.005


def test_many_columns_are_said() -> None:
    assert any("In 50 columns" in warning for warning in estimate(*pair(500, dim=25)).warnings)


def test_fewer_rows_than_neighbours() -> None:
    found = KSG(run=Run(threads=1), k=10).fit(*pair()).estimate(*pair(5, seed=1))
    assert found.diagnostics["k"] == 4
    assert "Only 5 rows" in found.warnings[0]


def test_rows_are_drawn_where_there_are_too_many() -> None:
    found = KSG(run=Run(threads=1), max_rows=500).fit(*pair()).estimate(*pair(seed=1))
    assert found.diagnostics["rows_used"] == 500
    assert found.pointwise is not None
    assert found.pointwise.shape == (2_000,)
    assert found.mi == pytest.approx(MI, abs=0.2)


@pytest.mark.parametrize("rows", [1, 0])
def test_rows_that_cannot_be_compared_are_refused(rows: int) -> None:
    with pytest.raises(DataError, match="compares rows"):
        KSG(run=Run(threads=1)).fit(*pair()).estimate(*pair(rows))


@pytest.mark.parametrize("algorithm", [1, 2])
def test_the_textbooks_estimator_can_be_asked_for(algorithm: int) -> None:
    x, y = pair(400, dim=2)
    found = estimate(x, y, columns="raw", norm="maximum", algorithm=algorithm)
    if algorithm == 1:
        assert found.mi == pytest.approx(first_algorithm(x, y, Search(3))[0].mean(), abs=1e-12)
    assert found.mi == pytest.approx(MI, abs=0.15)
    scaled = estimate(100 * x, y, columns="standardised", norm="maximum", algorithm=algorithm)
    assert scaled.mi == pytest.approx(estimate(x, y, columns="standardised", norm="maximum", algorithm=algorithm).mi)


# --- Given a third variable -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chain-normal-1", "chain-labels-1", "collider-normal-1", "xor-1", "regimes-1"])
def test_intervals_hold_what_is_shared_given_z(name: str) -> None:
    triple = CONDITIONAL[name]
    x, y, z = triple.sample(2_000)
    found = mmg.estimate(x, y, given=z, plugin="ksg", threads=1, kinds=dict(triple.kinds))
    assert found.ci is not None
    assert found.ci[0] <= triple.true_mi <= found.ci[1]
    assert found.pointwise is not None


def test_codes_of_given_labels_do_not_matter() -> None:
    x, y, z = CONDITIONAL["regimes-1"].sample(600)
    kinds: dict[str, Any] = {"z": "category"}
    found = [mmg.estimate(x, y, given=codes[z.astype(int)], plugin="ksg", threads=1, kinds=kinds).mi for codes in CODES]
    assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_what_falls_with_the_rows_is_in_the_error() -> None:
    """A common cause of many turns: few rows leave much of it in both sides."""
    z, e, f = np.random.default_rng(0).standard_normal((3, 4_000))
    found = mmg.estimate(np.sin(8 * z) + 0.1 * e, np.cos(9 * z) + 0.1 * f, given=z, plugin="ksg", threads=1)
    assert found.mi > 0.1
    assert found.ci is not None
    assert found.ci[0] == 0
    assert any("still falls" in sentence for sentence in found.warnings)


def test_the_second_algorithm_has_no_form_given_z() -> None:
    x, y, z = CONDITIONAL["chain-normal-1"].sample(100)
    with pytest.raises(OptionError, match="Algorithm 2"):
        mmg.estimate(x, y, given=z, plugin="ksg", options={"algorithm": 2})


def test_local_values_are_of_all_rows_and_as_noisy_as_they_say() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2_000, 1))
    y = 0.8 * x + 0.6 * rng.standard_normal((2_000, 1))
    truth = 0.5 * (y[:, 0] ** 2 - (y[:, 0] - 0.8 * x[:, 0]) ** 2 / 0.36) - 0.5 * np.log(0.36)
    found = KSG(max_rows=50).fit(x, y).pointwise(x, y)
    assert found.values.mean() == pytest.approx(truth.mean(), abs=0.06)
    assert np.std(found.values - truth) == pytest.approx(found.errors[0], rel=0.2)


def test_labels_on_both_sides_have_the_log_ratio_of_their_counts() -> None:
    rng = np.random.default_rng(0)
    off = []
    for _ in range(60):
        bits = rng.integers(0, 2, (300, 1)).astype(float)
        found = KSG().fit(bits, bits).pointwise(bits, np.where(rng.random((300, 1)) < 0.1, 1 - bits, bits))
        off.append((found.values[0] - np.log(0.2 if found.values[0] < 0 else 1.8)) / found.errors[0])
    assert 0.7 < float(np.std(off)) < 1.4
