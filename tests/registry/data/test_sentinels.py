"""Codes for missing values are named, and what only looks like one is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mmg_registry.data.kinds import found_in

Draw = Callable[[np.random.Generator, int], np.ndarray]

INNOCENT: dict[str, Draw] = {
    "normal": lambda r, n: r.lognormal() * r.normal(size=n),
    "student of one degree": lambda r, n: r.standard_t(1, n),
    "student, whole": lambda r, n: np.round(r.standard_t(1, n)),
    "student of two, rounded": lambda r, n: np.round(r.standard_t(2, n), 1),
    "lognormal": lambda r, n: np.exp(2 * r.normal(size=n)),
    "prices": lambda r, n: np.round(np.exp(8 + r.normal(size=n))),
    "prices at .99": lambda r, n: np.round(np.exp(2 + r.normal(size=n))) + 0.99,
    "counts": lambda r, n: r.poisson(r.uniform(0.1, 50), n),
    "counts and zeros": lambda r, n: np.where(r.random(n) < 0.5, 0, r.poisson(80, n)),
    "zeros far away": lambda r, n: np.where(r.random(n) < 0.1, 0, r.normal(1_000, 1, n)),
    "censored above": lambda r, n: np.minimum(r.exponential(size=n), r.uniform(0.5, 4)),
    "censored below": lambda r, n: np.maximum(r.normal(size=n), r.uniform(-2, 0)),
    "censored at 99": lambda r, n: np.minimum(r.exponential(40, n), 99),
    "clipped": lambda r, n: np.clip(r.standard_t(1, n), -30, 30),
    "ages": lambda r, n: r.integers(18, 91, n),
    "ages up to 90": lambda r, n: np.minimum(np.round(r.gamma(4, 14, n)), 90),
    "pareto, whole": lambda r, n: np.round(r.pareto(1, n)),
    "labels": lambda r, n: r.choice([1, 2, 3, 9], n),
    "codes of sites": lambda r, n: r.choice([101, 102, 9001], n),
    "doses": lambda r, n: r.choice([0, 1, 10, 100, 1000], n),
    "sparse": lambda r, n: r.random(n) * (r.random(n) < 0.02),
    "two clusters": lambda r, n: np.where(r.random(n) < 0.1, r.normal(100, 1, n), r.normal(size=n)),
    "percent": lambda r, n: np.clip(np.round(r.normal(80, 25, n)), 0, 100),
    "powers of two": lambda r, n: 2.0 ** r.integers(0, 20, n),
    "identifiers": lambda r, n: r.permutation(n),
}


@pytest.mark.parametrize("name", INNOCENT)
@pytest.mark.parametrize("n", [60, 300, 2_000, 20_000])
def test_no_alarm_without_a_code(name: str, n: int) -> None:
    column = np.asarray(INNOCENT[name](np.random.default_rng([n, 1]), n), dtype=float)
    assert found_in(column).sentinels == {}


@pytest.mark.parametrize("code", [-999.0, 9999.0, 1e30, -1e30, 2.0**31 - 1, -7e5])
@pytest.mark.parametrize("name", ["normal", "censored above", "sparse", "identifiers", "student of two, rounded"])
def test_codes_are_named(name: str, code: float) -> None:
    rng = np.random.default_rng(3)
    column = np.asarray(INNOCENT[name](rng, 2_000), dtype=float)
    holes = rng.random(2_000) < 0.03
    column[holes] = code
    assert found_in(column).sentinels == {code: pytest.approx(holes.mean())}


@pytest.mark.parametrize("code", [-999.0, 9999.0, 1e30, 2.0**31 - 1])
@pytest.mark.parametrize("name", ["ages", "percent", "counts"])
def test_codes_in_use_are_named_where_all_values_recur(name: str, code: float) -> None:
    test_codes_are_named(name, code)


def test_several_codes_and_codes_of_categories() -> None:
    rng = np.random.default_rng(0)
    column = rng.normal(size=1_000)
    column[:30], column[30:60] = -999, 1e30
    assert set(found_in(column).sentinels) == {-999.0, 1e30}
    assert set(found_in(rng.choice([0.0, 1.0, -999.0], 500)).sentinels) == {-999.0}
    assert set(found_in(np.where(np.arange(1_000) < 40, 99.0, rng.integers(18, 90, 1_000))).sentinels) == {99.0}


@pytest.mark.parametrize("name", ["ages", "counts", "lognormal"])
def test_minus_one_among_positive_numbers_is_a_code(name: str) -> None:
    rng = np.random.default_rng(4)
    column = np.abs(np.asarray(INNOCENT[name](rng, 2_000), dtype=float)) + 2.0
    column[rng.random(2_000) < 0.03] = -1
    assert set(found_in(column).sentinels) == {-1.0}


def test_minus_one_among_negative_numbers_or_labels_is_none() -> None:
    rng = np.random.default_rng(4)
    grid = np.where(rng.random(2_000) < 0.03, -1.0, np.round(rng.normal(size=2_000), 1))
    assert found_in(grid).sentinels == {}
    assert found_in(rng.choice([-1.0, 1.0, 2.0], 2_000)).sentinels == {}


@pytest.mark.parametrize("rows", [1, 3])
def test_a_single_far_value_is_an_outlier(rows: int) -> None:
    column = np.random.default_rng(0).normal(size=200)
    column[:rows] = -999
    assert found_in(column).sentinels == {}
