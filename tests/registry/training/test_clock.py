"""The clock, driven by hand."""

from __future__ import annotations

from fake_time import Time

from mmg_registry.training.clock import Clock


def test_elapsed_counts_from_when_it_was_made() -> None:
    time = Time(100.0)
    clock = Clock(None, time)
    time.pass_by(2.5)
    assert clock.elapsed == 2.5


def test_a_share_of_the_limit_is_over_when_it_has_passed() -> None:
    time = Time(7.0)
    clock = Clock(10.0, time)
    time.pass_by(4.0)
    assert clock.is_over(0.4)
    assert not clock.is_over(0.41)
    assert not clock.is_over()
    time.pass_by(6.0)
    assert clock.is_over()


def test_without_a_limit_nothing_is_ever_over() -> None:
    time = Time()
    clock = Clock(None, time)
    time.pass_by(1e9)
    assert not clock.is_over(0.0)


def test_looks_are_no_training() -> None:
    time = Time()
    clock = Clock(10.0, time)
    time.pass_by(3.0)
    for seconds in (2.0, 0.5):
        with clock.looking():
            time.pass_by(seconds)
    assert (clock.elapsed, clock.trained, clock.last_look) == (5.5, 3.0, 0.5)
