"""Many small works on an engine with three workers, two of which are killed on the way: rows, memory and overhead.

Each engine has a process of its own, whose peak of memory is that of the driver (under Dask with its scheduler, which
is in it). The overhead of a work is that of one worker: time between two rows, less the time in the work itself.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import PACKAGES, RESULTS, RSS_UNIT, document, write
from mmg_registry.engines.process import Process
from mmg_registry.engines.run import carry_out
from mmg_registry.engines.shards import row_of, rows
from mmg_registry.engines.work import Done, Work

ROWS, COLUMNS, SEED = 2_000, 20, 0
FEW = 500  # works that the overhead is measured on
KILLED_AT = (1 / 3, 2 / 3)  # shares of the works that are done when a worker is killed


def information(path: str, i: int, j: int) -> dict[str, float]:
    """Return the information of two normal columns of a file in nats, by their correlation."""
    import numpy as np

    columns = np.load(path, mmap_mode="r")[:, [i, j]]
    return {"mi": float(-0.5 * np.log1p(-(np.corrcoef(columns.T)[0, 1] ** 2)))}


def works(path: str, count: int) -> Iterator[Work]:
    """Yield `count` works on pairs of columns of a file."""
    for number in range(count):
        pair = {"i": number % COLUMNS, "j": (number // COLUMNS) % COLUMNS}
        if pair["i"] == pair["j"]:
            pair["j"] = (pair["j"] + 1) % COLUMNS
        yield Work(key=str(number), call="benchmarks.engines:information", arguments={"path": path, **pair})


def measure(engine: str, count: int, jobs: int) -> dict[str, Any]:
    """Return what became of `count` works, of which two lost their worker, and what it cost."""
    with tempfile.TemporaryDirectory() as folder:
        path = _file(folder)
        overhead = _overhead(engine, path, Path(folder, "few"))
        begin = time.perf_counter()
        killed = _with_kills(carry_out(works(path, count), Path(folder, "many"), engine=engine, jobs=jobs), count)
        seconds = time.perf_counter() - begin
        found = list(rows(Path(folder, "many")))
        lines = sum(path.read_text().count('"schema"') for path in Path(folder, "many").rglob("*.jsonl"))
    return {
        "engine": engine, "works": count, "workers": jobs, "killed": killed, "rows": len(found),
        "keys": len({row["key"] for row in found}), "statuses": dict(Counter(row["status"] for row in found)),
        "lines_written_again": lines - len(found), "seconds": round(seconds, 1),
        "milliseconds_per_work": round(1000 * seconds / count, 2), **overhead,
        "driver_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / 1e6, 1),
    }  # fmt: skip


def _file(folder: str) -> str:
    import numpy as np

    path = str(Path(folder, "columns.npy"))
    np.save(path, np.random.default_rng(SEED).normal(size=(ROWS, COLUMNS)))
    return path


def _with_kills(results: Iterator[Done], count: int) -> int:
    """Wait for all results; kill the worker that has just finished one at each share of `KILLED_AT`."""
    when = {int(share * count) for share in KILLED_AT}
    killed = 0
    for number, done in enumerate(results, start=1):
        if number in when:
            os.kill(int(done.shard.split("-")[-2]), signal.SIGKILL)  # HOST-PID-RANDOM.jsonl
            killed += 1
    return killed


def _overhead(engine: str, path: str, folder: Path) -> dict[str, float]:
    """Return the milliseconds between two results of one worker, less those of the work, and those of one fsync."""
    times, inside = [time.perf_counter()], []
    for done in carry_out(works(path, FEW), folder, engine=engine, jobs=1):
        times.append(time.perf_counter())
        inside.append(row_of(folder, done)["seconds"])
    whole = (times[-1] - times[1]) / (FEW - 1)
    return {
        "overhead_ms": round(1000 * (whole - statistics.fmean(inside[1:])), 2),
        "work_ms": round(1000 * statistics.fmean(inside[1:]), 2),
        "fsync_ms": round(1000 * _fsync(folder), 2),
        "load": round(os.getloadavg()[0], 1),  # runnable processes: a work waits for its turn on a busy machine
    }


def _fsync(folder: Path) -> float:
    """Return the seconds that appending a line and syncing it takes on this disk, alone."""
    handle = os.open(folder / "line", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    begin = time.perf_counter()
    for _ in range(FEW):
        os.write(handle, b"x" * 300)
        os.fsync(handle)
    os.close(handle)
    return (time.perf_counter() - begin) / FEW


def main() -> None:
    """Measure each engine in a process of its own, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default="local,dask")
    parser.add_argument("--works", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS / "engines.json")
    asked = parser.parse_args()
    measured = importlib.import_module("benchmarks.engines").measure  # in the process, this module is not __main__
    results = []
    for engine in asked.engines.split(","):
        process = Process(threads=1)
        results.append(process.call(measured, engine, asked.works, asked.workers))
        print(results[-1], flush=True)
        process.end()
    packages = (*PACKAGES, "distributed")
    write(asked.output, document(results, seeds=[SEED], packages=packages, works=asked.works, workers=asked.workers))


if __name__ == "__main__":
    main()
