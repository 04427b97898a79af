"""Packages beside ours, with a package that is made up: what a row holds of every way to end, resuming, the report."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers import __main__ as command
from benchmarks.peers import environments, reporting, running
from benchmarks.peers.environments import PEERS, WORKERS, Peer, Unavailable, ensure
from benchmarks.peers.running import OURS, PeerSettings, Runner, plan_peers
from mmg_registry import registry
from mmg_registry.benchmark.tasks import find

WORKER = f"""
import os, sys, time
sys.path.insert(0, {str(WORKERS)!r})
import frame

def fine(rows, budget, seed):
    print("a progress bar")
    return rows.standardised().x_eval.mean() + len(rows.x)

def measured(rows, budget, seed):
    while budget.used < 0.02:
        pass
    return fine(rows, budget, seed)

def slow(rows, budget, seed):
    with budget.ends():
        while True:
            try:
                sum(range(1000))
            except Exception:
                pass
    return 1.5

def deaf(rows, budget, seed):
    while True:
        pass

def crash(rows, budget, seed):
    raise ValueError("one line of text")

def silent(rows, budget, seed):
    os._exit(0)

def nonsense(rows, budget, seed):
    budget.output.write_text("estimate: 3\\n")
    os._exit(0)

def numberless(rows, budget, seed):
    return {{"estimate": "much"}}

made = {{"cca": measured, "asleep": lambda *_: time.sleep(60), "nan": lambda *_: float("nan")}}
frame.main({{**globals(), **made}}, "numpy")
"""
TASK = find("bmi", "1v1-normal-0.75")
SETTINGS = PeerSettings(cap=0.3, n_train=60, n_eval=40)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The rows of all runs here and the seed of their training, which take a process of 3 CPU seconds to draw."""
    runner = Runner(SETTINGS, {}, tmp_path_factory.mktemp("drawn"))
    seed = runner._saved(running.PeerRun(TASK, "fake", "fine", "cca", 60, 40))
    return runner.scratch / "rows.npz", seed


@pytest.fixture
def package(drawn: tuple[Path, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """A package whose environment is this one and whose rows are `drawn`; its methods are those of WORKER."""

    def saved(runner: Runner, run: running.PeerRun) -> int:
        shutil.copy(drawn[0], runner.scratch)
        return drawn[1]

    (worker := tmp_path / "worker.py").write_text(WORKER)
    monkeypatch.setattr(running, "ensure", lambda *_: Path(sys.executable))
    monkeypatch.setattr(Runner, "_saved", saved)
    return Peer((), str(worker), {"cca": "fine"})


def row_of(package: Peer, method: str, scratch: Path) -> dict[str, Any]:
    run = running.PeerRun(TASK, "fake", method, "cca", 60, 40)
    return next(Runner(SETTINGS, {"fake": package}, scratch).rows_of([run]))


# --- How a run can end --------------------------------------------------------------------------------------------
def test_a_run_that_answers(package: Peer, tmp_path: Path) -> None:
    row = row_of(package, "fine", tmp_path)
    assert row["status"] == "ok"
    assert row["estimate"] == pytest.approx(60, abs=1)
    assert (row["task"], row["plugin"], row["options"]["package"]) == (TASK.name, "cca", "fake")
    assert 0 <= row["cpu_seconds"] < row["process_cpu_seconds"]
    assert row["peak_mb"] > 10
    assert "numpy" in row["versions"]


def test_a_cut_run_tells_where_it_stood(package: Peer, tmp_path: Path) -> None:
    row = row_of(package, "slow", tmp_path)
    assert (row["status"], row["estimate"]) == ("cut", 1.5)
    assert row["cpu_seconds"] > 0.2


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("crash", "ended with code 1: ValueError: one line of text"),
        ("no-such-method", "KeyError"),
        ("silent", "no answer that can be read"),
        ("nonsense", "no answer that can be read"),
        ("numberless", "no answer that can be read"),
        ("nan", "its estimate is nan"),
    ],
)
def test_a_failed_run_is_a_row_with_its_error(package: Peer, tmp_path: Path, method: str, words: str) -> None:
    row = row_of(package, method, tmp_path)
    assert row["status"] == "failed"
    assert words in row["error"]
    assert "estimate" not in row


def test_a_run_that_hears_no_call_of_time_is_killed(
    package: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "REST", 0.7)
    row = row_of(package, "deaf", tmp_path)
    assert row["status"] == "killed"
    assert "no answer after 1 CPU seconds" in row["error"]


def test_a_run_that_waits_for_ever_is_killed(package: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "REST", 5.0)
    monkeypatch.setattr(running, "PATIENCE", 1.0)
    row = row_of(package, "asleep", tmp_path)
    assert row["status"] == "killed"
    assert "of waiting" in row["error"]


def test_rows_that_cannot_be_drawn_end_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "ensure", lambda *_: Path(sys.executable))
    run = running.PeerRun(TASK, "fake", "fine", "cca", 0, 40)
    with pytest.raises(RuntimeError, match=TASK.name):
        next(Runner(SETTINGS, {"fake": Peer((), "none.py")}, tmp_path).rows_of([run]))


# --- Environments -------------------------------------------------------------------------------------------------
def test_an_environment_that_fails_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def ensure_nothing(name: str, peer: Peer) -> Path:
        tried.append(name)
        raise Unavailable("no matching distribution")

    monkeypatch.setattr(running, "ensure", ensure_nothing)
    runs = [running.PeerRun(TASK, "fake", method, "cca", 60, 40) for method in ("fine", "slow")]
    rows = list(Runner(SETTINGS, {"fake": Peer((), "none.py")}, tmp_path).rows_of(runs))
    assert tried == ["fake"]
    assert [row["status"] for row in rows] == ["unavailable"] * 2
    assert rows[1]["error"] == "no matching distribution"


def test_an_environment_is_made_once_and_again_with_another_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def note(words: list[str]) -> None:
        calls.append(words)
        (tmp_path / "fake").mkdir(exist_ok=True)

    monkeypatch.setattr(environments, "_call", note)
    for recipe in ((("one",), ("--no-deps", "two")), (("one",), ("--no-deps", "two")), (("three",),)):
        python = ensure("fake", Peer(recipe, "none.py"), tmp_path)
    assert python == tmp_path / "fake" / "bin" / "python"
    assert [words[-1] for words in calls] == [str(tmp_path / "fake"), "one", "two", str(tmp_path / "fake"), "three"]


def test_a_half_made_environment_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = environments._call

    def no_pip(words: list[str]) -> None:
        if "pip" in words:
            call([sys.executable, "-c", "import sys; sys.exit('ERROR: none to be had\\n')"])
        (tmp_path / "fake").mkdir(exist_ok=True)

    monkeypatch.setattr(environments, "_call", no_pip)
    with pytest.raises(Unavailable, match="ERROR: none to be had"):
        ensure("fake", Peer((("one",),), "none.py"), tmp_path)
    assert not (tmp_path / "fake").exists()


def test_workers_see_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    found = environments.alone(tmp_path)
    assert "PYTHONPATH" not in found
    assert found["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize("name", PEERS)
def test_each_package_has_a_worker_and_plugins_beside_it(name: str) -> None:
    text = (WORKERS / PEERS[name].worker).read_text()
    for plugin, method in PEERS[name].methods.items():
        assert registry.load_plugin(plugin)
        assert f'"{method}"' in text


# --- The command --------------------------------------------------------------------------------------------------
def test_ours_runs_once_on_the_same_rows() -> None:
    peers = {"a": Peer((), "a.py", {"cca": "c", "ksg": "k"}), "b": Peer((), "b.py", {"cca": "c"})}
    runs = plan_peers([TASK], peers, PeerSettings(1.0))
    assert [(run.package, run.plugin) for run in runs] == [
        (OURS, "cca"),
        ("a", "cca"),
        (OURS, "ksg"),
        ("a", "ksg"),
        ("b", "cca"),
    ]
    fewer = {**peers, "b": Peer((), "b.py", {"cca": "c"}, n_train=10)}
    assert len(plan_peers([TASK], fewer, PeerSettings(1.0))) == 6


@pytest.fixture
def call(package: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(command, "PEERS", {"fake": package})
    words = ["--peers", "fake", "--tasks", TASK.name, "--cap", "5", "--n-train", "60", "--n-eval", "40"]
    return lambda *more: command.main([*words, "--out", str(tmp_path / "runs"), "--results", str(tmp_path), *more])


def test_a_killed_run_goes_on_and_is_reported(call: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 0
    lines = (tmp_path / "runs" / "runs.jsonl").read_text().splitlines(keepends=True)
    assert [json.loads(line)["options"]["package"] for line in lines] == [OURS, "fake"]
    assert call() == 2
    assert "--resume" in capsys.readouterr().err
    (tmp_path / "runs" / "runs.jsonl").write_text(lines[0] + lines[1][:50])
    assert call("--resume") == 0
    assert "1 runs" in capsys.readouterr().err
    assert call("--report") == 0
    assert capsys.readouterr().out == (tmp_path / "peers.md").read_text()
    (pair,) = json.loads((tmp_path / "peers.json").read_text())["results"]["pairs"]
    assert pair["theirs"]["off_by"] == pytest.approx(60 - TASK.true_mi, abs=1)
    assert abs(pair["ours"]["off_by"]) < 0.5


@pytest.fixture
def _ours_is_quick(package: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up package in our place too: ours takes 4 CPU seconds, most of them to import PyTorch."""
    monkeypatch.setattr(running, "OUR_WORKER", package.worker)


@pytest.mark.usefixtures("_ours_is_quick")
def test_the_sides_may_run_one_after_the_other(call: Any, tmp_path: Path) -> None:
    packages = []
    for side in ("theirs", "ours"):
        assert call("--side", side, "--resume") == 0
        lines = (tmp_path / "runs" / "runs.jsonl").read_text().splitlines()
        packages.append([json.loads(line)["options"]["package"] for line in lines])
    assert packages == [["fake"], ["fake", OURS]]
    assert call("--report") == 0
    (pair,) = json.loads((tmp_path / "peers.json").read_text())["results"]["pairs"]
    assert pair["ours"]["status"] == pair["theirs"]["status"] == "ok"


@pytest.mark.usefixtures("_ours_is_quick")
def test_what_could_not_be_installed_is_tried_again(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ensure_nothing(*_: Any) -> Path:
        raise Unavailable("offline")

    with monkeypatch.context() as patched:
        patched.setattr(running, "ensure", ensure_nothing)
        assert call() == 0
    assert call("--resume") == 0
    rows = [json.loads(line) for line in (tmp_path / "runs" / "runs.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows] == ["ok", "unavailable", "ok"]
    assert [pair["theirs"]["status"] for pair in reporting.paired_runs(rows)] == ["ok"]


def test_an_empty_folder_has_no_report(call: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--report") == 2
    assert "holds no runs yet" in capsys.readouterr().err


def test_unknown_names_are_refused(call: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--peers", "torch-mits"])
    assert "torch-mits" in capsys.readouterr().err
    assert call("--tasks", "1v1-nromal") == 2
    assert "1v1-nromal" in capsys.readouterr().err


# --- The report ---------------------------------------------------------------------------------------------------
def rows_of_a_task(task: str, theirs: dict[str, Any], ours: dict[str, Any] | None) -> list[dict[str, Any]]:
    about = {"suite": "bmi", "task": task, "true_mi": 1.0, "plugin": "mine", "method": "mine", "seed": 0}
    sides = [("theirs", theirs), *([(OURS, ours)] if ours else [])]
    return [
        {**about, "n_train": 9, "n_eval": 9, "options": {"package": package, "cap": 5.0}, **run}
        for package, run in sides
    ]


def ran(estimate: float, seconds: float, status: str = "ok", **more: Any) -> dict[str, Any]:
    return {"status": status, "estimate": estimate, "cpu_seconds": seconds, "peak_mb": 100.0, **more}


def test_the_summary_counts_what_can_be_compared() -> None:
    rows = [
        *rows_of_a_task("better", ran(0.7, 60.0), ran(0.9, 10.0, std_error=0.01)),
        *rows_of_a_task("worse", ran(1.0, 30.0, "cut"), ran(0.9, 20.0, std_error=0.01)),
        *rows_of_a_task("failed", {"status": "failed", "error": "a | b"}, ran(1.0, 1.0)),
        *rows_of_a_task("to come", ran(1.0, 1000.0), None),
    ]
    found = reporting.paired_runs(rows)
    (line,) = reporting.summary_by_method(found)
    assert (line["tasks"], line["compared"], line["cut"], line["without_estimate"]) == (4, 2, 1, 1)
    assert line["ours_without_estimate"] == 1
    assert line["cpu_ratio"] == pytest.approx(3.0)
    assert line["cpu_ratio_is_lower_bound"]
    assert line["ours_less_accurate_on"] == ["worse"]
    assert line["mean_error"] == pytest.approx(0.15)
    text = reporting.markdown(found)
    assert "at least 3.0" in text
    assert "failed: a / b" in text
    assert "to come" in text


def test_a_method_without_any_estimate_has_no_ratio() -> None:
    found = reporting.paired_runs(rows_of_a_task("failed", {"status": "failed", "error": "no"}, ran(1.0, 1.0)))
    (line,) = reporting.summary_by_method(found)
    assert line["cpu_ratio"] is None
    assert "| - |" in reporting.markdown(found)


def test_other_rows_are_not_compared() -> None:
    theirs, ours = rows_of_a_task("task", ran(1.0, 2.0), ran(1.0, 1.0))
    assert reporting.paired_runs([theirs, {**ours, "n_train": 5}])[0]["ours"] is None
