"""The progress bar on stderr, only on a terminal, with the current estimate and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mmg_cli.output import verbosity
from mmg_registry.errors import shown

if TYPE_CHECKING:
    from mmg_registry.contracts import Listener, Progress


@contextmanager
def progress_bar(json: bool, unit: str) -> Iterator[Listener | None]:
    """Yield a listener for `Run.progress` that draws a bar, or None with --json, with -q, or without a terminal."""
    if json or verbosity.quiet or not sys.stderr.isatty():
        yield None
        return
    with _make_bar() as bar:
        yield _listener(bar, unit)


def _make_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    fields = TextColumn("{task.fields[running]}"), TextColumn("{task.fields[left]}")
    columns = TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), *fields
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _listener(bar: Any, unit: str) -> Listener:
    start = time.monotonic()
    task = bar.add_task("starting", total=1.0, running="", left="")

    def listen(event: Progress) -> None:
        left = event.seconds_left
        if left is None:
            left = forecast(event.fraction, time.monotonic() - start)
        bar.update(
            task,
            completed=event.fraction,
            description=shown(event.stage),
            running=running(event.mi, unit),
            left=clock(left),
        )

    return listen


def forecast(fraction: float, elapsed: float) -> float | None:
    """Return the seconds left at the pace so far, or None during the first 1 % of the work, too early to tell.

    >>> forecast(0.25, 10.0)
    30.0
    """
    return elapsed * (1 - fraction) / fraction if fraction >= 0.01 else None


def running(mi: float | None, unit: str) -> str:
    """Return the current estimate, given as `mi` in nats, as text in `unit`; empty if it is None."""
    from mmg_registry.results import NATS_PER_BIT

    if mi is None:
        return ""
    return f"MI {mi if unit == 'nats' else mi / NATS_PER_BIT:.3f} {unit}"


def clock(seconds: float | None) -> str:
    """Return the time left as text in minutes and seconds; empty if it is None.

    >>> clock(75.2)
    '1:15 left'
    """
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d} left"
