"""The learning rate over a training, and refused plans."""

from __future__ import annotations

import math

import pytest

from mmg_registry.core import TrainPlan
from mmg_registry.core.plan import step_rates

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


# --- What the cores take ----------------------------------------------------------------------------------------------
def test_rates_are_those_of_the_reference() -> None:
    plan = TrainPlan(batch=8, lr=2e-3, warmup=2, hold_until=4, total=10, beta1=0.9, beta2=0.99)
    rates = step_rates(plan, range(5, 9))
    assert rates[:, 0].tolist() == pytest.approx([plan.lr_at(step) for step in range(5, 9)], rel=1e-6)
    assert rates[0, 1:].tolist() == pytest.approx([1 / (1 - 0.9**6), 1 / (1 - 0.99**6), 6 / 15], rel=1e-6)


def test_the_average_forgets_no_quicker_than_planned() -> None:
    decay = step_rates(TrainPlan(ema_decay=0.5), range(100))[:, 3]
    assert decay[0] == pytest.approx(0.1)
    assert decay[-1] == 0.5


def test_no_steps_are_no_rates() -> None:
    assert step_rates(PLAN, range(5, 5)).shape == (0, 4)
