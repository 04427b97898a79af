"""Choices by held-out prediction: what gains is taken, what gains nothing is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from mmg_registry.series.history import Chosen, Gain, gain, held_out, lags_of, steps_of

N = 3_000


def autoregression(*weights: float, seed: int = 0) -> np.ndarray:
    return lfilter([1.0], [1.0, *(-each for each in weights)], np.random.default_rng(seed).standard_normal(N))


def past(y: np.ndarray, steps: int) -> list[np.ndarray]:
    return [y[steps - k : N - k, None] for k in range(1, steps + 1)]


@pytest.mark.parametrize(("weights", "steps"), [((), 0), ((0.6,), 1), ((0.5, 0.3), 2), ((0.0, 0.0, 0.5), 3)])
def test_the_order_of_an_autoregression_is_chosen(weights: tuple[float, ...], steps: int) -> None:
    y = autoregression(*weights)
    chosen = steps_of(y[5:, None], past(y, 5))
    assert chosen.steps == steps
    assert len(chosen.gains) == 5


def test_the_gain_is_the_information_of_a_gaussian_step() -> None:
    y = autoregression(0.8)
    assert steps_of(y[1:, None], past(y, 1)).gains[0].nats == pytest.approx(-0.5 * math.log(1 - 0.64), abs=0.05)


def test_what_stands_beside_is_no_gain() -> None:
    y = autoregression(0.8)
    assert steps_of(y[1:, None], past(y, 1), beside=past(y, 1)).steps == 0


def test_noise_loses_where_it_was_not_fitted() -> None:
    rng = np.random.default_rng(0)
    likely = held_out(rng.standard_normal((200, 1)), [rng.standard_normal((200, 30))])
    assert gain(likely[:, 1], likely[:, 0]).nats < -0.05


def test_only_lags_that_add_are_taken() -> None:
    rng = np.random.default_rng(0)
    source = list(rng.standard_normal((5, N, 1)))
    target = source[1] + 0.5 * source[3] + rng.standard_normal((N, 1))
    taken, found = lags_of(target, np.empty((N, 0)), source, first=1, most=3)
    assert taken == (1, 3)
    assert found.nats == pytest.approx(0.5 * math.log(2.25), abs=0.05)


def test_no_more_lags_are_taken_than_allowed() -> None:
    rng = np.random.default_rng(0)
    source = list(rng.standard_normal((4, N, 1)))
    target = sum(source) + rng.standard_normal((N, 1))
    assert len(lags_of(target, np.empty((N, 0)), source, first=0, most=2)[0]) == 2


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (Chosen(0, (Gain(-0.01, 0.01),)), "None of the past of a is given: it predicts held-out stretches no better"),
        (
            Chosen(1, (Gain(0.5, 0.1), Gain(0.4, 0.1))),
            "1 step gains 0.5000 nats of the past of a in held-out stretches, none more",
        ),
        (Chosen(1, (Gain(0.5, 0.1), Gain(0.51, 0.1))), "more of it gains 0.0100 at most, less than the error"),
    ],
)
def test_the_reason_is_a_sentence(chosen: Chosen, said: str) -> None:
    assert said in chosen.reason("a")
