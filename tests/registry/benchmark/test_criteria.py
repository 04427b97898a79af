"""The published criteria, on numbers made by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from benchmark_rows import failed_row, inapplicable_row, run_row

from mmg_registry.benchmark.criteria import (
    SOLVED,
    TIGHT,
    Standing,
    TaskFindings,
    cells,
    changes_between,
    is_far_off,
    is_silent_miss,
    leaderboard,
    misses,
)


def cell(truth: float, *estimates: float, failed: int = 0, seconds: tuple[float, ...] = ()) -> TaskFindings:
    times = list(seconds) or [1.0] * len(estimates)
    return TaskFindings("s", "t", "f", truth, "p", dict(enumerate(estimates)), [], times, failed)


@pytest.mark.parametrize(
    ("truth", "estimates", "solved", "tight"),
    [
        (0.25, (0.269, 0.269), True, True),
        (0.25, (0.28, 0.28), True, False),  # 0.03 off: above 0.02, below 0.05
        (0.25, (0.31, 0.31), False, False),
        (0.25, (0.19, 0.19), False, False),
        (2.0, (2.19, 2.19), True, False),  # a tenth of the truth counts where it is more than 0.05
        (2.0, (2.21, 2.21), False, False),
        (2.0, (2.09, 2.09), True, True),
        (0.0, (0.04, -0.04), False, False),  # the mean is right, the spread of 0.057 is not
        (0.0, (0.03, -0.03), True, False),
        (0.0, (0.049,), True, False),  # one seed has no spread
        (0.0, (), False, False),
    ],
)
def test_solved_and_tight(truth: float, estimates: tuple[float, ...], solved: bool, tight: bool) -> None:
    found = cell(truth, *estimates)
    assert (found.meets(SOLVED), found.meets(TIGHT)) == (solved, tight)


def test_the_bound_itself_counts() -> None:
    assert cell(0.0, 0.05).meets(SOLVED)
    assert not cell(0.0, 0.0500001).meets(SOLVED)


def test_a_failed_run_leaves_a_task_unsolved() -> None:
    assert not cell(1.0, 1.0, 1.0, failed=1).meets(SOLVED)
    assert not cell(1.0, 1.0, failed=1).within(0.2)


def test_a_task_that_a_plugin_does_not_take_is_neither_solved_nor_failed() -> None:
    own = [run_row(task="a"), *(inapplicable_row(task="b", seed=seed) for seed in (0, 1))]
    found = cells(own)
    assert [each.applies for each in found] == [True, False]
    assert (found[1].failed, found[1].inapplicable, found[1].meets(SOLVED)) == (0, 2, False)
    (standing,) = leaderboard(found)
    assert (standing.tasks, standing.solved, standing.failed, standing.inapplicable) == (1, 1, 0, 1)
    assert (standing.runs, standing.seeds) == (1, 1)
    (alone,) = leaderboard(found[1:])
    assert (alone.tasks, alone.runs, alone.seeds, alone.inapplicable) == (0, 0, 0, 1)


def test_an_infinite_estimate_is_never_near() -> None:
    row = run_row(seed=1)
    row["estimate"] |= {"status": "infinite", "mi": None, "ci": None}
    (found,) = cells([run_row(), row])
    assert found.values == {0: 1.0, 1: math.inf}
    assert (found.mean, found.sd) == (math.inf, math.inf)
    assert not found.within(0.2)


def test_the_standard_deviation_is_that_of_a_sample() -> None:
    assert cell(0.0, 1.0, 3.0).sd == pytest.approx(math.sqrt(2))
    assert cell(0.0, 1.0).sd is None


def test_cells_gather_the_seeds_of_a_task_and_a_plugin_with_its_options() -> None:
    rows = [run_row(seed=0), run_row(seed=1, mi=1.2), run_row(plugin="q"), run_row(options={"steps": 5})]
    found = cells(rows)
    assert [(each.plugin, each.values) for each in found] == [
        ("p", {0: 1.0, 1: 1.2}),
        ("q", {0: 1.0}),
        ("p [steps=5]", {0: 1.0}),
    ]


def warned(**about: Any) -> dict[str, Any]:
    row = run_row(**about)
    row["estimate"]["warnings"] = ["It may be low."]
    return row


def called_infinite(**about: Any) -> dict[str, Any]:
    row = run_row(**about)
    row["estimate"] |= {"status": "infinite", "mi": None, "ci": None, "std_error": None}
    return row


@pytest.mark.parametrize(
    ("row", "wrong", "silent", "far"),
    [
        (run_row(mi=1.09), False, False, False),
        (run_row(mi=1.11), True, True, False),
        (warned(mi=1.11), True, False, False),
        (run_row(mi=1.0 + 3.9 * 0.1 / 1.96), True, True, False),
        (run_row(mi=1.0 - 4.1 * 0.1 / 1.96), True, True, True),
        (warned(mi=0.0), True, False, True),
        (run_row(mi=3.0, half=None), False, False, False),  # nothing was said of how far off it may be
        (called_infinite(), True, True, True),
    ],
)
def test_what_a_run_says_of_itself(row: dict[str, Any], wrong: bool, silent: bool, far: bool) -> None:
    assert (misses(row), is_silent_miss(row), is_far_off(row)) == (wrong, silent, far)


@pytest.mark.parametrize(
    ("truth", "half", "useful"), [(0.3, 0.149, True), (0.3, 0.151, False), (2.0, 0.299, True), (2.0, 0.301, False)]
)
def test_an_interval_is_useful_while_it_is_narrow_enough(truth: float, half: float, useful: bool) -> None:
    (found,) = cells([run_row(mi=truth, truth=truth, half=half)])
    assert found.useful == [useful]


def test_the_leaderboard_counts_what_runs_say_of_themselves() -> None:
    rows = [run_row(task="a", mi=0.9), warned(task="b", mi=0.5), run_row(task="c", mi=0.4), run_row(task="d", half=0.3)]
    (standing,) = leaderboard(cells([*rows, called_infinite(task="e"), run_row(task="f", mi=1.4, half=None)]))
    assert (standing.covered, standing.useful, standing.with_interval) == (2, 3, 4)
    assert (standing.silent, standing.far) == (2, 3)
    assert standing.median_signed_error == pytest.approx(-0.05)


def board() -> list[Standing]:
    rows = [
        run_row(task="a", family="one", truth=1.0, mi=1.05, seconds=1),
        run_row(task="a", family="one", truth=1.0, mi=0.99, seconds=3, seed=1),
        run_row(task="b", family="two", truth=0.2, mi=0.5, seconds=8),
        run_row(task="b", family="two", truth=0.2, mi=0.5, seconds=8, seed=1, half=None),
        run_row(task="a", family="one", plugin="worse", truth=1.0, mi=1.15),
        failed_row(task="b", family="two", plugin="worse", truth=0.2),
    ]
    return leaderboard(cells(rows))


def test_the_leaderboard_counts_what_it_says() -> None:
    best = board()[0]
    assert (best.plugin, best.tasks, best.runs, best.failed, best.seeds) == ("p", 2, 4, 0, 2)
    assert (best.solved, best.tight) == (1, 1)
    assert best.within == {"0.05": 1, "0.1": 1, "0.2": 1}
    assert (best.covered, best.with_interval) == (2, 3)
    assert best.mean_error == pytest.approx((0.05 + 0.01 + 0.3 + 0.3) / 4)
    assert best.median_error == pytest.approx((0.05 + 0.3) / 2)
    assert best.largest_error == pytest.approx(0.3)
    assert best.bias == pytest.approx({"one": 0.02, "two": 0.3})
    assert (best.median_seconds, best.largest_seconds, best.total_seconds) == (5.5, 8, 20)


def test_the_best_comes_first_and_failures_are_counted() -> None:
    assert [each.plugin for each in board()] == ["p", "worse"]
    worse = board()[1]
    assert (worse.solved, worse.failed, worse.runs) == (0, 1, 2)
    assert worse.within == {"0.05": 0, "0.1": 0, "0.2": 1}
    assert math.isnan(worse.bias["two"])


def test_a_plugin_that_only_fails_comes_last() -> None:
    standings = leaderboard(cells([failed_row(plugin="a"), run_row(plugin="b", mi=9.0)]))
    assert [each.plugin for each in standings] == ["b", "a"]
    assert math.isnan(standings[1].mean_error)
    assert standings[1].seeds == 1


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ((1.0, 1.01, 0.99), (1.2, 1.21, 1.19), True),
        ((1.0, 1.1, 0.9), (1.05, 1.15, 0.95), False),
        ((1.0, 1.0), (1.0, 1.0), False),
        ((1.0, 1.0), (1.001, 1.001), True),
        ((1.0,), (2.0, 2.1), None),
        ((1.0, 1.1), (math.inf, 1.0), None),
    ],
)
def test_what_changed_beyond_the_seeds_spread(before: tuple, after: tuple, moved: bool | None) -> None:
    (change,) = changes_between([cell(1.0, *before)], [cell(1.0, *after)])
    assert change.moved is moved


def test_welch_at_its_edge() -> None:
    # two and two seeds of standard deviation sqrt(2): the difference must exceed t(0.975, 2) sqrt(2) = 6.085
    assert changes_between([cell(0.0, -1.0, 1.0)], [cell(0.0, 5.05, 7.05)])[0].moved is False
    assert changes_between([cell(0.0, -1.0, 1.0)], [cell(0.0, 5.12, 7.12)])[0].moved is True


def test_times_are_compared_by_their_ranges() -> None:
    slow = cell(1.0, 1.0, 1.0, seconds=(9.0, 11.0))
    assert changes_between([slow], [cell(1.0, 1.0, 1.0, seconds=(4.0, 6.0))])[0][3:] == (2.0, True)
    assert changes_between([slow], [cell(1.0, 1.0, 1.0, seconds=(4.0, 9.5))])[0].timed is False


def test_a_cell_of_one_side_alone_is_no_change() -> None:
    (change,) = changes_between([], [cell(1.0, 1.0, 1.0)])
    assert change.before is None
    assert (change.moved, change.faster, change.timed) == (None, None, False)
