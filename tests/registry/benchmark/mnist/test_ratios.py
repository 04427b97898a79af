"""Ratios: what they need, their errors, and when they hold."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from mmg_registry.benchmark.mnist.ratios import TESTS, Information, Ratio, Value, divide, judge, plan_ratios, terms
from mmg_registry.errors import OptionError

WHOLE = Information("single", 28)


def test_every_test_asks_for_its_terms_and_each_is_estimated_once() -> None:
    ratios = plan_ratios(TESTS, [21, 14, 14], step=7, height=28)
    assert [(each.test, each.rows, each.above.name, each.below.name) for each in ratios] == [
        ("baseline", 14, "single-14", "single-28"),
        ("baseline", 21, "single-21", "single-28"),
        ("data-processing", 14, "joint-21-14", "single-21"),
        ("data-processing", 21, "joint-28-21", "single-28"),
        ("additivity", 14, "double-14", "single-14"),
        ("additivity", 21, "double-21", "single-21"),
    ]
    needed = terms(ratios)
    assert len(needed) == len(set(needed)) == 7
    assert needed[0] == WHOLE


def test_rows_without_room_for_the_step_and_the_whole_image_are_left_out() -> None:
    assert [each.test for each in plan_ratios(TESTS, [28], step=7, height=28)] == ["additivity"]
    assert [each.rows for each in plan_ratios(["data-processing"], [7, 25], step=7, height=28)] == [7]


@pytest.mark.parametrize(
    ("tests", "rows", "step", "sentence"),
    [
        (["monotony"], [7], 7, "There is no test 'monotony'; there are baseline, data-processing, additivity."),
        (TESTS, [7, 29], 7, "Rows kept are 1 to 28 for these images, not 29."),
        (TESTS, [0], 7, "Rows kept are 1 to 28 for these images, not 0."),
        (TESTS, [7], 28, "The step of the data processing is 1 to 27 rows for these images, not 28."),
        (["baseline"], [28], 7, "Of the 28 rows of these images nothing is left to test; give other rows or a step."),
    ],
)
def test_impossible_plans(tests: list[str], rows: list[int], step: int, sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        plan_ratios(tests, rows, step, 28)
    assert str(caught.value) == sentence


def test_the_error_of_a_ratio_is_that_of_many_drawn_ones() -> None:
    rng = np.random.default_rng(0)
    drawn = (4.0 + 0.08 * rng.standard_normal(100_000)) / (2.0 + 0.05 * rng.standard_normal(100_000))
    found = divide(Value(4.0, 0.08), Value(2.0, 0.05))
    assert found is not None
    assert found.std_error == pytest.approx(drawn.std(), rel=0.02)


@pytest.mark.parametrize("below", [0.0, -0.1, math.inf, math.nan])
def test_a_ratio_to_nothing_is_none(below: float) -> None:
    assert divide(Value(1.0, 0.1), Value(below, 0.1)) is None
    assert divide(Value(math.inf), Value(1.0)) is None


def test_a_ratio_without_an_error_bar() -> None:
    assert divide(Value(1.0), Value(2.0, 0.1)) == Value(0.5)


def seed_of(values: Mapping[str, float], error: float = 0.01) -> dict[Information, Value]:
    single = {str(r): Information("single", r) for r in (7, 14)}
    names = {**single, "28": WHOLE, "d": Information("double", 14), "j": Information("joint", 14, 7)}
    return {names[key]: Value(value, error) for key, value in values.items()}


def holds(tests: list[str], **values: float) -> list[bool | None]:
    ratios = plan_ratios(tests, [7, 14], step=7, height=28)
    known = seed_of({key.removeprefix("r"): value for key, value in values.items()})
    return [found.holds for found in judge(ratios, [known])]


def test_the_baseline_rises_and_stays_below_one() -> None:
    assert holds(["baseline"], r7=1.0, r14=2.0, r28=3.0) == [True, True]
    assert holds(["baseline"], r7=2.0, r14=1.0, r28=3.0) == [True, False]
    assert holds(["baseline"], r7=1.0, r14=3.02, r28=3.0) == [True, True]  # within two errors
    assert holds(["baseline"], r7=1.0, r14=3.2, r28=3.0) == [True, False]


@pytest.mark.parametrize(("mi", "expected"), [(2.0, True), (1.91, True), (2.09, True), (1.88, False), (2.12, False)])
def test_data_processing_holds_within_a_twentieth(mi: float, expected: bool) -> None:
    assert holds(["data-processing"], r7=1.0, r14=2.0, j=mi) == [expected, None]  # I(A; B_21) is not there


@pytest.mark.parametrize(("mi", "expected"), [(4.0, True), (3.82, True), (4.18, True), (3.78, False), (4.22, False)])
def test_additivity_holds_within_a_tenth_of_two(mi: float, expected: bool) -> None:
    assert holds(["additivity"], r14=2.0, d=mi) == [None, expected]


def test_several_seeds_give_the_mean_and_its_error() -> None:
    ratio = Ratio("additivity", 14, Information("double", 14), Information("single", 14))
    seeds = [seed_of({"14": 1.0, "d": value}) for value in (1.9, 2.0, 2.1)] + [seed_of({"14": 1.0})]
    (found,) = judge([ratio], seeds)
    assert (found.value, found.seeds, found.holds) == (pytest.approx(2.0), 3, True)
    assert found.std_error == pytest.approx(0.1 / math.sqrt(3))


def test_without_any_value_there_is_no_verdict() -> None:
    (found,) = judge(plan_ratios(["baseline"], [7], 7, 28), [])
    assert (found.value, found.std_error, found.seeds, found.holds) == (None, None, 0, None)
