"""Steps from one evaluation to the next."""

from __future__ import annotations

from itertools import pairwise

import pytest
from fake_time import Time

from mmg_registry.training.clock import Clock
from mmg_registry.training.intervals import AlignedIntervals, EvenIntervals, Intervals

FREE = Clock(None, Time())


def evaluated(intervals: Intervals, until: int, clock: Clock = FREE, time: Time | None = None) -> list[int]:
    """The steps at which a training is evaluated, of a hundredth of a second each where there is a `time`."""
    steps = [0]
    while steps[-1] < until:
        n = intervals.steps_after(steps[-1], clock)
        if time is not None:
            time.pass_by(n / 100)
        steps.append(steps[-1] + n)
    return steps


def test_even_intervals_are_even() -> None:
    assert evaluated(EvenIntervals(50), 200) == [0, 50, 100, 150, 200]


def test_aligned_intervals_have_one_early_evaluation() -> None:
    assert evaluated(AlignedIntervals(100), 300) == [0, 20, 100, 200, 300]
    assert evaluated(AlignedIntervals(10), 30) == [0, 10, 20, 30]


def test_even_intervals_under_a_limit_are_a_fifth_of_the_steps_so_far() -> None:
    clock = Clock(1.0, Time())
    found = [EvenIntervals(50).steps_after(done, clock) for done in (0, 3, 20, 100, 249, 250, 9_999)]
    assert found == [1, 1, 4, 20, 49, 50, 50]


def test_aligned_intervals_under_a_limit_are_a_tenth_of_it_at_most() -> None:
    time = Time()
    steps = evaluated(AlignedIntervals(100), 1_000, Clock(3.0, time), time)
    assert steps[:3] == [0, 1, 31]  # at 100 steps a second, 30 take a tenth of 3 seconds
    assert all(later - earlier <= 30 for earlier, later in pairwise(steps))
    assert {100, 200, 300} <= set(steps)


def test_a_clock_that_has_not_moved_yet_limits_nothing() -> None:
    assert AlignedIntervals(100).steps_after(1, Clock(3.0, Time())) == 99


@pytest.mark.parametrize("intervals", [EvenIntervals(1_000), AlignedIntervals(1_000)])
@pytest.mark.parametrize(("look", "pause"), [(0.01, 0.0), (0.5, 1.5), (9.0, 2.0)])
def test_dear_looks_are_apart(intervals: Intervals, look: float, pause: float) -> None:
    time = Time()
    clock = Clock(10.0, time)
    time.pass_by(0.1)  # ten steps
    with clock.looking():
        time.pass_by(look)
    cheap = 2 if isinstance(intervals, EvenIntervals) else 100  # a fifth of ten steps; a tenth of the limit
    assert intervals.steps_after(10, clock) == pytest.approx(max(cheap, 100 * pause), abs=1)
