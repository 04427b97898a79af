"""Progress as it is told to a listener."""

from __future__ import annotations

import pytest
from fake_time import Time

from mmg_registry.contracts import Progress, Run
from mmg_registry.training.clock import Clock
from mmg_registry.training.progress import ProgressTeller


def test_it_never_goes_back_with_the_steps() -> None:
    heard: list[Progress] = []
    teller = ProgressTeller(Run(progress=heard.append), Clock(None, Time()), 100)
    for steps in (0, 40, 20, 60, 100):
        teller.tell(steps, 0.5)
    assert [event.fraction for event in heard] == [0.0, 0.4, 0.4, 0.6, 1.0]
    assert {event.mi for event in heard} == {0.5}


def test_under_a_limit_it_is_what_is_nearer_to_its_end() -> None:
    heard: list[Progress] = []
    time = Time()
    teller = ProgressTeller(Run(progress=heard.append), Clock(10.0, time), 100)
    teller.tell(20, None)
    time.pass_by(5.0)
    teller.tell(30, None)
    time.pass_by(50.0)
    teller.tell(40, None)
    assert [event.fraction for event in heard] == [0.2, 0.5, 1.0]


def test_the_rest_is_forecast_at_the_speed_so_far() -> None:
    heard: list[Progress] = []
    time = Time()
    teller = ProgressTeller(Run(progress=heard.append), Clock(None, time), 100)
    teller.tell(0, None)
    time.pass_by(3.0)
    teller.tell(25, None)
    assert [event.seconds_left for event in heard] == [None, pytest.approx(9.0)]
