"""The progress bar appears on a terminal only, with the running estimate and the time left."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator

import pytest

from mmg_cli.output import verbosity
from mmg_cli.progress import progress_bar
from mmg_registry.contracts import Progress


class Terminal(io.StringIO):
    """A stderr that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def shown(
    monkeypatch: pytest.MonkeyPatch, json: bool = False, stream: io.StringIO | None = None, stage: str = "training"
) -> str | None:
    """What the bar writes for one event, or None when there is no bar."""
    stream = Terminal() if stream is None else stream
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(json=json, unit="bits") as listen:
        if listen is None:
            return None
        listen(Progress(0.5, stage, mi=0.6931, seconds_left=75.0))
    return stream.getvalue()


@pytest.fixture(autouse=True)
def default_verbosity() -> Iterator[None]:
    verbosity.reset()
    yield
    verbosity.reset()


def test_on_a_terminal_it_shows_the_running_estimate_and_the_time_left(monkeypatch) -> None:
    text = shown(monkeypatch)
    assert text is not None
    for part in ("training", "MI 1.000 bits", "1:15 left", "50%"):
        assert part in text


def test_a_stage_is_no_markup_and_no_command(monkeypatch) -> None:
    text = shown(monkeypatch, stage="fit [red]\x1b[2J")
    assert text is not None
    assert "fit [red]\\x1b[2J" in text
    assert "\x1b[2J" not in text


def test_not_with_json(monkeypatch) -> None:
    assert shown(monkeypatch, json=True) is None


def test_not_when_quiet(monkeypatch) -> None:
    verbosity.quiet = True
    assert shown(monkeypatch) is None


def test_not_into_a_file(monkeypatch) -> None:
    assert shown(monkeypatch, stream=io.StringIO()) is None


def test_no_colour_where_none_is_wanted(monkeypatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9]")
    assert colour.search(shown(monkeypatch) or "")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour.search(shown(monkeypatch) or "")


def test_not_where_the_environment_silences_it(monkeypatch) -> None:
    monkeypatch.setenv("MMG_PROGRESS", "0")
    assert shown(monkeypatch) is None
