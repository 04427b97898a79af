"""The screen over lags: against regressions by hand, shifts, gates, several targets, and what it says of nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from series import autoregressive

from mmg_registry.series.screen import Prediction, Screened, directions, screened

N = 600
NOTHING = np.empty((N, 0))


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a target `(N, 1)`, a past `(N, 2)` and a source `(N, 3, 2)` that depends on both."""
    rng = np.random.default_rng(seed)
    past, source = rng.standard_normal((N, 2)), rng.standard_normal((N, 3, 2))
    source[:, 0, 0] += past[:, 0]
    return 0.5 * past[:, :1] + 0.4 * source[:, 1, :1] + rng.standard_normal((N, 1)), past, source


def left(target: np.ndarray, *regressors: np.ndarray) -> float:
    design = np.column_stack([np.ones(len(target)), *regressors])
    rest = target - design @ np.linalg.lstsq(design, target, rcond=None)[0]
    return float(np.linalg.slogdet(rest.T @ rest / len(rest))[1])


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("shift", [0, 77])
def test_it_is_the_ratio_of_what_two_regressions_leave(gated: bool, shift: int) -> None:
    target, past, source = drawn()
    gate = past[:, 0] if gated else None
    found = screened(Prediction(target, past, gate), source, np.array([77]))
    for lag in range(3):
        moved = np.roll(source[:, lag], -shift, axis=0)
        products = [moved[:, :1] * past[:, :1]] if gated else []
        by_hand = 0.5 * (left(target, past) - left(target, past, moved, *products))
        value = found.raw[lag] if shift == 0 else found.null[0, lag]
        assert value == pytest.approx(by_hand, abs=1e-7)


def test_two_targets_count_together() -> None:
    target, past, source = drawn()
    both = np.column_stack([target, source[:, 2, 1] + np.abs(target[:, 0])])
    found = screened(Prediction(both, past), source, np.array([5]))
    by_hand = 0.5 * (left(both, past) - left(both, past, source[:, 2]))
    assert found.raw[2] == pytest.approx(by_hand, abs=1e-7)


def test_a_source_that_the_past_determines_adds_nothing() -> None:
    target, past, _ = drawn()
    source = np.stack([past[:, :1] - past[:, 1:]], axis=1)
    assert screened(Prediction(target, past), source, np.array([9])).raw[0] == pytest.approx(0.0, abs=1e-7)


def test_a_target_that_is_known_exactly_is_at_the_ceiling_and_no_failure() -> None:
    _, past, source = drawn()
    found = screened(Prediction(np.column_stack([source[:, 1, 0], past[:, 1]]), past), source, np.array([9]))
    assert np.isfinite(found.errors).all()
    assert found.raw[1] > 10 > 1 > found.raw[2]


def test_the_value_is_that_of_a_gaussian_pair_and_its_error_holds_it() -> None:
    truth, inside = -0.5 * math.log(1 - 0.36), 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((N, 1, 1))
        y = 0.6 * x[:, 0] + 0.8 * rng.standard_normal((N, 1))
        found = screened(Prediction(y, NOTHING), x, np.arange(20, 580, 10))
        inside += abs(found.value[0] - truth) < 1.96 * found.errors[0]
    assert inside >= 17


def test_p_values_of_series_that_remember_are_as_often_small_as_they_say() -> None:
    small = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, y = autoregressive(0.9, N, rng, 2).T
        source = np.stack([np.roll(x, lag)[:, None] for lag in range(4)], axis=1)
        found = screened(Prediction(y[:, None], NOTHING), source, np.arange(60, 540, 5))
        small += found.p_values.min() <= 0.1
    assert small <= 9  # of 40, 4 are expected; more than 9 come up once in 200 times


def test_p_values_hold_all_lags_together() -> None:
    null = np.array([[0.0, 4.0], [1.0, 0.0], [2.0, 0.0], [1.0, 0.0]])
    found = Screened(np.array([3.0, 3.5]), null, np.ones(2))
    assert found.value.tolist() == [2.0, 2.5]
    assert found.p_values.tolist() == [(1 + 1) / 5, (1 + 1) / 5]  # the largest less their means: 3, 0, 1, 0
    assert found.threshold(0.25) == pytest.approx(1.5)


def test_directions_leave_out_copies_and_hold_a_constant() -> None:
    _, past, _ = drawn()
    found = directions(np.column_stack([past, past @ [1.0, 2.0]]))
    np.testing.assert_allclose(found.T @ found / N, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(found[:, 0], 1.0)
