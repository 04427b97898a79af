"""The display of a running benchmark on stderr: a live table on a terminal, elsewhere one line per finished run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mmg_cli.output import say, verbosity
from mmg_registry.errors import shown
from mmg_registry.progress import clock

if TYPE_CHECKING:
    from mmg_registry.benchmark.runner import Forecast, PlannedRun
    from mmg_registry.benchmark.store import Row


Identity = tuple[str, str, str, int, str]


class Board:
    """The state of a running benchmark: current runs, remaining runs, finished rows and the time left.

    The board calls `changed` after every event, with the row of the run that has just finished, or with None.
    """

    def __init__(
        self, runs: Sequence[PlannedRun], jobs: int, forecast: Forecast, now: Callable[[], float] = time.monotonic
    ):
        self.jobs, self.forecast, self.now = jobs, forecast, now
        self.waiting, self.working = list(runs), dict[Identity, tuple["PlannedRun", float]]()
        self.rows: list[Row] = []
        self.total, self.begin = len(runs), now()
        self.changed: Callable[[Row | None], None] = lambda row: None

    def started(self, run: PlannedRun) -> None:
        """Record that `run` has started."""
        self.waiting.remove(run)
        self.working[_identity(run)] = run, self.now()
        self.changed(None)

    def finished(self, row: Row) -> None:
        """Record that the run of `row` has ended."""
        from mmg_registry.benchmark.runner import PlannedRun

        self.rows.append(row)
        self.forecast.learn(row)
        self.working.pop(
            _identity(PlannedRun(*(row[name] for name in ("suite", "task", "plugin", "seed", "options")))), None
        )
        self.changed(row)

    def seconds_left(self) -> float | None:
        """Forecast the seconds left from finished runs of the same plugins, else from the pace so far, else None."""
        now = self.now()
        times = [self.forecast.seconds(run) for run in self.waiting]
        running = [(self.forecast.seconds(run), now - begin) for run, begin in self.working.values()]
        times += [None if time is None else max(0.0, time - elapsed) for time, elapsed in running]
        known = [time for time in times if time is not None]
        if len(known) == len(times):
            return sum(known) / self.jobs
        return (now - self.begin) * (self.total - len(self.rows)) / len(self.rows) if self.rows else None


def _identity(run: PlannedRun) -> Identity:
    return run.suite, run.task, run.plugin, run.seed, str(sorted(run.options.items()))


@contextmanager
def showing(board: Board, plugins: Sequence[str]) -> Iterator[Board]:
    """Show `board` during the block: not with -q, as a live table on a terminal, else as lines."""
    if verbosity.quiet:
        yield board
    elif sys.stderr.isatty():
        with _live(board, plugins):
            yield board
    else:
        board.changed = lambda row: say(line(board, row)) if row else None
        yield board


def line(board: Board, row: Row) -> str:
    """Return one line about a finished run."""
    from mmg_registry.benchmark.store import label

    name = f"{label(row['plugin'], row['options'])} on {row['task']}, seed {row['seed']}"
    left = clock(board.seconds_left()) if len(board.rows) < board.total else ""
    return f"[{len(board.rows)}/{board.total}] {name}: {outcome(row)}{', ' + left if left else ''}"


def outcome(row: Row) -> str:
    """Return the outcome of a run in words: estimate and truth in nats and seconds, its error, or why it is none."""
    from mmg_cli.benchmark.text import number
    from mmg_registry.benchmark.criteria import value
    from mmg_registry.benchmark.lines import DOES_NOT_APPLY

    if row["status"] == DOES_NOT_APPLY:
        return f"does not apply: {row['reason']}"
    if row["status"] == "failed":
        return f"failed: {row['error']['message']}"
    return f"{number(value(row), 4)} (true {number(row['true_mi'], 4)}), {row['seconds']['total']:.1f} s"


@contextmanager
def _live(board: Board, plugins: Sequence[str]) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    with Live(get_renderable=lambda: picture(board, plugins), console=console, refresh_per_second=2, transient=True):
        yield


def picture(board: Board, plugins: Sequence[str]) -> Any:
    """Return the live table: one line per plugin, the current runs, and the time left."""
    from rich.table import Table
    from rich.text import Text

    caption = Text(shown(_running(board)))
    table = Table(title=_title(board), title_justify="left", caption=caption, caption_justify="left")
    for name in ("plugin", "runs", "failed", "n/a", "mean error", "solved", "last"):
        table.add_column(name, justify="left" if name in ("plugin", "last") else "right")
    for plugin in plugins:
        cells = plugin, *_progress_of(plugin, [row for row in board.rows if _name(row) == plugin])
        table.add_row(*(Text(shown(cell)) for cell in cells))  # options in brackets are no markup
    return table


def _title(board: Board) -> str:
    left = clock(board.seconds_left())
    return f"{len(board.rows)} of {board.total} runs" + (f", {left}" if left else "")


def _running(board: Board) -> str:
    now = board.now()
    return ", ".join(f"{run.task} ({run.plugin}) {now - begin:.0f} s" for run, begin in board.working.values())


def _name(row: Row) -> str:
    from mmg_registry.benchmark.store import label

    return label(row["plugin"], row["options"])


def _progress_of(plugin: str, rows: list[Row]) -> list[str]:
    from mmg_cli.benchmark.text import number
    from mmg_registry.benchmark.criteria import cells, leaderboard

    if not rows:
        return ["0", "0", "0", "-", "-", ""]
    standing = leaderboard(cells(rows))[0]
    counts = [str(standing.runs), str(standing.failed), str(standing.inapplicable), number(standing.mean_error, 4)]
    return [*counts, f"{standing.solved}/{standing.tasks}", f"{rows[-1]['task']}: {outcome(rows[-1])}"]
