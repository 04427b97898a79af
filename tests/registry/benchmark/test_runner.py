"""Runs in processes of their own: what a row holds, what a crash costs, what is left when somebody stops."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from benchmark_rows import failed_row, inapplicable_row, run_row
from events import wait_for
from listing import seen
from places import SUPPORT

from mmg_registry import hooks
from mmg_registry.benchmark import runner
from mmg_registry.benchmark.runner import (
    Forecast,
    PlannedRun,
    Settings,
    execute,
    gather,
    plan,
    row_of_record,
    work,
)  # fmt: skip
from mmg_registry.benchmark.store import Store, key_of, read_rows
from mmg_registry.benchmark.tasks import draw, find, select
from mmg_registry.engines.shards import Shard, rows
from mmg_registry.engines.work import Resources, Work
from mmg_registry.errors import OptionError, PluginError
from mmg_registry.registry import load_plugin

SITE = SUPPORT / "bench_site"
SMALL = Settings(n_train=400, n_eval=100)


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(SITE))
    hooks.reset()
    yield
    hooks.reset()


def a_run(plugin: str = "bench-right", task: str = "gaussian-1-0.25", seed: int = 0, **options: Any) -> PlannedRun:
    return PlannedRun("tiny", task, plugin, seed, options)


def rows_of(*runs: PlannedRun, jobs: int = 1) -> list[dict[str, Any]]:
    return list(execute(runs, SMALL, jobs))


def test_every_task_and_plugin_comes_once_before_the_next_seed() -> None:
    runs = plan(select(["tiny"], ["gaussian-*"]), {"a": {}, "b": {"steps": 1}}, seeds=2)
    assert [(run.seed, run.task, run.plugin) for run in runs[:5]] == [
        (0, "gaussian-1-0.25", "a"),
        (0, "gaussian-1-0.25", "b"),
        (0, "gaussian-2-0.5", "a"),
        (0, "gaussian-2-0.5", "b"),
        (1, "gaussian-1-0.25", "a"),
    ]
    assert len(runs) == len({run.key(SMALL) for run in runs}) == 8
    assert runs[1].options == {"steps": 1}


def test_kinds_that_a_task_tells_reach_the_estimate() -> None:
    (row,) = rows_of(PlannedRun("discrete", "named-groups-6", "bench-right", seed=0))
    columns = row["estimate"]["columns"]
    assert [columns[side]["columns"][0]["kind"] for side in ("x", "y")] == ["continuous", "category"]
    assert columns["y"]["columns"][0]["reason"] == "as told"


def test_a_row_holds_everything_that_is_needed_to_judge_and_to_repeat_the_run() -> None:
    run = a_run(shift=0.1)
    (row,) = rows_of(run)
    assert key_of(row) == run.key(SMALL)
    assert (row["status"], row["true_mi"], row["family"], row["dim_x"]) == ("ok", 0.25, "paired", 1)
    assert row["estimate"]["seed"] == draw(find("tiny", run.task), 1, 1, 0).training_seed
    assert abs(row["estimate"]["mi"] - 0.35) < 0.15
    assert row["estimate"]["backend"]["threads"] == 1
    assert set(row["seconds"]) == {"draw", "total", "fit", "estimate", "wall"}
    assert row["peak_mb"] > 10
    assert set(row["machine"]) == {"cpu", "cores", "memory_gb", "system"}
    assert row["versions"]["numpy"]
    assert set(row["revision"]) == {"commit", "dirty"}
    json.dumps(row, allow_nan=False)


def test_a_task_that_the_plugin_does_not_take_is_no_failure() -> None:
    found = work(a_run("bench-narrow", task="gaussian-2-0.5"), SMALL)
    assert found["status"] == "does not apply"
    assert found["reason"].startswith("The plugin 'bench-narrow' takes at most 1 column of x, and there are 2; ")
    assert "error" not in found


def test_every_way_of_failing_is_a_row_and_the_others_go_on() -> None:
    names = ["bench-raise", "bench-die", "bench-quit", "bench-right"]
    rows = {row["plugin"]: row for row in rows_of(*map(a_run, names), jobs=2)}
    assert {name: row["status"] for name, row in rows.items()} == {
        **dict.fromkeys(names[:3], "failed"),
        "bench-right": "ok",
    }
    assert "singular <matrix> & worse" in rows["bench-raise"]["error"]["message"]
    assert "exit" in rows["bench-die"]["error"]["message"].lower()
    assert rows["bench-die"]["error"]["output"] == "last words\n"
    assert rows["bench-quit"]["error"] | {"traceback": ""} == {
        "type": "SystemExit", "message": "I quit", "traceback": "", "output": "",
    }  # fmt: skip
    assert all(row["true_mi"] == 0.25 and row["seconds"]["wall"] > 0 for row in rows.values())


def test_the_traceback_of_a_row_names_no_folder_of_the_machine() -> None:
    text = rows_of(a_run("bench-raise"))[0]["error"]["traceback"]
    assert 'File "bench_site/fake_bench.py"' in text
    assert str(SITE.parent) not in text


def test_an_unknown_task_or_plugin_raises() -> None:
    with pytest.raises(PluginError):
        work(a_run("no-such-plugin"), SMALL)
    with pytest.raises(OptionError):
        work(a_run(task="no-such-task"), SMALL)


def test_a_result_does_not_depend_on_what_ran_before_or_beside() -> None:
    alone = rows_of(a_run())[0]["estimate"]["mi"]
    both = rows_of(a_run("bench-nap"), a_run(), jobs=2)
    assert [row["estimate"]["mi"] for row in both] == [alone, alone]


def test_rows_of_two_jobs_come_as_they_finish(tmp_path: Path) -> None:
    begun: list[PlannedRun] = []
    slow, quick = a_run("bench-nap", until=str(tmp_path / "quick has finished")), a_run()
    rows = execute([slow, quick], SMALL, 2, begun.append)
    assert next(rows)["plugin"] == "bench-right"
    (tmp_path / "quick has finished").touch()
    assert [row["plugin"] for row in rows] == ["bench-nap"]
    assert begun == [slow, quick]


def test_stopping_early_ends_the_processes_at_work(tmp_path: Path) -> None:
    endless = a_run("bench-nap", until=str(tmp_path / "never"))
    with closing(execute([a_run(), endless], SMALL, jobs=2)) as rows:
        assert next(rows)["plugin"] == "bench-right"
        assert workers()
    wait_for(lambda: workers() == [])


def workers() -> list[int]:
    """Processes that work for this one and are still alive: workers, and runs below them."""
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc to see the processes")
    direct = children(os.getpid())
    below = [*direct, *(pid for child in direct for pid in children(child))]
    return [pid for pid in below if "mmg_registry.engines" in of(pid, "cmdline") and ") Z" not in of(pid, "stat")]


def children(pid: int) -> list[int]:
    return [int(each) for path in Path(f"/proc/{pid}/task").glob("*/children") for each in path.read_text().split()]


def of(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


# ------------------------------------------------------------------------------------------ forecasts
def test_a_forecast_takes_the_same_task_then_the_same_plugin_then_nothing() -> None:
    seen = [run_row(task="a", seconds=3.0), run_row(task="a", seconds=5.0, seed=1), run_row(task="b", seconds=19.0)]
    forecast = Forecast(seen)
    assert forecast.seconds(PlannedRun("s", "a", "p", 2)) == 5.0  # wall times are 4, 6 and 20
    assert forecast.seconds(PlannedRun("s", "c", "p", 2)) == 6.0
    assert forecast.seconds(PlannedRun("s", "a", "p", 2, {"steps": 1})) is None
    assert forecast.seconds(PlannedRun("s", "a", "q", 2)) is None


def test_a_failed_run_says_nothing_of_the_time_of_others() -> None:
    for row in (failed_row(), inapplicable_row()):
        assert Forecast([row]).seconds(PlannedRun("s", "t", "p", 1)) is None


def test_the_total_is_shared_among_the_jobs_and_unknown_if_a_part_is() -> None:
    forecast = Forecast([run_row(seconds=9.0)])
    runs = [PlannedRun("s", "t", "p", seed) for seed in range(4)]
    assert forecast.total(runs) == 40.0
    assert forecast.total(runs, jobs=2) == 20.0
    assert forecast.total(runs[:1], jobs=2) == 10.0  # one run is not halved by a second process
    assert forecast.total([*runs, PlannedRun("s", "t", "q", 0)]) is None
    assert forecast.total([]) == 0.0


# ------------------------------------------------------------------------------------------ engines
def closing_of(nothing: None) -> Iterator[None]:
    """Yield nothing, as a run without works does."""
    yield from ()


def test_a_run_asks_for_what_its_plugin_declares_and_for_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Work] = []
    monkeypatch.setattr(runner, "carry_out", lambda works, *_, **__: closing_of(asked.extend(works)))
    monkeypatch.setattr(load_plugin("bench-right"), "resources", Resources(memory="2GB", minutes=5), raising=False)
    assert list(execute([a_run()], Settings(100, 100, threads=3))) == []
    assert asked[0].resources == Resources(threads=3, memory="2GB", minutes=5)
    assert asked[0].isolated


def test_rows_that_a_killed_driver_left_with_its_workers_are_gathered_once(tmp_path: Path) -> None:
    runs = [a_run(seed=seed) for seed in range(2)]
    shard = Shard(tmp_path)
    found = {"estimate": None, "seconds": {}, "status": "does not apply", "reason": "narrow"}
    for run in runs:
        key = json.dumps({"run": asdict(run), "settings": asdict(SMALL)}, sort_keys=True)
        shard.end(key, "run", {"status": "ok", "seconds": 2.0, "result": found})
    with Store(tmp_path) as store:
        store.append(row_of_record(next(rows(tmp_path)), {"machine": {}, "versions": {}, "revision": {}}))
        gather(store)
        assert sorted(row["seed"] for row in store.rows) == [0, 1]
        assert store.rows[0]["seconds"] == {"wall": 2.0}
    assert seen(tmp_path) == ["runs.jsonl"]
    assert len(read_rows(tmp_path)) == 2


def test_a_work_that_was_given_up_is_a_failed_run() -> None:
    key = json.dumps({"run": asdict(a_run()), "settings": asdict(SMALL)})
    error = {"type": "KilledWorker", "message": "The work was given up", "traceback": ""}
    record = {"key": key, "status": "lost", "seconds": 0.0, "at": "2026-01-01T00:00:00+00:00", "error": error}
    row = row_of_record(record, {"machine": {}, "versions": {}, "revision": {}})
    assert (row["status"], row["error"]["message"], row["error"]["output"]) == ("failed", "The work was given up", "")
    assert (row["started"], row["true_mi"]) == ("2026-01-01T00:00:00+00:00", 0.25)
