"""The end of a pipe that a child is born with: a file descriptor, and on Windows a handle."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def shared(end: Connection[Any, Any]) -> dict[str, Any]:
    """Return the arguments of `subprocess.Popen` by which a child has this end of a pipe, under the same number."""
    if sys.platform == "win32":
        os.set_handle_inheritable(end.fileno(), True)
        return {"startupinfo": subprocess.STARTUPINFO(lpAttributeList={"handle_list": [end.fileno()]})}
    return {"pass_fds": [end.fileno()]}


def connection(number: int) -> Connection[Any, Any]:
    """Return the end of a pipe that this process was born with."""
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection

        return PipeConnection(number)
    from multiprocessing.connection import Connection

    return Connection(number)
