"""A process of Python that calls functions for this one, and tells how it ended.

It is a plain child, started anew rather than forked, and reads its calls from a pipe: it needs no thread here and, in a
script, no `if __name__ == "__main__"`, and the end of the pipe says at once that it has died.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe
from typing import IO, Any

from mmg_registry.engines import pipes
from mmg_registry.errors import MMGError

LONGEST_OUTPUT = 2000  # characters of what a process wrote that are kept: the last
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MODULE = "mmg_registry.engines"  # its __main__ calls `serve`


class ProcessDied(MMGError):
    """A process that ended while it was at work; the message says how."""


class Process:
    """A process that calls one function at a time.

    Args:
        threads: threads of numerical libraries, which read that number when they are imported.

    Example:
        >>> process = Process(threads=1)
        >>> process.call(pow, 2, 5)
        32
        >>> process.end()
    """

    def __init__(self, threads: int) -> None:
        self.threads, self._output = threads, tempfile.TemporaryFile()  # noqa: SIM115
        self._pipe, theirs = Pipe()
        self._child = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(theirs.fileno()), str(os.getpid())],
            env=_environment(threads), **pipes.shared(theirs),
            stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output,
        )  # fmt: skip
        theirs.close()  # else its end would never be the pipe's

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return what a function returns there, or raise what it raises.

        Raises:
            ProcessDied: when the process ends before that.
        """
        try:
            self._pipe.send((function, args))
            good, found = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise ProcessDied(f"The process of the run died ({how(self._child.wait())}).") from error
        if not good:
            raise found
        return found

    def output(self) -> str:
        """Return the end of what the process has written to stdout and stderr."""
        size = os.fstat(self._output.fileno()).st_size
        start = max(0, size - 4 * LONGEST_OUTPUT)  # a character has at most four bytes
        return _read(self._output, start).decode(errors="replace")[-LONGEST_OUTPUT:]

    def alive(self) -> bool:
        """Return whether the process has not ended."""
        return self._child.poll() is None

    def kill(self) -> None:
        """End the process, whatever it does; a call in another thread then raises `ProcessDied`."""
        self._child.kill()

    def end(self) -> None:
        """End the process, and release what it holds here."""
        self.kill()
        self._child.wait()
        self._pipe.close()
        self._output.close()


def how(code: int) -> str:
    """Return how a process ended.

    Example:
        >>> how(-11), how(3)
        ('SIGSEGV', 'exit code 3')
    """
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _read(file: IO[bytes], start: int) -> bytes:
    """Return what a file holds from a byte on, without moving the place at which its other process writes."""
    if hasattr(os, "pread"):
        return os.pread(file.fileno(), os.fstat(file.fileno()).st_size - start, start)
    file.seek(start)  # Windows: reading to the end leaves the place there, where the other would write next
    return file.read()


def _environment(threads: int) -> dict[str, str]:
    """Return the environment of the process: modules are found there where they are found here."""
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    return {**os.environ, **dict.fromkeys(THREAD_LIMITS, str(threads)), "PYTHONPATH": path}


def serve(pipe: int, parent: int) -> None:
    """Call what is asked for through a pipe, until its other end is closed or process `parent` has ended.

    Ctrl-C is ignored: it reaches all processes of a terminal, and the driver handles it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    calls = pipes.connection(pipe)
    while True:
        try:
            function, args = calls.recv()
        except EOFError:
            return
        calls.send(_answer(function, args))


def _answer(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, function(*args)
    except Exception as error:
        return False, error


def _end_with(parent: int) -> None:
    while _has_parent(parent):
        time.sleep(0.5)
    os._exit(1)


def _has_parent(parent: int) -> bool:
    """Return whether the driver is alive; on Windows, a child keeps its number when it has ended."""
    if sys.platform == "win32":
        import psutil

        return bool(psutil.pid_exists(parent))
    return os.getppid() == parent
