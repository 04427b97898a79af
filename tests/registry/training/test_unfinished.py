"""What is left to gain, by the power law of the steps."""

from __future__ import annotations

import math

import pytest

from mmg_registry.training.unfinished import ERROR_POWER, left_to_gain


@pytest.mark.parametrize("growth", [1.1, 1.6, 2.5])
def test_what_is_left_is_the_error_of_the_last_step(growth: float) -> None:
    before, after = 0.3 * 100**-ERROR_POWER, 0.3 * (100 * growth) ** -ERROR_POWER
    assert left_to_gain(before - after, 0.0, growth) == pytest.approx(after)


@pytest.mark.parametrize(("gain", "error"), [(0.0, 0.0), (-1.0, 0.1), (0.1, 0.1), (math.inf, 0.0), (math.nan, 0.0)])
def test_no_sure_and_finite_gain_leaves_nothing(gain: float, error: float) -> None:
    assert left_to_gain(gain, error, 2.0) == 0.0


def test_the_noise_of_a_gain_is_taken_off() -> None:
    assert left_to_gain(0.5, 0.4, 2.0) == pytest.approx(left_to_gain(0.3, 0.0, 2.0))
