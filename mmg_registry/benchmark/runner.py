"""Runs of a benchmark: planned, forecast, and executed each in a process of its own.

A process for each run costs a moment. In return a plugin that crashes, leaks or changes global state harms its own run
only, results do not depend on earlier runs, and the peak of memory is that of the run alone.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mmg_registry import provenance, registry
from mmg_registry.benchmark.lines import DOES_NOT_APPLY
from mmg_registry.benchmark.store import Key, Row, key_of, label
from mmg_registry.benchmark.tasks import Task, draw, find
from mmg_registry.data import as_pair
from mmg_registry.errors import DoesNotApply
from mmg_registry.estimation.run import run as estimate
from mmg_registry.limits import checked, keep
from mmg_registry.request import Request
from mmg_registry.results import Estimate


@dataclass(frozen=True)
class Settings:
    """The settings that all runs of a folder share.

    Attributes:
        n_train, n_eval: number of rows to train and to evaluate on.
        threads: threads of each run.
        max_seconds: soft limit on the time of fitting, in seconds, or None.

    Raises:
        OptionError: for a value out of range, see `mmg_registry.limits`.
    """

    n_train: int = 100_000
    n_eval: int = 10_000
    threads: int = 1
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        keep(self, "n_train", "n_eval", "threads", optional=("max_seconds",))


@dataclass(frozen=True)
class PlannedRun:
    """One estimate to make: a task, a plugin with its options, and a seed of data and training."""

    suite: str
    task: str
    plugin: str
    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)

    def key(self, settings: Settings) -> Key:
        """Return the key that identifies its row."""
        return key_of({**asdict(self), "n_train": settings.n_train, "n_eval": settings.n_eval})


def plan(tasks: Sequence[Task], plugins: Mapping[str, Mapping[str, Any]], seeds: int) -> list[PlannedRun]:
    """Return all runs: every task and plugin with the first seed, then with the next.

    Args:
        tasks: the tasks to estimate.
        plugins: options by the names of the plugins.
        seeds: number of seeds, from 0.

    Example:
        >>> from mmg_registry.samplers import gaussian
        >>> [run.seed for run in plan([Task("s", "f", gaussian(1, 0.5))], {"mmg": {}}, seeds=2)]
        [0, 1]
    """
    return [
        PlannedRun(task.suite, task.name, plugin, seed, dict(options))
        for seed in range(checked("seeds", seeds))
        for task in tasks
        for plugin, options in plugins.items()
    ]


class Forecast:
    """A forecast of the wall time of runs, in seconds, from the rows of earlier ones; `learn` adds a row.

    Example:
        >>> row = {"plugin": "p", "options": {}, "suite": "s", "task": "t", "status": "ok", "seconds": {"wall": 4.0}}
        >>> Forecast([row]).seconds(PlannedRun("s", "t", "p", seed=1))
        4.0
    """

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self._seen: dict[tuple[Any, ...], list[float]] = {}
        for row in rows:
            self.learn(row)

    def learn(self, row: Row) -> None:
        """Add one finished run; ignore one without an estimate, since it says nothing of the time of others."""
        if row["status"] == "ok":
            plugin = label(row["plugin"], row["options"])
            for key in ((plugin,), (plugin, row["suite"], row["task"])):
                self._seen.setdefault(key, []).append(row["seconds"]["wall"])

    def seconds(self, run: PlannedRun) -> float | None:
        """Return the median seconds of the same task and plugin, else of the same plugin, else None."""
        plugin = label(run.plugin, run.options)
        seen = self._seen.get((plugin, run.suite, run.task)) or self._seen.get((plugin,))
        return statistics.median(seen) if seen else None

    def total(self, runs: Sequence[PlannedRun], jobs: int = 1) -> float | None:
        """Return the seconds for all of `runs` with `jobs` at a time; None when nothing is known of one of them."""
        times = [self.seconds(run) for run in runs]
        known = [each for each in times if each is not None]
        return None if len(known) < len(times) else max(sum(known) / jobs, max(known, default=0.0))


def execute(
    runs: Sequence[PlannedRun], settings: Settings, jobs: int = 1, started: Callable[[PlannedRun], None] | None = None
) -> Generator[dict[str, Any], None, None]:
    """Execute `runs`, `jobs` at a time, and yield the row of each as it finishes; a failed one is a row with its error.

    Closing the iterator (`contextlib.closing`) ends the processes that are still at work. The processes find tasks and
    plugins by their installed names, so they cannot use classes that are known to `register` alone. A script that calls
    this function needs `if __name__ == "__main__":`.

    Args:
        runs: the runs in their order.
        settings: the settings shared by all runs.
        jobs: number of processes at a time.
        started: called with each run as it starts.
    """
    place = {"machine": provenance.machine(), "versions": provenance.versions(), "revision": provenance.revision()}
    waiting, working = list(reversed(runs)), dict[Future[Any], _Process]()
    most = checked("jobs", jobs)
    try:
        while waiting or working:
            while waiting and len(working) < most:
                process = _Process(waiting.pop(), settings)
                working[process.future] = process
                if started:
                    started(process.run)
            for future in wait(working, return_when=FIRST_COMPLETED).done:
                yield {**working.pop(future).finish(), **place}
    finally:
        for process in working.values():
            process.end()


class _Process:
    """A run at work in a process of its own."""

    def __init__(self, run: PlannedRun, settings: Settings) -> None:
        from joblib.externals.loky import ProcessPoolExecutor

        self.run, self.settings, self.about = run, settings, _about(find(run.suite, run.task))
        self.begin, self.clock = datetime.now(timezone.utc), time.perf_counter()
        handle, self.output = tempfile.mkstemp(prefix="mmg-benchmark-")
        os.close(handle)
        limits = {
            name: str(settings.threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        }
        self.executor = ProcessPoolExecutor(
            1, env=limits, initializer=_become_worker, initargs=(os.getpid(), self.output)
        )
        self.future: Future[Any] = self.executor.submit(work, run, settings)

    def finish(self) -> dict[str, Any]:
        """Return the row of the run once its process has ended."""
        error = self.future.exception()
        found = failure(error) if error else self.future.result()
        if found["status"] == "failed":
            found["error"]["output"] = Path(self.output).read_text(errors="replace")[-2000:]
        seconds = {**found.pop("seconds", {}), "wall": round(time.perf_counter() - self.clock, 3)}
        self.end()
        asked = {**asdict(self.run), **self.about, **asdict(self.settings)}
        return {**asked, "started": self.begin.isoformat(timespec="seconds"), **found, "seconds": seconds}

    def end(self) -> None:
        """Kill the process, whatever it does."""
        self.executor.shutdown(wait=False, kill_workers=True)
        Path(self.output).unlink(missing_ok=True)


def _become_worker(parent: int, output: str) -> None:
    """Silence a worker, let it ignore Ctrl-C (which the parent handles), and end it when its parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    handle = os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(handle, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    os.dup2(handle, sys.__stderr__.fileno() if sys.__stderr__ else 2)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def work(run: PlannedRun, settings: Settings) -> dict[str, Any]:
    """Make one estimate in this process, and return what the run's row holds of it.

    Example:
        >>> work(PlannedRun("bmi", "1v1-normal-0.75", "no-such-plugin", seed=0), Settings(100, 100))["error"]["type"]
        'PluginError'
    """
    try:
        found = _estimated(find(run.suite, run.task), run, settings)
    except DoesNotApply as refusal:
        found = {"status": DOES_NOT_APPLY, "reason": str(refusal)}
    except (Exception, SystemExit) as error:
        found = failure(error)
    return {**found, "peak_mb": _peak_mb()}


def _estimated(task: Task, run: PlannedRun, settings: Settings) -> dict[str, Any]:
    registry.load_plugin(run.plugin)  # so that its import does not count as the time of the estimate
    start = time.perf_counter()
    rows = draw(task, settings.n_train, settings.n_eval, run.seed)
    drawn = time.perf_counter() - start
    request = Request(
        plugin=run.plugin,
        seed=rows.training_seed,
        threads=settings.threads,
        max_seconds=settings.max_seconds,
        kinds=task.sampler.kinds,
        options=run.options,
    )
    found = estimate(as_pair(*rows.train), request, as_pair(*rows.evaluation)).estimate
    return {"status": "ok", "estimate": document_of(found), "seconds": {"draw": round(drawn, 3), **seconds_of(found)}}


def _about(task: Task) -> dict[str, Any]:
    sampler = task.sampler
    return {"family": task.family, "true_mi": task.true_mi, "dim_x": sampler.dim_x, "dim_y": sampler.dim_y}


def seconds_of(found: Estimate) -> dict[str, float]:
    """Return the seconds that the fit, the estimate and both together took."""
    return {name: round(value, 3) for name, value in found.provenance["seconds"].items()}


def document_of(found: Estimate) -> dict[str, Any]:
    """Return the estimate for JSON, with its curve to six digits, more than a picture or a check needs."""
    document = found.to_dict()
    if document["curve"]:
        document["curve"] = {name: _rounded(values) for name, values in document["curve"].items()}
    return document


def _rounded(values: list[Any] | None) -> list[Any] | None:
    return values and [float(f"{each:.6g}") if isinstance(each, float) else each for each in values]


def failure(error: BaseException) -> dict[str, Any]:
    """Return what a row holds of a run that failed."""
    lines = "".join(traceback.format_exception(error))
    where = re.sub(r'File ".*?([^/"]+/[^/"]+)"', r'File "\1"', lines)  # results are shared; folders are not
    return {
        "status": "failed",
        "error": {"type": type(error).__name__, "message": _message(error), "traceback": where[-4000:]},
    }


def _message(error: BaseException) -> str:
    if type(error).__name__ == "TerminatedWorkerError":
        codes = str(error).partition("exit codes of the workers are ")[2].partition("\n")[0]
        return f"The process of the run died {codes or 'without a word'}: it crashed, or ran out of memory."
    return " ".join(str(error).split()) or type(error).__name__


def _peak_mb() -> float:
    """Return the peak resident memory of this process in MB; the system counts kilobytes on Linux, bytes on macOS."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
