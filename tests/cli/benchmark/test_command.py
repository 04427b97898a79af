"""`mmg benchmark` and what surrounds it: runs, kills, resumption, refusals, reports."""

from __future__ import annotations

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
from benchmark_rows import curve_of, failed_row, run_row
from events import wait_for
from forked import finished, started
from listing import seen
from places import SUPPORT

from mmg_registry import hooks
from mmg_registry.benchmark import store
from mmg_registry.benchmark.store import Store, key_of, read_rows

SITE = SUPPORT / "bench_site"
TINY = ("--suite", "tiny", "--n-train", 300, "--n-eval", 100, "--threads", 1)


@pytest.fixture(autouse=True)
def bench_site(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(SITE))
    hooks.reset()
    yield
    hooks.reset()


@pytest.fixture
def bench(mmg) -> Callable[..., Any]:
    """`mmg benchmark` on the tiny suite, into the folder `out`."""

    def call(*args: object, out: str | None = "out") -> Any:
        where = ("--out", out) if out else ()
        return mmg("benchmark", *TINY, *where, *args)

    return call


@pytest.fixture
def program() -> Callable[..., ForkServerProcess]:
    """The same in a process of its own, which can be killed; what it prints is in the file `printed`."""

    def start(*args: object) -> ForkServerProcess:
        path = os.pathsep.join([str(SITE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        words = ["-m", "mmg_cli", "benchmark", *map(str, TINY), "--out", "out", *map(str, args)]
        printed = Path("printed")
        return started(*words, out=printed, err=printed, environment={"PYTHONPATH": path})

    return start


def write(folder: str, *rows: dict[str, Any]) -> str:
    with Store(folder) as opened:
        for row in rows:
            opened.append(row)
    return folder


def lines_of(folder: str = "out") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "runs.jsonl").read_text().splitlines()]


def wait_for_lines(n: int, process: ForkServerProcess) -> None:
    file = Path("out/runs.jsonl")
    wait_for(lambda: file.exists() and file.read_text().count("\n") >= n, still=process.is_alive)


# ------------------------------------------------------------------------------------------ running
def test_a_benchmark_runs_reports_and_resumes(bench) -> None:
    result = bench("--plugin", "bench-right", "--seeds", 1, "--jobs", 2)
    assert result.code == 0
    assert "bench-right  3/3" in result.out
    assert result.out.endswith("out/report.html\n")
    progress = result.err.splitlines()
    assert len(progress) == 3
    assert progress[0].startswith("[1/3] bench-right on ")
    assert "(true 0." in progress[0]
    assert seen("out") == [
        "errors-tiny.png", "heatmap-tiny.png", "report.html", "runs.jsonl", "summary.json",
    ]  # fmt: skip
    before = lines_of()
    assert bench("--plugin", "bench-right", "--seeds", 2, "--resume", "--task", "gaussian-1*", "-q").code == 0
    assert lines_of()[:3] == before
    assert [(row["task"], row["seed"]) for row in lines_of()[3:]] == [("gaussian-1-0.25", 1)]


def test_a_failed_run_is_a_row_and_the_others_go_on(bench) -> None:
    result = bench(
        "--plugin", "bench-raise,bench-die,bench-right", "--seeds", 1, "--task", "independent-1", "--jobs", 2
    )
    assert result.code == 1
    assert result.err.splitlines()[-1] == "Error: 2 of 3 runs failed; out/report.html has their errors."
    assert {row["plugin"]: row["status"] for row in lines_of()} == {
        "bench-raise": "failed", "bench-die": "failed", "bench-right": "ok",
    }  # fmt: skip
    assert "bench-right  1/1" in result.out
    page = Path("out/report.html").read_text()
    assert "singular &lt;matrix&gt; &amp; worse" in page
    assert "last words" in page


def test_a_task_that_a_plugin_does_not_take_is_no_failure_and_is_not_repeated(bench) -> None:
    given = ("--plugin", "bench-narrow", "--seeds", 1, "--task", "gaussian-*")
    result = bench(*given)
    assert result.code == 0
    assert {row["task"]: row["status"] for row in lines_of()} == {
        "gaussian-1-0.25": "ok", "gaussian-2-0.5": "does not apply",
    }  # fmt: skip
    assert "does not apply: The plugin 'bench-narrow' takes at most 1 column of x, and there are 2" in result.err
    assert "bench-narrow  1/1" in result.out
    assert "takes at most 1 column of x" in Path("out/report.html").read_text()
    assert bench(*given, "--resume", "--retry-failed", "-q").code == 0
    assert len(lines_of()) == 2


def test_failed_runs_are_repeated_only_when_asked_for(bench) -> None:
    one = ("--plugin", "bench-raise", "--seeds", 1, "--task", "independent-1", "-q")
    bench(*one)
    assert bench(*one, "--resume").code == 1
    assert len(lines_of()) == 1
    bench(*one, "--resume", "--retry-failed")
    assert len(lines_of()) == 2
    assert len(read_rows("out")) == 1


def test_options_go_to_all_plugins_or_to_one(bench) -> None:
    given = ("--set", "shift=0.5", "--set", "bench-nap:until=.", "--set", "bench-nap:shift=1")
    assert bench("--plugin", "bench-right,bench-nap", "--seeds", 1, "--task", "independent-1", *given).code == 0
    assert {row["plugin"]: row["options"] for row in lines_of()} == {
        "bench-right": {"shift": 0.5},
        "bench-nap": {"shift": 1, "until": "."},
    }
    estimates = {row["plugin"]: row["estimate"]["mi"] for row in lines_of()}
    assert estimates["bench-nap"] - estimates["bench-right"] == pytest.approx(0.5)


def test_json_is_one_document(bench) -> None:
    result = bench("--plugin", "bench-right", "--seeds", 1, "--task", "independent-1", "--json")
    document = json.loads(result.out)
    assert document["schema"] == "mmg/benchmark-summary/1"
    assert document["suites"]["tiny"]["leaderboard"][0]["solved"] == 1
    assert document == json.loads(Path("out/summary.json").read_text())


# ------------------------------------------------------------------------------------------ kills
# Six runs: those of one plugin finish, those of the other between them wait for a file.
RIGHT_AND_ASLEEP = ("--plugin", "bench-right,bench-nap", "--seeds", 1, "--set", "bench-nap:until=awake")


def test_a_kill_in_the_middle_loses_and_repeats_nothing(program, bench) -> None:
    asked = (*RIGHT_AND_ASLEEP, "--jobs", 2)
    process = program(*asked)
    wait_for_lines(2, process)
    process.kill()
    finished(process)
    kept = Path("out/runs.jsonl").read_bytes()
    assert kept.count(b"\n") == 2
    Path("out/runs.jsonl").write_bytes(kept[:-40])  # as if it had come in the middle of a line, too
    Path("awake").touch()
    assert bench(*asked, "--resume", "-q").code == 0
    assert Path("out/runs.jsonl").read_bytes().startswith(kept[: kept[:-40].rindex(b"\n") + 1])
    counts = Counter(key_of(row) for row in lines_of())
    assert len(counts) == 6
    assert set(counts.values()) == {1}


def test_ctrl_c_leaves_the_file_whole(program) -> None:
    process = program(*RIGHT_AND_ASLEEP)
    wait_for_lines(1, process)
    os.kill(process.pid or 0, signal.SIGINT)
    code, err = finished(process), Path("printed").read_text()
    assert code == 130, err
    # the signal may come before or after the first run has been counted
    assert re.search(r"[01] of 6 runs are finished and kept; --resume goes on\.\nInterrupted\.\n", err), err
    assert Path("out/runs.jsonl").read_bytes().endswith(b"}\n")


# ------------------------------------------------------------------------------------------ refusals
@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (["--suite", "tinny"], 2, "There is no suite 'tinny'; the nearest is 'tiny'."),
        (["--task", "gausian-*"], 2, "No task of tiny fits 'gausian-*'; the nearest is 'gaussian-"),
        (["--plugin", "bench-rihgt"], 3, "There is no plugin 'bench-rihgt'; the nearest are bench-right"),
        (["--plugin", "fake-broken"], 3, "libfancy.so.3"),
        (["--set", "shfit=1"], 2, "The estimator 'bench-right' has no option 'shfit'; the nearest is 'shift'."),
        (["--set", "shift=99"], 2, "The option 'shift' of 'bench-right' is refused"),
        (["--set", "other:shift=1"], 2, "names the plugin 'other', which --plugin does not list."),
        (["--seeds", "0"], 2, "The option '--seeds' is 0 and must be a whole number from 1 to 10**6."),
        (["--n-train", "0"], 2, "The option '--n-train' is 0 and must be a whole number from 1"),
        (["--engine", "dusk"], 2, "There is no engine 'dusk'; the nearest is 'dask'."),
        (["--engine-config", "none.yml"], 4, "none.yml cannot be read: No such file"),
        (["--jobs", "0"], 2, "The option '--jobs' is 0 and must be a whole number from 1 to 1024."),
        (["--max-seconds", "nan"], 2, "The option '--max-seconds' is nan and must be a number of seconds above 0"),
        (["--retry-failed"], 2, "--retry-failed belongs to --resume; give both."),
        (["--out", "file"], 2, "file' is a file; give another path."),
        (["--out", "file/below"], 2, "file' is no folder to write in; give another path."),
        (["--out", "full"], 2, "full' holds other things; give another path."),
    ],
)
def test_a_refused_benchmark_writes_nothing(bench, args: list[str], code: int, sentence: str) -> None:
    Path("file").write_text("")
    Path("full").mkdir()
    Path("full/thing").write_text("")
    result = bench("--plugin", "bench-right", *args)
    assert (result.code, result.out) == (code, "")
    assert sentence in result.err
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    assert not Path("out").exists()


def test_a_benchmark_needs_a_suite_and_a_folder(mmg) -> None:
    assert "A benchmark needs --out DIR" in mmg("benchmark", "--suite", "tiny", "--plugin", "bench-right").err
    result = mmg("benchmark", "--out", "out", "--plugin", "bench-right")
    assert (result.code, result.err) == (
        2, "Error: A benchmark needs --suite; `mmg benchmark tasks` lists what there is.\n",
    )  # fmt: skip


def test_without_any_word_there_is_help(mmg) -> None:
    result = mmg("benchmark")
    assert (result.code, result.err) == (0, "")
    assert "--suite" in result.out
    assert "needs --suite" in mmg("benchmark", "--plugin", "bench-right").err


def test_results_of_other_sizes_are_not_mixed(bench) -> None:
    rows = [run_row(suite="tiny", n_train=300, n_eval=100)]
    write("out", *rows)
    result = bench("--plugin", "bench-right")
    assert result.code == 2
    assert "out holds results already; go on with --resume, or give another." in result.err
    for option, value in (("--n-train", 301), ("--n-eval", 99), ("--threads", 2), ("--max-seconds", "5.0")):
        result = bench("--plugin", "bench-right", "--resume", option, value)
        before = {"--n-train": 300, "--n-eval": 100, "--threads": 1, "--max-seconds": None}[option]
        assert result.code == 2
        assert f"out holds results with {option} {before}, and this asks for {value}; give the same" in result.err
    assert len(lines_of()) == 1


def test_threads_are_those_of_the_folder_when_none_are_given(mmg) -> None:
    write("out", run_row(suite="tiny", task="independent-1", plugin="bench-right", threads=3))
    sizes = ("--n-train", 100, "--n-eval", 50, "--seeds", 2, "--task", "independent-1", "-q")
    mmg("benchmark", "--suite", "tiny", "--plugin", "bench-right", "--out", "out", "--resume", *sizes)
    assert [row["threads"] for row in lines_of()] == [3, 3]


def test_a_folder_in_use_is_refused(bench) -> None:
    with Store("out"):
        result = bench("--plugin", "bench-right", "--resume")
    assert (result.code, "Another benchmark is writing to" in result.err) == (2, True)


def test_a_full_disk_ends_the_benchmark_with_the_file_whole(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    write("out", run_row(suite="tiny", n_train=300, n_eval=100))
    before = Path("out/runs.jsonl").read_bytes()
    plain = os.write
    monkeypatch.setattr(store.os, "write", lambda fd, data: plain(fd, data[:9] if data[:1] == b"{" else data))
    result = bench("--plugin", "bench-right", "--resume", "--seeds", 1)
    assert result.code == 1
    assert "make room, then go on with --resume." in result.err
    assert Path("out/runs.jsonl").read_bytes() == before


def test_run_options_do_not_belong_to_subcommands(mmg) -> None:
    result = mmg("benchmark", "--suite", "tiny", "report", "out")
    assert result.code == 2
    assert "leave them out with 'report'" in result.err


# ------------------------------------------------------------------------------------------ dry run
def test_a_dry_run_lists_the_runs_and_says_that_their_time_is_unknown(bench) -> None:
    result = bench("--plugin", "bench-right", "--seeds", 2, "--dry-run", out=None)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[1].split() == ["tiny", "gaussian-1-0.25", "bench-right", "0", "unknown"]
    assert lines[-1] == "6 runs to do, 1 at a time, and 0 done; the time is unknown until a run has finished"
    assert os.listdir() == []


def test_a_dry_run_predicts_from_the_rows_of_the_folder(bench) -> None:
    sizes = {"suite": "tiny", "n_train": 300, "n_eval": 100, "plugin": "bench-right"}
    write("out", run_row(task="gaussian-1-0.25", seconds=99.0, **sizes))
    document = json.loads(bench("--plugin", "bench-right", "--seeds", 2, "--dry-run", "--jobs", 2, "--json").out)
    assert (len(document["runs"]), document["done"], document["seconds"]) == (5, 1, 250.0)
    assert {run["seconds"] for run in document["runs"]} == {100.0}
    assert "about 4 min" in bench("--plugin", "bench-right", "--seeds", 2, "--dry-run", "--jobs", 2).out
    assert len(lines_of()) == 1


# ------------------------------------------------------------------------------------------ around it
def test_tasks_are_listed(mmg) -> None:
    result = mmg("benchmark", "tasks", "tiny")
    assert result.out.splitlines()[1].split() == ["tiny", "gaussian-1-0.25", "paired", "1", "1", "0.2500"]
    everything = json.loads(mmg("benchmark", "tasks", "--json").out)
    known = {"bmi", "high-mi", "null", "discrete", "mutinfo", "beyond", "beyond-held-out", "tiny"}
    assert known == {task["suite"] for task in everything}


def test_a_truth_that_takes_a_quadrature_is_computed_where_its_suite_is_asked_for(mmg) -> None:
    every = {
        (task["suite"], task["task"]): task["true_mi"] for task in json.loads(mmg("benchmark", "tasks", "--json").out)
    }
    assert (every["beyond", "chirp-5"], every["beyond", "image-boxes-16"]) == (None, 2.0)
    listed = [line.split() for line in mmg("benchmark", "tasks").out.splitlines()]
    assert ["beyond", "chirp-5", "folded", "1", "1", "-"] in listed
    line = next(line for line in mmg("benchmark", "tasks", "beyond").out.splitlines() if "chirp-5" in line)
    assert line.split() == ["beyond", "chirp-5", "folded", "1", "1", "1.6989"]


def test_a_report_of_a_folder_goes_where_it_is_asked_to(mmg) -> None:
    write("out", run_row(curve=curve_of()), failed_row(seed=1))
    result = mmg("benchmark", "report", "out", "-o", "elsewhere")
    assert result.code == 0
    assert seen("out") == ["runs.jsonl"]
    assert "report.html" in os.listdir("elsewhere")
    assert mmg("benchmark", "report", "out").code == 0
    assert "report.html" in os.listdir("out")


def test_several_folders_make_one_report_in_which_the_last_one_counts(mmg) -> None:
    write("a", run_row(mi=1.0), run_row(mi=1.0, task="u"))
    write("b", run_row(mi=1.2), run_row(mi=1.0, task="v"))
    result = mmg("benchmark", "report", "a", "b", "-o", "both", "--json")
    assert result.code == 0
    cells = {cell["task"]: cell["mean"] for cell in json.loads(result.out)["suites"]["s"]["tasks"]}
    assert cells == {"t": 1.2, "u": 1.0, "v": 1.0}
    assert seen("a") == seen("b") == ["runs.jsonl"]


def test_folders_that_do_not_compare_or_have_no_place_for_a_report_are_refused(mmg) -> None:
    write("a", run_row())
    write("b", run_row() | {"n_eval": 7})
    apart = mmg("benchmark", "report", "a", "b", "-o", "both")
    assert (apart.code, apart.out) == (4, "")
    assert "a holds results with --n-eval" in apart.err
    assert "b with 7; report them apart" in apart.err
    nowhere = mmg("benchmark", "report", "a", "a")
    assert (nowhere.code, nowhere.out) == (2, "")
    assert "needs -o DIR" in nowhere.err


def test_a_report_without_matplotlib_lacks_the_figures_and_says_so(mmg, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    write("out", run_row())
    result = mmg("benchmark", "report", "out")
    assert result.code == 0
    assert "pip install 'mmg-registry[plot]'" in result.err
    assert seen("out") == ["report.html", "runs.jsonl", "summary.json"]


def test_a_report_of_nothing_is_refused(mmg) -> None:
    result = mmg("benchmark", "report", "nothing")
    assert (result.code, result.out) == (4, "")
    assert "nothing/runs.jsonl cannot be read" in result.err


def test_two_folders_are_compared(mmg) -> None:
    write("a", run_row(mi=1.0), run_row(mi=1.01, seed=1), run_row(task="u"))
    write("b", run_row(mi=1.5, seconds=1.0), run_row(mi=1.51, seed=1, seconds=1.0))
    result = mmg("benchmark", "compare", "a", "b")
    assert result.code == 0
    line = next(line for line in result.out.splitlines() if line.startswith("t "))
    assert line.split()[1:] == [
        "p", "1.0000", "1.0050", "1.5050", "+0.5000*", "+0.0050", "+0.5050", "2.0", "1.0", "2.00*", "yes", "->", "no",
    ]  # fmt: skip
    assert "1 of 1 means changed beyond the seeds' spread" in result.out
    assert "1 are in one folder only." in result.out
    change = json.loads(mmg("benchmark", "compare", "a", "b", "--json").out)["changes"][0]
    assert (change["moved"], change["a_over_b_seconds"], change["a"]["solved"]) == (True, 2.0, True)


def test_folders_that_share_nothing_are_not_compared(mmg) -> None:
    write("a", run_row())
    write("b", run_row(task="u"))
    result = mmg("benchmark", "compare", "a", "b")
    assert (result.code, "share no task and plugin" in result.err) == (4, True)


def test_the_curves_of_any_run_are_drawn(mmg) -> None:
    write("out", run_row(curve=curve_of()), run_row(curve=curve_of(), seed=3))
    result = mmg("benchmark", "curves", "out", "t", "--seed", 3, "-o", "c.png")
    assert (result.code, result.out) == (0, "c.png\n")
    assert Path("c.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (["z"], 2, "No finished run is of the task 'z'; there are t."),
        (["t"], 2, "--plugin must be one of p, q, not left out."),
        (["t", "-p", "z"], 2, "--plugin must be one of p, q, not z."),
        (["t", "-p", "p", "--seed", "9"], 2, "--seed must be one of 0, not 9."),
        (["t", "-p", "q"], 4, "The plugin 'q' gives no curve"),
        (["t", "-p", "p", "-o", "c.doc"], 2, "A plot ends in "),
    ],
)
def test_curves_that_are_not_there_are_refused(mmg, args: list[str], code: int, sentence: str) -> None:
    write("out", run_row(curve=curve_of()), run_row(plugin="q"))
    result = mmg("benchmark", "curves", "out", *args)
    assert (result.code, result.out) == (code, "")
    assert sentence in result.err
    assert os.listdir() == ["out"]
