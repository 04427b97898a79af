"""Ctrl-C at any moment: one word on stderr and exit code 130, never a traceback.

The program imports for a tenth of a second and is taken down for as long, and then nothing can catch the exception that
Python raises: it ends at once. Between the two the exception is raised as usual, so that files are left whole.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130
WORD = "Interrupted."
_pressed = False


def exits() -> None:
    """Let Ctrl-C end the process from now on, whatever it does."""
    _handle_by(_exit)


def is_raised() -> None:
    """Let Ctrl-C raise KeyboardInterrupt from now on, as it does in every Python program."""
    _handle_by(_raise)
    sys.unraisablehook = _exit_if_lost


def pressed() -> bool:
    """Return whether Ctrl-C was raised: libraries turn that exception into others while they are imported."""
    return _pressed


def _handle_by(handler: signal._HANDLER) -> None:
    """Set the handler, unless whoever started the program wants it deaf to Ctrl-C (a job in the background)."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


def _exit(signal: int = 0, frame: FrameType | None = None) -> None:
    with suppress(OSError):
        os.write(2, f"{WORD}\n".encode())
    os._exit(INTERRUPTED)


def _raise(signal: int, frame: FrameType | None) -> None:
    global _pressed
    _pressed = True
    raise KeyboardInterrupt


def _exit_if_lost(lost: UnraisableHookArgs) -> None:
    """End where the exception was raised in a destructor, which Python would only report."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        _exit()
    sys.__unraisablehook__(lost)
