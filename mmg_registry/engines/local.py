"""The engine "local": processes of this machine, which stay for the next work."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from mmg_registry.engines.apart import LONGEST_OUTPUT, follow, limits
from mmg_registry.engines.engine import Place, WorkerLost
from mmg_registry.engines.work import Parcel
from mmg_registry.errors import demand


def open_local(place: Place) -> Executor:
    """Return an executor of `place.jobs` processes; it takes no address and no options.

    Raises:
        OptionError: for an address or an option.
    """
    demand(place.address is None and not place.options, "The engine 'local' takes no address and no options.")
    return Local(place.jobs)


class Local(Executor):
    """Worker processes, each held by one thread that waits for it, so that a death takes one work with it.

    (Of a pool that shares its queues, as in the standard library, a death breaks all.) A process is started when it is
    first needed, and again where a work asks for another number of threads, which libraries read at their start.

    Args:
        jobs: number of processes.
    """

    def __init__(self, jobs: int) -> None:
        self._threads = ThreadPoolExecutor(jobs, "mmg-local")
        self._idle: SimpleQueue[_Process | None] = SimpleQueue()
        self._all: set[_Process] = set()
        self._stopped = False
        for _ in range(jobs):
            self._idle.put(None)

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a process call a function, as soon as one is free."""
        return self._threads.submit(self._called, call, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes once they have done what was submitted, or at once with `cancel_futures`."""
        self._stopped = cancel_futures
        if cancel_futures:
            self._end_all()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        self._end_all()

    def _called(self, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        process = self._fit(self._idle.get(), _threads_of(args))
        try:
            return process.call(call, args, kwargs)
        except BrokenExecutor as error:
            self._end(process)
            raise WorkerLost(f"The worker's process died {process.last_words(error)}") from None
        finally:
            self._idle.put(process if process in self._all else None)

    def _fit(self, process: _Process | None, threads: int) -> _Process:
        if process is not None and process.threads == threads:
            return process
        if process is not None:
            self._end(process)
        if self._stopped:
            raise WorkerLost("The engine was stopped.")
        process = _Process(threads)
        self._all.add(process)
        return process

    def _end(self, process: _Process) -> None:
        self._all.discard(process)
        process.end()

    def _end_all(self) -> None:
        for process in list(self._all):
            self._end(process)


def _threads_of(args: tuple[Any, ...]) -> int:
    return args[0].work.resources.threads if args and isinstance(args[0], Parcel) else 1


class _Process:
    """One process, with a file that holds what it writes."""

    def __init__(self, threads: int) -> None:
        from joblib.externals.loky import ProcessPoolExecutor

        self.threads = threads
        handle, self._output = tempfile.mkstemp(prefix="mmg-worker-")
        os.close(handle)
        self._executor = ProcessPoolExecutor(
            1, env=limits(threads), initializer=_become_worker, initargs=(os.getpid(), self._output)
        )

    def call(self, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._executor.submit(call, *args, **kwargs).result()

    def last_words(self, error: BaseException) -> str:
        """Return how the process ended, and what it wrote last."""
        codes = str(error).partition("exit codes of the workers are ")[2].partition("\n")[0]
        try:
            words = Path(self._output).read_text(errors="replace")[-LONGEST_OUTPUT:].strip()
        except OSError:  # ended by `shutdown`, which has removed it
            words = ""
        return f"{codes or 'without a word'}." + (f" It wrote: {words}" if words else "")

    def end(self) -> None:
        """Kill the process, whatever it does."""
        self._executor.shutdown(wait=False, kill_workers=True)


def _become_worker(parent: int, output: str) -> None:
    """Let a worker write to a file, ignore Ctrl-C, and end with its parent."""
    follow(parent)
    handle = os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(handle, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    os.dup2(handle, sys.__stderr__.fileno() if sys.__stderr__ else 2)
