"""The engine "local": processes of this machine, which stay for the next work."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from mmg_registry.engines.engine import Place
from mmg_registry.engines.process import Process, ProcessDied
from mmg_registry.engines.work import Parcel
from mmg_registry.errors import demand

PAUSE = 0.01  # seconds between looks at processes that are ending


def open_local(place: Place) -> Executor:
    """Return an executor of `place.jobs` processes; it takes no address and no options.

    Raises:
        OptionError: for an address or an option.
    """
    demand(place.address is None and not place.options, "The engine 'local' takes no address and no options.")
    return Local(place.jobs)


class Local(Executor):
    """Worker processes, each used by one thread at a time that waits for it, so that a death takes one work with it.

    (Of a pool that shares its queues, as in the standard library, a death breaks all.) A process is started when it is
    first needed, and again where a work asks for another number of threads, which libraries read at their start.

    Args:
        jobs: number of processes.
    """

    def __init__(self, jobs: int) -> None:
        self._threads = ThreadPoolExecutor(jobs, "mmg-local")
        self._idle: SimpleQueue[Process | None] = SimpleQueue()
        self._busy: set[Process] = set()
        self._jobs = jobs
        for _ in range(jobs):
            self._idle.put(None)

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a process call a function of the arguments `args`, as soon as one is free."""
        demand(not kwargs, "The engine 'local' calls functions of positional arguments.")
        return self._threads.submit(self._called, call, args)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes once they have done what was submitted, or at once with `cancel_futures`."""
        self._threads.shutdown(wait=wait and not cancel_futures, cancel_futures=cancel_futures)
        while cancel_futures and self._idle.qsize() < self._jobs:
            for process in list(self._busy):
                process.kill()
            time.sleep(PAUSE)  # for their threads to notice
        self._threads.shutdown(wait=wait or cancel_futures)
        for _ in range(self._jobs):
            _end(self._idle.get())
            self._idle.put(None)

    def _called(self, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        process = _fitting(self._idle.get(), _threads_of(args))
        self._busy.add(process)
        try:
            found = process.call(call, *args)
        except ProcessDied as death:
            written = process.output().strip()
            raise ProcessDied(f"{death} It wrote: {written}" if written else str(death)) from None
        finally:
            self._busy.discard(process)
            self._idle.put(process)
        return found


def _fitting(process: Process | None, threads: int) -> Process:
    """Return an idle process if it is alive and has so many threads, else a new one in its place."""
    if process is not None and process.threads == threads and process.alive():
        return process
    _end(process)
    return Process(threads)


def _end(process: Process | None) -> None:
    if process is not None:
        process.end()


def _threads_of(args: tuple[Any, ...]) -> int:
    return args[0].work.resources.threads if args and isinstance(args[0], Parcel) else 1
