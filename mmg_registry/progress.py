"""The progress bar of terminals and notebooks: the share that is done, the current estimate and the time left."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmg_registry.contracts import Listener, Progress
from mmg_registry.errors import shown
from mmg_registry.results import NATS_PER_BIT

PATIENCE = 1.0  # seconds for which nobody needs to be told that something goes on
SILENCE = "MMG_PROGRESS"  # the environment variable that is 0 where no bar is wanted


@contextmanager
def listening(asked: Listener | bool | None, unit: str) -> Iterator[Listener | None]:
    """Yield the listener of a question that is asked from Python.

    Args:
        asked: a listener of the caller's; None or True for a bar where somebody looks; False for none.
        unit: that of the running estimate, "nats" or "bits".
    """
    if callable(asked) or asked is False or not is_watched():
        yield asked if callable(asked) else None
        return
    with bar(unit, PATIENCE) as listener:
        yield listener


def is_watched() -> bool:
    """Return whether a bar would be seen: stderr is a terminal or a notebook, and `MMG_PROGRESS` is not 0."""
    if os.environ.get(SILENCE) == "0":
        return False
    return bool(sys.stderr is not None and sys.stderr.isatty()) or _in_notebook()


def _in_notebook() -> bool:
    """Return whether the cells of a notebook show a bar, for which rich needs ipywidgets."""
    if "IPython" not in sys.modules or importlib.util.find_spec("ipywidgets") is None:
        return False
    from rich.console import Console

    return Console().is_jupyter


@contextmanager
def bar(unit: str, patience: float = 0.0) -> Iterator[Listener]:
    """Yield a listener that draws a bar on stderr, which goes when the work is done.

    Args:
        unit: that of the running estimate, "nats" or "bits".
        patience: seconds before the bar appears.
    """
    drawn = _Bar(unit, patience)
    try:
        yield drawn.listen
    finally:
        drawn.close()


class _Bar:
    """A bar that appears with the first report after `patience` seconds."""

    def __init__(self, unit: str, patience: float) -> None:
        self.unit, self.patience, self.start = unit, patience, time.monotonic()
        self.bar: Any = None

    def listen(self, event: Progress) -> None:
        elapsed = time.monotonic() - self.start
        if self.bar is None and elapsed < self.patience:
            return
        self._open()
        left = forecast(event.fraction, elapsed) if event.seconds_left is None else event.seconds_left
        said = {"running": running(event.mi, self.unit), "left": clock(left)}
        self.bar.update(self.task, completed=event.fraction, description=shown(event.stage), **said)

    def _open(self) -> None:
        if self.bar is None:
            self.bar = _made()
            self.bar.start()
            self.task = self.bar.add_task("starting", total=1.0, running="", left="")

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()


def _made() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as RichProgress

    fields = TextColumn("{task.fields[running]}"), TextColumn("{task.fields[left]}")
    columns = TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), *fields
    return RichProgress(*columns, console=Console(stderr=True), transient=True)


def forecast(fraction: float, elapsed: float) -> float | None:
    """Return the seconds left at the pace so far, or None during the first 1 % of the work, too early to tell.

    Example:
        >>> forecast(0.25, 10.0)
        30.0
    """
    return elapsed * (1 - fraction) / fraction if fraction >= 0.01 else None


def running(mi: float | None, unit: str) -> str:
    """Return the current estimate, given as `mi` in nats, as text in `unit`; empty if it is None.

    Example:
        >>> running(0.6931, "bits")
        'MI 1.000 bits'
    """
    if mi is None:
        return ""
    return f"MI {mi if unit == 'nats' else mi / NATS_PER_BIT:.3f} {unit}"


def clock(seconds: float | None) -> str:
    """Return the time left as text in minutes and seconds; empty if it is None.

    Example:
        >>> clock(75.2)
        '1:15 left'
    """
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d} left"
