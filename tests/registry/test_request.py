"""Requests: keyword arguments sorted into choices and options, and the run that a plugin is given."""

from __future__ import annotations

import numpy as np

from mmg_registry.contracts import Progress, Run
from mmg_registry.request import BoundRequest, Request, from_choices, in_thirds, run_of, run_of_fold, run_of_half
from mmg_registry.threads import default_threads


def test_what_is_no_choice_is_an_option_of_the_plugin() -> None:
    found = from_choices(Request, {"plugin": "ksg", "seed": 3, "k": 5, "options": {"max_rows": 100}})
    assert (found.plugin, found.seed, found.options) == ("ksg", 3, {"max_rows": 100, "k": 5})
    assert from_choices(BoundRequest, {"n": 8, "max_seconds": 3}).options == {"max_seconds": 3}


def test_the_run_has_plain_values_and_all_usable_cores() -> None:
    request = Request(seed=np.int64(4), max_seconds=np.float32(2.0))
    assert run_of(request) == Run(4, default_threads(), "auto", 2.0)
    assert type(run_of(request).seed) is int
    assert run_of(BoundRequest(seed=5, threads=3)) == Run(5, 3)


def test_folds_have_seeds_of_their_own_and_a_share_of_the_time() -> None:
    told: list[Progress] = []
    request = Request(seed=2**63 - 1, threads=1, max_seconds=8.0, progress=told.append)
    runs = [run_of_fold(request, i, 4) for i in range(4)]
    assert len({run.seed for run in runs}) == 4
    assert {run.max_seconds for run in runs} == {2.0}
    runs[1].report(Progress(0.5))
    assert (told[0].fraction, told[0].stage) == (0.375, "fold 2 of 4, training")


def test_the_smallest_limit_of_time_is_not_shared_down_to_nothing() -> None:
    assert run_of_fold(Request(max_seconds=5e-324), 0, 4).max_seconds == 5e-324


def test_three_trainings_share_the_time_and_halves_have_a_bar_of_their_own() -> None:
    told: list[Progress] = []
    request = in_thirds(Request(max_seconds=9.0, pointwise=True, progress=told.append))
    assert request.max_seconds == 3.0
    assert in_thirds(Request(max_seconds=9.0)).max_seconds == 9.0
    half = run_of_half(run_of(request), 1)
    half.report(Progress(0.5))
    assert (half.max_seconds, told[0].fraction, told[0].stage) == (3.0, 0.75, "half 2 of 2, training")
