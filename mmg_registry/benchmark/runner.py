"""Runs of a benchmark: planned, forecast, and executed each in a process of its own, by the workers of an engine.

A process for each run costs a moment. In return a plugin that crashes, leaks or changes global state harms its own run
only, results do not depend on earlier runs, and the peak of memory is that of the run alone. Workers leave rows in
files of their own (`mmg_registry.engines.shards`), and the driver copies each to the store as it comes.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mmg_registry import memory, provenance, registry
from mmg_registry.benchmark.lines import DOES_NOT_APPLY
from mmg_registry.benchmark.store import Key, Row, Store, key_of, label
from mmg_registry.benchmark.tasks import Task, draw, find
from mmg_registry.data import as_pair
from mmg_registry.engines.run import carry_out
from mmg_registry.engines.shards import FOLDER as SHARDS
from mmg_registry.engines.shards import row_of, rows
from mmg_registry.engines.work import Work
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
class Workplace:
    """Where runs are made.

    Attributes:
        folder: the folder where workers leave rows, which all of them see under this path.
        engine, config: see `mmg_registry.engines.engine.open_engine`.
    """

    folder: str | Path
    engine: str = "local"
    config: str | None = None


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
    runs: Sequence[PlannedRun],
    settings: Settings,
    jobs: int = 1,
    started: Callable[[PlannedRun], object] | None = None,
    *,
    where: Workplace | None = None,
) -> Generator[dict[str, Any], None, None]:
    """Execute `runs`, `jobs` at a time, and yield the row of each as it finishes; a failed one is a row with its error.

    Each run has a process of its own, a child of a worker of the engine. Closing the iterator (`contextlib.closing`)
    ends those that are still at work. The processes find tasks and plugins by their installed names, so they cannot use
    classes that are known to `register` alone.

    Args:
        runs: the runs in their order.
        settings: the settings shared by all runs.
        jobs: number of runs at a time.
        started: called with each run as it starts, or is handed to an engine that starts it when it can.
        where: the engine, and the folder where its workers leave rows; processes of this machine unless given.

    Raises:
        OptionError: for an engine that cannot be used, see `mmg_registry.engines.engine.open_engine`.
    """
    place = _place()
    with tempfile.TemporaryDirectory(prefix="mmg-benchmark-") as temporary:
        at = where or Workplace(temporary)
        works = _works(runs, settings, started or (lambda run: None))
        done = carry_out(works, at.folder, engine=at.engine, jobs=jobs, resume=True, config=at.config, ahead=1)
        with closing(done):
            for each in done:
                yield row_of_record(row_of(at.folder, each), place)


def _works(runs: Sequence[PlannedRun], settings: Settings, started: Callable[[PlannedRun], object]) -> Iterator[Work]:
    for run in runs:
        asked = {"run": asdict(run), "settings": asdict(settings)}
        resources = replace(registry.load_plugin(run.plugin).resources, threads=settings.threads)
        started(run)
        yield Work(
            key=json.dumps(asked, sort_keys=True), call=f"{__name__}:worked", arguments=asked, resources=resources,
            isolated=True,
        )  # fmt: skip


def worked(run: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run's row holds of it beside what was asked for; a worker calls this in a process of its own."""
    return {**work(PlannedRun(**run), Settings(**settings)), **_place()}


def row_of_record(record: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a run, from that which a worker has left of it.

    Args:
        record: a row of `mmg_registry.engines.shards`.
        place: machine, versions and revision, for a run whose process could not tell its own.
    """
    asked = json.loads(record["key"])
    task = find(asked["run"]["suite"], asked["run"]["task"])
    ended = datetime.fromisoformat(record["at"])
    began = (ended - timedelta(seconds=record["seconds"])).isoformat(timespec="seconds")
    found = record.get("result") or {
        "status": "failed",
        "error": {"output": record.get("output", ""), **record["error"]},
    }
    seconds = {**found.get("seconds", {}), "wall": round(record["seconds"], 3)}
    return {
        **asked["run"], **_about(task), **asked["settings"], "started": began, **place, **found, "seconds": seconds,
    }  # fmt: skip


def gather(store: Store) -> None:
    """Append to a store what workers left in its folder when their driver was stopped, and remove their files."""
    folder, place = store.path.parent, _place()
    known = {(key_of(row), row.get("started")) for row in store.rows}
    for record in rows(folder):
        row = row_of_record(record, place)
        if (key_of(row), row["started"]) not in known:
            store.append(row)
    shutil.rmtree(folder / SHARDS, ignore_errors=True)


def _place() -> dict[str, Any]:
    return {"machine": provenance.machine(), "versions": provenance.versions(), "revision": provenance.revision()}


def work(run: PlannedRun, settings: Settings) -> dict[str, Any]:
    """Make one estimate in this process, and return what the run's row holds of it.

    Raises:
        Exception: whatever the plugin raises, except that it does not take the task, which is no failure.

    Example:
        >>> work(PlannedRun("bmi", "1v1-normal-0.75", "ksg", seed=0), Settings(100, 100))["status"]
        'ok'
    """
    try:
        found = _estimated(find(run.suite, run.task), run, settings)
    except DoesNotApply as refusal:
        found = {"status": DOES_NOT_APPLY, "reason": str(refusal)}
    return {**found, "peak_mb": round(memory.peak() / 2**20, 1)}


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
