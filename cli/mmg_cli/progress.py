"""The progress bar of commands: on a terminal alone, and neither with --json nor with -q."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmg_cli.output import verbosity

if TYPE_CHECKING:
    from mmg_registry.contracts import Listener


@contextmanager
def progress_bar(json: bool, unit: str) -> Iterator[Listener | None]:
    """Yield a listener for `Run.progress` that draws a bar, or None with --json, with -q, or where nobody looks."""
    if json or verbosity.quiet or not sys.stderr.isatty():
        yield None
        return
    from mmg_registry.progress import bar, is_watched

    if not is_watched():
        yield None
        return
    with bar(unit) as listener:
        yield listener
