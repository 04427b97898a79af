"""Errors of dependent rows: what they are worth, and what such rows show by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from series import autoregressive

from mmg_registry.data import Pair, Units, as_pair
from mmg_registry.data.split import blocks
from mmg_registry.estimation.dependent import (
    autocorrelation,
    chance_of,
    corrected,
    inflation_of,
    of_dependent_rows,
    off_by_itself,
    shifted,
)
from mmg_registry.results import Estimate, student_factor

RNG = np.random.default_rng(0)


def test_independent_rows_keep_their_error() -> None:
    found = Estimate(0.5, 0.1, pointwise=RNG.standard_normal(100))
    assert of_dependent_rows(found, Units(100)) is found
    assert corrected(found, as_pair(*RNG.standard_normal((2, 100))), Units(100), lambda pair: found) is found


def test_the_error_of_a_series_is_that_of_its_mean() -> None:
    """(1 + phi) / (1 - phi) times the variance of independent rows."""
    values = 1 + autoregressive(0.9, 20_000, RNG)[:, 0]
    plain = float(values.std() / math.sqrt(20_000))
    found = of_dependent_rows(Estimate(1.0, plain, pointwise=values), Units(20_000, "blocks", blocks(20_000, 100)))
    assert found.std_error == pytest.approx(plain * math.sqrt(19), rel=0.15)
    assert found.provenance["rows"]["effective"] == pytest.approx(20_000 / 19, rel=0.3)


def test_values_that_forget_at_once_keep_their_error_in_a_series() -> None:
    found = of_dependent_rows(
        Estimate(1.0, 0.1, pointwise=RNG.standard_normal(5_000)), Units(5_000, "blocks", blocks(5_000, 100))
    )
    assert found.std_error == pytest.approx(0.1, rel=0.1)


def test_copies_count_once() -> None:
    values, labels = np.repeat(RNG.standard_normal(400), 3), np.repeat(np.arange(400), 3)
    found = of_dependent_rows(Estimate(1.0, 0.1, pointwise=values), Units(1_200, "copies", labels))
    assert found.std_error == pytest.approx(0.1 * math.sqrt(3), rel=0.01)


def test_the_error_over_groups_is_that_of_their_sums() -> None:
    """Subjects with a level of their own: the variance of the mean is that of the levels over their number."""
    groups = np.repeat(np.arange(200), 10)
    values = RNG.standard_normal(200)[groups] + 0.1 * RNG.standard_normal(2_000)
    plain = float(values.std() / math.sqrt(2_000))
    found = of_dependent_rows(Estimate(1.0, plain, pointwise=values), Units(2_000, "groups", groups))
    assert found.std_error == pytest.approx(1 / math.sqrt(200), rel=0.15)


@pytest.mark.parametrize("values", [None, np.ones(60)])
def test_without_values_a_unit_is_one_row_and_a_series_has_the_inflation_of_its_columns(values: object) -> None:
    assert inflation_of(values, Units(60, "groups", np.arange(60) // 6)) == 6
    assert inflation_of(values, Units(60, "blocks", np.arange(60) // 6, 3.0, 2.5)) == 2.5


def test_an_estimate_below_zero_is_off_by_itself_at_least() -> None:
    blocked = Units(100, "blocks", blocks(100, 10))
    assert off_by_itself(Estimate(-0.2, 0.01), blocked).std_error == 0.2
    assert off_by_itself(Estimate(-0.2, 0.5), blocked).std_error == 0.5
    assert off_by_itself(Estimate(0.2, 0.01), blocked).std_error == 0.01
    assert off_by_itself(Estimate(-0.2, 0.01), Units(100)).std_error == 0.01


def test_no_error_stays_none() -> None:
    assert of_dependent_rows(Estimate(1.0), Units(4, "groups", np.arange(4) // 2)).std_error is None


def test_few_groups_widen_as_students_t_does() -> None:
    assert student_factor(1) == pytest.approx(12.706 / 1.960, rel=1e-3)
    assert student_factor(0.2) == student_factor(1)


def test_autocorrelation_passes_over_rows_that_are_not_there() -> None:
    whole = autoregressive(0.8, 30_000, RNG)[:, 0]
    places = np.flatnonzero(np.arange(30_000) // 300 % 5 == 0)
    found = autocorrelation(whole[places] - whole[places].mean(), places)
    assert found[:4] == pytest.approx(0.8 ** np.arange(4), abs=0.08)
    assert found[350] == 0  # no two rows lie so far apart


def correlation(pair: Pair) -> Estimate:
    x, y = pair.x[:, 0], pair.y[:, 0]
    return Estimate(float(np.corrcoef(x, y)[0, 1]) ** 2, 0.001, pointwise=np.ones(len(x)))


def test_what_series_show_by_chance_is_taken_off_and_counted() -> None:
    pair = as_pair(autoregressive(0.98, 3_000, RNG), autoregressive(0.98, 3_000, RNG))
    units = Units(3_000, "blocks", blocks(3_000, 300), memory=99.0)
    chance, raw = chance_of(pair, units, correlation), correlation(pair)
    assert 0.002 < chance.mean < 0.1
    assert chance.error > chance.spread > 0
    found = corrected(raw, pair, units, correlation)
    assert found.mi == raw.mi - chance.mean
    assert found.std_error == pytest.approx(math.hypot(raw.std_error, chance.error))
    assert found.pointwise[0] == 1 - chance.mean
    assert found.diagnostics["by_chance"]["uncorrected"] == raw.mi


def test_shifting_moves_y_along_the_rows_of_groups() -> None:
    pair = as_pair(np.arange(6.0), np.arange(6.0))
    moved = shifted(pair, 2, Units(6, "groups", np.array([0, 1, 2, 0, 1, 2])))
    assert moved.y[[0, 3, 1, 4, 2, 5], 0].tolist() == [2.0, 5.0, 0.0, 3.0, 1.0, 4.0]
    assert moved.x is pair.x
