"""What is shown while a benchmark runs."""

from __future__ import annotations

import io

import pytest
from benchmark_rows import failed_row, inapplicable_row, run_row

from mmg_cli.benchmark.live import Board, line, picture, showing
from mmg_cli.output import verbosity
from mmg_registry.benchmark.runner import Forecast, PlannedRun

RUNS = [
    PlannedRun("s", "t", "p", 0),
    PlannedRun("s", "u", "p", 0),
    PlannedRun("s", "t", "q", 0),
    PlannedRun("s", "u", "q", 0),
]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def board(jobs: int = 1) -> tuple[Board, Clock]:
    clock = Clock()
    return Board(RUNS, jobs, Forecast(), clock), clock


def test_the_time_left_is_unknown_then_a_pace_then_a_forecast() -> None:
    shown, clock = board()
    assert shown.seconds_left() is None
    shown.started(RUNS[0])
    clock.now = 6.0
    shown.finished(run_row(seconds=4.0))
    assert shown.seconds_left() == 18.0  # nothing is known of q: three more at 6 s each
    shown.started(RUNS[2])
    clock.now = 16.0
    shown.finished(run_row(plugin="q", seconds=9.0))
    assert shown.seconds_left() == 5.0 + 10.0
    shown.started(RUNS[3])
    clock.now = 19.0
    assert shown.seconds_left() == 5.0 + 7.0
    clock.now = 99.0
    assert shown.seconds_left() == 5.0  # a run that is late takes no negative time


def test_jobs_share_the_time_left() -> None:
    shown, _ = board(jobs=2)
    shown.started(RUNS[0])
    shown.finished(run_row(seconds=9.0))
    shown.finished(run_row(plugin="q", seconds=9.0))
    assert shown.seconds_left() == 15.0


def test_a_line_tells_the_outcome_and_the_time_left() -> None:
    shown, clock = board()
    clock.now = 3.0
    row = run_row(mi=0.98, seconds=4.0)
    shown.finished(row)
    assert line(shown, row) == "[1/4] p on t, seed 0: 0.9800 (true 1.0000), 4.0 s, 0:09 left"
    row = failed_row("it broke", plugin="q", options={"steps": 5})
    shown.finished(row)
    assert line(shown, row).startswith("[2/4] q [steps=5] on t, seed 0: failed: it broke, 0:03 left")


def test_a_line_tells_why_a_plugin_does_not_apply() -> None:
    shown, _ = board()
    row = inapplicable_row("takes 1 column")
    shown.finished(row)
    assert "p on t, seed 0: does not apply: takes 1 column" in line(shown, row)


def test_the_last_line_has_no_time_left() -> None:
    shown = Board(RUNS[:1], 1, Forecast())
    shown.finished(run_row())
    assert "left" not in line(shown, run_row())


def test_the_picture_has_a_line_a_plugin_and_what_is_running() -> None:
    from rich.console import Console

    shown, clock = board()
    shown.finished(run_row(mi=1.25))
    shown.started(RUNS[1])
    clock.now = 7.0
    console = Console(file=io.StringIO(), width=120)
    console.print(picture(shown, ["p", "q"]))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "1 of 4 runs" in text
    assert "u (p) 7 s" in text
    (own,) = [row for row in text.splitlines() if " p " in row and "│" in row]
    assert [part.strip() for part in own.strip("│").split("│")] == [
        "p", "1", "0", "0", "0.2500", "0/1", "t: 1.2500 (true 1.0000), 2.0 s",
    ]  # fmt: skip


def test_what_plugins_are_called_is_neither_markup_nor_a_command() -> None:
    from rich.console import Console

    shown, _ = board()
    row = failed_row("it \x1b[2Jbroke", plugin="p", options={"steps": 5})
    shown.finished(row)
    console = Console(file=io.StringIO(), width=160)
    console.print(picture(shown, ["p [steps=5]"]))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "p [steps=5]" in text
    assert "it \\x1b[2Jbroke" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(("quiet", "lines"), [(False, 1), (True, 0)])
def test_off_a_terminal_there_is_a_line_a_run_unless_quiet(
    quiet: bool, lines: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbosity, "quiet", quiet)
    shown, _ = board()
    with showing(shown, ["p", "q"]):
        shown.started(RUNS[0])
        shown.finished(run_row())
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", lines)


def test_on_a_terminal_the_table_is_drawn_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    shown, _ = board()
    with showing(shown, ["p", "q"]):
        shown.finished(run_row())
    assert "1 of 4 runs" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
