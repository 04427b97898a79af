"""The learning rate over a training, and refused plans."""

from __future__ import annotations

import math

import pytest

from mmg_registry.core import TrainPlan

PLAN = TrainPlan(lr=1.0, warmup=10, hold_until=50, total=100)


def test_rate_warms_up_holds_and_falls_to_zero() -> None:
    rates = [PLAN.lr_at(step) for step in range(100)]
    assert rates[:11] == pytest.approx([0.1 * k for k in range(1, 11)] + [1.0])
    assert set(rates[10:50]) == {1.0}
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert 0.0 < rates[-1] < 0.01
    assert PLAN.lr_at(100) == pytest.approx(0.0, abs=1e-12)


def test_rate_is_half_in_the_middle_of_the_decay() -> None:
    assert PLAN.lr_at(75) == pytest.approx(0.5, abs=0.03)


def test_rate_stays_zero_after_the_end() -> None:
    assert PLAN.lr_at(1_000) == pytest.approx(0.0, abs=1e-12)


def test_without_a_warm_up_the_first_step_is_a_full_one() -> None:
    assert TrainPlan(lr=0.5, warmup=0, hold_until=5, total=5).lr_at(0) == 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch": 0},
        {"lr": -1e-3},
        {"lr": math.nan},
        {"hold_until": 11, "total": 10},
        {"warmup": -1},
        {"hold_until": -1},
        {"beta1": 1.0},
        {"beta2": 1.0},
        {"beta2": -0.1},
        {"eps": 0.0},
        {"weight_decay": -1.0},
        {"ema_decay": 1.5},
        {"ema_decay": math.nan},
    ],
)
def test_a_plan_that_cannot_train_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="training plan needs"):
        TrainPlan(**wrong)
