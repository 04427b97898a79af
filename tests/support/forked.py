"""Python in a process of its own, forked from a server that has imported what every run of the program imports.

Those imports (PyTorch, SciPy, pandas, the plugins) take 4 CPU seconds a process, a fork 0.1. What a test sees is a new
process all the same: no plugin is loaded, no option kept. Tests of the start itself (what is imported, closed streams,
Ctrl-C during imports) start Python instead.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from events import WATCHDOG

IMPORTED = ["torch", "scipy.stats", "pandas", "mmg_cli.program", "mmg_registry.data.reading", "mmg_plugins.mmg.auto"]
PATH = list(sys.path)  # as it is before a test puts fakes on it
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(IMPORTED)


def python(
    *args: str, folder: Path | None = None, environment: Mapping[str, str] | None = None, together: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGS` in `folder` as `subprocess.run` would; `args` are [-W ACTION] and then -m MODULE or -c CODE.

    The environment is that of the tests, and `environment` beside it, in which PYTHONPATH counts. Standard input is
    empty; `together` puts standard error into stdout.
    """
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept, "out"), Path(kept, "out" if together else "err")
        code = finished(started(*args, out=out, err=err, folder=folder, environment=environment))
        return subprocess.CompletedProcess(args, code, *(each.read_text("utf-8") for each in (out, err)))


def started(
    *args: str,
    out: Path,
    err: Path = Path(os.devnull),
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> ForkServerProcess:
    """Start what `python` runs, with its standard output and error appended to the files `out` and `err`."""
    words = {**os.environ, **(environment or {})}
    process = SERVER.Process(target=_work, args=(args, str(folder or Path.cwd()), words, (str(out), str(err)), PATH))
    process.start()
    return process


def finished(process: ForkServerProcess) -> int:
    """Return the exit code of a process that was started, once it ends: minus the signal that ended it, if one did."""
    process.join(WATCHDOG)
    process.kill()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _work(
    args: tuple[str, ...], folder: str, environment: dict[str, str], streams: tuple[str, str], path: list[str]
) -> None:
    """Become `python ARGS`: its folder, its environment, its streams, its path of modules."""
    os.chdir(folder)
    for descriptor, name in enumerate(streams, start=1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep)), *path]
    if args[0] == "-W":
        warnings.simplefilter(args[1])  # type: ignore[arg-type]
        args = args[2:]
    option, name, *rest = args
    sys.argv = [option, *rest]
    if option == "-m":
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        exec(compile(name, "<string>", "exec"), {"__name__": "__main__"})
