"""The functions of a question at its rows, its shifts and its doubts."""

from __future__ import annotations

import numpy as np
import pytest
from series import autoregressive

from mmg_registry.series.embedding import Reach
from mmg_registry.series.problem import LagProblem
from mmg_registry.series.recording import of_arrays


def problem(n: int = 400, phi: float = 0.0, trial: object = None, **reach: int) -> LagProblem:
    x, y = autoregressive(phi, n, np.random.default_rng(0), 2).T
    return LagProblem(of_arrays({"x": x, "y": y}, trial=trial), Reach(lags=(1, 2), **reach))


def test_the_source_stands_at_its_lags() -> None:
    asked = problem()
    scores = asked.at("x", 0, 3)
    assert asked.source.shape == (398, 2, 3)
    np.testing.assert_array_equal(asked.source[1:, 0], scores[:-1])


def test_the_past_has_functions_and_products_of_its_steps() -> None:
    assert problem(own=0).past.shape == (398, 0)
    assert problem(own=1).past.shape == (399 - 1, 5)
    assert problem(own=2).past.shape == (398, 5 + 5 + 1)
    assert problem(n=100, own=5).past.shape == (95, 5)  # few rows: straight lines alone


def test_there_is_a_gate_where_one_column_acts_on_a_past() -> None:
    assert problem(own=0).gate is None
    np.testing.assert_array_equal(problem(own=1).gate, problem(own=1).at("y", 1, 1)[:, 0])


def test_shifts_are_beyond_the_memory_and_differ() -> None:
    shifts = problem(n=2_000, phi=0.9).shifts(99, seed=0)
    assert len(set(shifts.tolist())) == 99
    assert shifts.min() > 2 * 10  # 19 rows of memory, twice
    assert shifts.max() < 2_000 - 2 * 10


def test_shifts_reach_into_other_trials_and_are_few_where_rows_are() -> None:
    assert problem(n=2_000, trial=np.repeat(np.arange(10), 200)).shifts(99, seed=0).min() > 190
    assert len(problem(n=60).shifts(499, seed=0)) < 60


@pytest.mark.parametrize(("phi", "doubted"), [(0.5, False), (0.999, True)])
def test_series_that_hardly_forget_are_doubted(phi: float, doubted: bool) -> None:
    assert bool(problem(n=600, phi=phi).doubts()) == doubted
