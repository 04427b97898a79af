"""Runs of packages and of ours: their plan, their processes, and the row of each."""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import common
from benchmarks.peers.environments import WORKERS, Peer, Unavailable, alone, ensure
from mmg_registry.benchmark.tasks import Task
from mmg_registry.provenance import machine, revision

OURS = "mmg"
OUR_WORKER = "on_mmg.py"
REST = 600.0  # CPU seconds beyond the cap, for import and an estimate over all pairs, before a kill
PATIENCE = 20  # wall seconds allowed for each CPU second: a shared machine gives a process part of a core
FOUND = ("cpu_seconds", "std_error", "warnings", "versions")

SAVE_ROWS = """
import sys, numpy as np
from mmg_registry.benchmark.tasks import draw, find
path, suite, name, *numbers = sys.argv[1:]
(x, y), (x_eval, y_eval), seed = draw(find(suite, name), *map(int, numbers))
np.savez(path, x=x, y=y, x_eval=x_eval, y_eval=y_eval)
print(seed)
"""


class PeerSettings(NamedTuple):
    """The settings of all runs: most CPU seconds of training, the seed, and most rows."""

    cap: float
    seed: int = 0
    n_train: int = 100_000
    n_eval: int = 10_000


@dataclass(frozen=True)
class PeerRun:
    """One method of one package, or of ours, on the rows of one task.

    Attributes:
        plugin: our plugin of the method, which the package calls `method`.
    """

    task: Task
    package: str
    method: str
    plugin: str
    n_train: int
    n_eval: int

    def about(self, settings: PeerSettings) -> dict[str, Any]:
        """Return the entries of its row that identify it and say what it was asked to do."""
        return {
            "suite": self.task.suite,
            "task": self.task.name,
            "true_mi": self.task.true_mi,
            "plugin": self.plugin,
            "options": {"package": self.package, "cap": settings.cap},
            "method": self.method,
            "seed": settings.seed,
            "n_train": self.n_train,
            "n_eval": self.n_eval,
        }


def plan_peers(tasks: Sequence[Task], peers: Mapping[str, Peer], settings: PeerSettings) -> list[PeerRun]:
    """Return runs of every method of every package on every task, each after ours on the same rows, which runs once."""
    runs: dict[PeerRun, None] = {}
    for task in tasks:
        for name, peer in peers.items():
            sizes = min(peer.n_train, settings.n_train), min(peer.n_eval, settings.n_eval)
            for plugin, method in peer.methods.items():
                runs[PeerRun(task, OURS, plugin, plugin, *sizes)] = None
                runs[PeerRun(task, name, method, plugin, *sizes)] = None
    return list(runs)


class Runner:
    """The executor of runs; it makes environments and rows when first needed, and tries no failed environment again."""

    def __init__(self, settings: PeerSettings, peers: Mapping[str, Peer], scratch: Path) -> None:
        self.settings, self.peers, self.scratch = settings, peers, scratch
        self._pythons: dict[str, Path | Unavailable] = {OURS: Path(sys.executable)}
        self._rows: tuple[tuple[Any, ...], int] | None = None

    def rows_of(self, runs: Sequence[PeerRun]) -> Iterator[dict[str, Any]]:
        """Execute the runs, and yield the row of each as it finishes."""
        place = {"machine": machine(), "revision": revision()}
        for run in runs:
            yield {**run.about(self.settings), **self._executed(run), **place}

    def _executed(self, run: PeerRun) -> dict[str, Any]:
        python = self._python(run.package)
        if isinstance(python, Unavailable):
            return {"status": "unavailable", "error": str(python)}
        worker = OUR_WORKER if run.package == OURS else self.peers[run.package].worker
        seed = self._saved(run)
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            output = Path(folder) / "output.jsonl"
            words = [python, WORKERS / worker, self.scratch / "rows.npz", run.method, self.settings.cap, seed, output]
            return outcome(
                run_worker([str(word) for word in words], self.settings.cap, Path(folder)), output, self.settings
            )

    def _python(self, name: str) -> Path | Unavailable:
        if name not in self._pythons:
            try:
                self._pythons[name] = ensure(name, self.peers[name])
            except Unavailable as error:
                self._pythons[name] = error
        return self._pythons[name]

    def _saved(self, run: PeerRun) -> int:
        """Write the run's rows, unless the last run had the same ones, and return the seed for its training.

        A child draws them, since on Linux the account of a worker's memory begins at the size of this process.
        """
        task = (run.task.suite, run.task.name, run.n_train, run.n_eval)
        if self._rows is None or self._rows[0] != task:
            words = [str(word) for word in (self.scratch / "rows.npz", *task, self.settings.seed)]
            drawn = common.run_child([sys.executable, "-c", SAVE_ROWS, *words])
            if drawn["code"] != 0:
                raise RuntimeError(f"The rows of {run.task.name} cannot be drawn: {common.last_line(drawn['errors'])}")
            self._rows = task, int(drawn["output"])
        return self._rows[1]


def run_worker(words: Sequence[str], cap: float, folder: Path) -> dict[str, Any]:
    """Run a worker within its limits, in a temporary folder."""
    limit = cap + REST
    return common.run_child(words, cpu_limit=limit, wall_limit=PATIENCE * limit, cwd=folder, env=alone(folder))


def outcome(child: Mapping[str, Any], output: Path, settings: PeerSettings) -> dict[str, Any]:
    """Return what the row holds of a worker that has ended: an estimate, or the reason why there is none."""
    whole = {"peak_mb": round(child["peak_bytes"] / 1e6, 1), "process_cpu_seconds": round(child["cpu_seconds"], 3)}
    if child["code"] == 0:
        return {**_answer(output), **whole}
    if child["cpu_seconds"] >= settings.cap + REST - 1 or child["seconds"] >= PATIENCE * (settings.cap + REST):
        spent = f"no answer after {child['cpu_seconds']:.0f} CPU seconds, {child['seconds']:.0f} of waiting"
        return {"status": "killed", "error": spent, **whole}
    said = common.last_line(child["errors"]) or "it said nothing"
    return {"status": "failed", "error": f"ended with code {child['code']}: {said}", **whole}


def _answer(output: Path) -> dict[str, Any]:
    try:
        last = json.loads(output.read_text().splitlines()[-1])
        estimate = float(last["estimate"])
    except (OSError, IndexError, ValueError, KeyError, TypeError) as error:
        return {"status": "failed", "error": f"gave no answer that can be read: {type(error).__name__}: {error}"[:500]}
    kept = {name: last[name] for name in FOUND if name in last}
    if not math.isfinite(estimate):
        when = " where training was cut" if last.get("cut") else ""
        return {"status": "failed", "error": f"its estimate is {estimate}{when}", **kept}
    return {"status": "cut" if last.get("cut") else "ok", "estimate": estimate, **kept}
