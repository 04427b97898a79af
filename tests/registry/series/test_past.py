"""How much of the past is given, and which lags are asked about, with the reasons."""

from __future__ import annotations

import numpy as np
import pytest
from series import driven

from mmg_registry.series.embedding import Reach
from mmg_registry.series.past import past_of, together
from mmg_registry.series.plan import Plan
from mmg_registry.series.problem import LagProblem
from mmg_registry.series.recording import Recording, of_arrays
from mmg_registry.series.screen import screened

A, B = driven(1_500, np.random.default_rng(0))
NOISE = np.random.default_rng(9).standard_normal(1_500)


def recording(trial: object = None, **given: np.ndarray) -> Recording:
    return of_arrays({"x": A, "y": B, **given}, trial=trial)


def test_what_is_asked_for_is_given_without_a_reason() -> None:
    past = past_of(recording(given=NOISE), Plan((1,), history=4, given_history=2), {})
    assert (past.reach, past.reasons) == (Reach((1,), own=4, given=2), ())


def test_the_own_past_is_chosen_and_what_is_given_has_one_step_at_least() -> None:
    past = past_of(recording(given=NOISE), Plan((1,)), {})
    assert past.reach == Reach((1,), own=1, given=1)
    assert past.reasons[0].startswith("1 step gains 0.")
    assert "of the past of given" in past.reasons[1]


def test_short_trials_have_a_short_history() -> None:
    past = past_of(recording(trial=np.repeat(np.arange(250), 6)), Plan((1,)), {})
    assert past.reach.own <= 1


@pytest.mark.parametrize(("lags", "chosen"), [((1, 2, 3, 4), (3,)), ((5,), (5,))])
def test_the_lag_that_tells_most_is_asked_about(lags: tuple[int, ...], chosen: tuple[int, ...]) -> None:
    problem = LagProblem(recording(), Reach(lags, own=1))
    found = together(problem, screened(problem.prediction, problem.source, problem.shifts(99, 0)))
    assert found.lags == chosen
    assert found.reason.startswith(f"Lag {chosen[0]} tells most of {len(lags)}; held out it gains")


def test_lags_that_act_together_are_asked_about_together() -> None:
    x = np.random.default_rng(0).standard_normal(1_500)
    y = np.roll(x, 1) + np.roll(x, 4) + np.random.default_rng(1).standard_normal(1_500)
    problem = LagProblem(of_arrays({"x": x, "y": y}), Reach((1, 2, 3, 4), own=1))
    found = together(problem, screened(problem.prediction, problem.source, problem.shifts(99, 0)))
    assert sorted(found.lags) == [1, 4]
    assert "and with" in found.reason
