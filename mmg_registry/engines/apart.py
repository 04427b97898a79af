"""Work in a new process, which no earlier work has touched: its crash leaves its worker alive, and a row.

The process is a plain child of the worker, so that this is the same under every engine.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmg_registry.engines.work import Work

MODULE = "mmg_registry.engines"  # its __main__
LONGEST_OUTPUT = 2000  # characters of what a process wrote that a row keeps: the last
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def called_apart(work: Work) -> dict[str, Any]:
    """Return the outcome of a work in a new process: as `perform.outcome`, and with "output" in an error.

    The process has as many threads of libraries as `work.resources` says. What it writes to stdout and stderr is kept
    for a failure alone.
    """
    with tempfile.TemporaryDirectory(prefix="mmg-work-") as folder:
        asked, found, output = (Path(folder, name) for name in ("work.json", "outcome.json", "output"))
        asked.write_text(json.dumps(asdict(work)))
        with output.open("wb") as stream:
            command = [sys.executable, "-m", MODULE, str(asked), str(found), str(os.getpid())]
            code = subprocess.Popen(
                command, env=_environment(work), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            ).wait()
        outcome = json.loads(found.read_text()) if found.exists() else died(code)
        if outcome["status"] == "failed":
            outcome["error"]["output"] = output.read_text(errors="replace")[-LONGEST_OUTPUT:]
    return outcome  # type: ignore[no-any-return]


def died(code: int) -> dict[str, Any]:
    """Return the outcome of a process that ended without one.

    Example:
        >>> died(-11)["error"]["message"]
        'The process of the run died (SIGSEGV): it crashed, or ran out of memory.'
    """
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    message = f"The process of the run died ({how}): it crashed, or ran out of memory."
    return {"status": "failed", "error": {"type": "ProcessDied", "message": message, "traceback": ""}}


def limits(threads: int) -> dict[str, str]:
    """Return the environment variables that limit the threads of numerical libraries."""
    return dict.fromkeys(THREAD_LIMITS, str(threads))


def _environment(work: Work) -> dict[str, str]:
    """Return the environment of the new process: modules are found where they are found here."""
    return {
        **os.environ,
        **limits(work.resources.threads),
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
    }


def follow(parent: int) -> None:
    """Let this process ignore Ctrl-C, which the driver handles, and end when its process `parent` has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
