"""A bar is drawn where somebody looks, after a second, and nowhere else."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

import mmg_registry as mmg
from mmg_registry import progress
from mmg_registry.contracts import Progress
from mmg_registry.progress import clock, forecast, listening, running


class Terminal(io.StringIO):
    """A stderr that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMG_PROGRESS", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")


def written(monkeypatch: pytest.MonkeyPatch, asked: object = None, patience: float = 0.0) -> str:
    """What a question writes on a terminal that reports once."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", patience)
    with listening(asked, "nats") as listener:  # type: ignore[arg-type]
        if listener is not None:
            listener(Progress(0.5, "training", mi=0.5))
    return stream.getvalue()


def test_a_bar_waits_for_a_second_and_then_appears(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(monkeypatch, patience=progress.PATIENCE) == ""
    assert "MI 0.500 nats" in written(monkeypatch)


def test_a_bar_is_silenced_by_choice_and_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(monkeypatch, False) == ""
    monkeypatch.setenv("MMG_PROGRESS", "0")
    assert written(monkeypatch) == ""


def test_a_listener_of_the_callers_is_told_in_place_of_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Progress] = []
    assert written(monkeypatch, seen.append) == ""
    assert [each.fraction for each in seen] == [0.5]


def test_no_bar_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with listening(None, "nats") as listener:
        assert listener is None


def test_estimates_take_the_choice() -> None:
    x = np.arange(40.0)
    noise = np.random.default_rng(0).normal(0, 9, 40)
    assert mmg.estimate(x, x + noise, plugin="gaussian", progress=False).mi > 0


def test_the_time_left_is_a_guess_only_after_a_hundredth() -> None:
    assert forecast(0.001, 10.0) is None
    assert forecast(0.5, 10.0) == 10.0
    assert clock(None) == ""
    assert clock(3.9) == "0:03 left"


def test_without_a_running_estimate_nothing_is_shown() -> None:
    assert running(None, "nats") == ""
