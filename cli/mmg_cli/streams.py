"""Standard streams that whoever started the program has closed, or whose reader is gone."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

from mmg_registry.errors import MMGError


def open_closed() -> None:
    """Give the descriptors 0 to 2 to nothing where they are closed, or the next file that is opened would be one.

    What would be said on a closed stderr is lost; a result that cannot be printed on a closed stdout is an error.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor, which is this one
    if sys.stdout is None:
        sys.stdout = _ClosedOutput()
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


class _ClosedOutput(io.TextIOBase):
    def write(self, text: str) -> int:
        raise MMGError("The result could not be printed: standard output is closed.")

    def fileno(self) -> int:
        return 1


def flush_quietly() -> None:
    """Flush both outputs; if a reader is gone or a disk is full, prevent Python from reporting that a second time."""
    for descriptor, stream in ((1, sys.stdout), (2, sys.stderr)):
        _flush(stream, descriptor)


def _flush(stream: TextIO, descriptor: int) -> None:
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
