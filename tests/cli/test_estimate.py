"""`mmg estimate`: what it prints, writes, saves and plots, and what it refuses before it starts."""

from __future__ import annotations

import json
import math
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from events import wait_for
from forked import finished, python, started

from mmg_cli.report import headline, table
from mmg_registry.results import Estimate

TRUE_MI = -math.log(1 - 0.8**2)  # of the two pairs of columns in `data`

KEYS = {
    "schema", "mi", "unit", "status", "std_error", "ci", "ci_level", "plugin", "options", "seed", "n_train", "n_eval",
    "rows", "dim_x", "dim_y", "device", "backend", "seconds", "curve", "diagnostics", "warnings", "versions",
    "data_sha256", "columns", "limit",
}  # fmt: skip


def document(result: Any) -> dict[str, Any]:
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_the_table_names_what_a_person_needs(estimate, data) -> None:
    result = estimate(data, "--seed", 3)
    assert (result.code, result.err) == (0, "")
    rows = {line[:14].strip(): line[16:] for line in result.out.splitlines()}
    assert rows["MI"].startswith("1.0")
    assert "nats, 95 % interval" in rows["MI"]
    assert rows["standard error"] == "0.1118 nats"
    assert rows["plugin"] == "fake-gauss (fake-mmg 1.0)"
    assert rows["rows"] == "320 for training, 80 for evaluation"
    assert rows["dimensions"] == "2 of x, 2 of y"
    assert rows["seed"] == "3"
    assert "warning" in rows  # 80 evaluation rows are few


def test_json_is_one_document_with_every_key_and_the_right_number(estimate, data) -> None:
    found = document(estimate(data, "--json", "--seed", 0))
    assert set(found) == KEYS | {"command"}
    assert found["mi"] == pytest.approx(TRUE_MI, abs=0.2)  # three standard errors of 320 rows
    assert found["plugin"] == {"name": "fake-gauss", "version": "1.0", "distribution": "fake-mmg"}
    assert (found["n_train"], found["n_eval"], found["dim_x"], found["dim_y"]) == (320, 80, 2, 2)


def test_with_json_the_warnings_go_to_stderr_too_unless_quiet(estimate, data) -> None:
    result = estimate(data, "--json")
    (warning,) = json.loads(result.out)["warnings"]
    assert result.err == f"Warning: {warning}\n"
    assert estimate(data, "--json", "-q").err == ""


def test_the_seed_is_0_unless_given_as_in_python(estimate, data) -> None:
    first, again, other = (document(estimate(data, "--json", *seed)) for seed in ((), ("--seed", 0), ("--seed", 1)))
    assert (first["seed"], first["mi"]) == (0, again["mi"])
    assert (other["seed"], other["mi"] == first["mi"]) == (1, False)


def test_bits(estimate, data) -> None:
    nats, bits = (document(estimate(data, "--json", "--seed", 0, "--unit", unit)) for unit in ("nats", "bits"))
    assert bits["unit"] == "bits"
    assert bits["mi"] == pytest.approx(nats["mi"] / math.log(2))
    assert bits["ci"] == pytest.approx([end / math.log(2) for end in nats["ci"]])


def test_the_level_of_the_interval(estimate, data) -> None:
    found = document(estimate(data, "--json", "--ci", 0.5))
    assert found["ci_level"] == 0.5
    assert found["ci"][1] - found["mi"] == pytest.approx(0.6745 * found["std_error"], rel=1e-3)


def test_plugin_options_reach_the_plugin_with_their_types(estimate, data) -> None:
    found = document(estimate(data, "--json", "--set", "steps=20", "--set", "ridge=0.5", "--set", "preset=paper"))
    assert found["options"] == {"steps": 20, "ridge": 0.5, "preset": "paper"}
    assert found["diagnostics"]["ridge"] == 0.5


def test_v_prints_options_and_diagnostics(estimate, data) -> None:
    plain, verbose = estimate(data).out, estimate(data, "-v").out
    assert "options.steps" not in plain
    lines = [" ".join(line.split()) for line in verbose.splitlines()]
    assert "options.steps 10" in lines
    assert "peak 0.5" in lines


def test_v_prints_the_kind_of_each_column_and_why(estimate, data) -> None:
    lines = [" ".join(line.split()) for line in estimate(data, "-v", "--kind", "x1=angle").out.splitlines()]
    assert "x0 (x) continuous: as good as no value twice" in lines
    assert "x1 (x) angle: as told, in radians" in lines
    wide = np.random.default_rng(0).standard_normal((400, 12))
    np.savez("wide.npz", x=wide, y=wide[:, 0] > 0)
    lines = [" ".join(line.split()) for line in estimate("wide.npz", "-v").out.splitlines()]
    assert "all of x 12 continuous" in lines
    assert "y (y) category: true or false" in lines


def test_v_prints_what_needs_no_training_beside_the_estimate(estimate, data) -> None:
    lines = {line[:14].strip(): line[16:] for line in estimate(data, "-v").out.splitlines()}
    for name in ("ksg", "gaussian", "cca"):
        assert float(lines[name].split()[0]) == pytest.approx(TRUE_MI, abs=0.3)
        assert "400 rows, no training" in lines[name]
    assert "\nksg " not in estimate(data).out
    assert "\nksg " not in estimate(data, "-v", plugin="cca").out
    json.loads(estimate(data, "-v", "--json").out)


def test_rows_of_another_file_are_evaluated_and_not_trained_on(estimate, data) -> None:
    x, y = np.random.default_rng(5).standard_normal((2, 150, 2))
    np.savez("eval.npz", x=x, y=y)
    found = document(estimate(data, "--json", "--eval", "eval.npz"))
    assert (found["n_train"], found["n_eval"]) == (400, 150)


def test_the_share_of_evaluation_rows(estimate, data) -> None:
    found = document(estimate(data, "--json", "--eval-fraction", 0.5))
    assert (found["n_train"], found["n_eval"]) == (200, 200)


def test_extrapolation_tells_the_values_of_all_parts(estimate, data) -> None:
    found = document(estimate(data, "--json", "-p", "gaussian", "--extrapolate", 3))
    words = found["diagnostics"]["extrapolation"]
    assert [len(values) for values in words["values"]] == [1, 2, 3]
    assert words["intercept"] == pytest.approx(found["mi"])


def test_cross_fitting_uses_all_rows_for_both(estimate, data) -> None:
    found = document(estimate(data, "--json", "--cross-fit", 4))
    assert (found["n_train"], found["n_eval"]) == (400, 400)


def test_threads_and_limits_are_passed_on(estimate, data) -> None:
    found = document(estimate(data, "--json", "--threads", 1, "--max-seconds", 5, "--device", "cpu"))
    assert found["backend"]["threads"] == 1
    assert found["device"] == "cpu"


def test_columns_of_a_table(estimate) -> None:
    values = np.random.default_rng(0).standard_normal((200, 3))
    np.savetxt("t.csv", values, delimiter=",", header="a,b,c", comments="")
    found = document(estimate("t.csv", "--x", "a,b", "--y", "c", "--json"))
    assert (found["dim_x"], found["dim_y"]) == (2, 1)


def subjects(path: str, columns: str = "who,x,y") -> str:
    rng = np.random.default_rng(0)
    who = [f"subject {i // 20}" for i in range(400)]
    lines = [f"{name},{x:.6f},{x + rng.normal():.6f}" for name, x in zip(who, rng.normal(size=400), strict=True)]
    Path(path).write_text("\n".join([columns, *lines]) + "\n")
    return path


def test_groups_are_a_column_of_text_and_stay_together(estimate) -> None:
    path = subjects("s.csv")
    found = document(estimate(path, "--x", "*", "--y", "y", "--groups", "who", "--json", "--seed", 0))
    assert (found["dim_x"], found["n_train"], found["n_eval"]) == (1, 320, 80)
    assert (found["rows"]["split_by"], found["rows"]["units"]) == ("groups", 20)
    rows = next(line for line in estimate(path, "--groups", "who").out.splitlines() if line.startswith("rows"))
    assert rows.endswith("320 for training, 80 for evaluation, in 20 groups")


def test_blocks_have_the_length_that_is_asked_for(estimate) -> None:
    path = subjects("s.csv")
    for blocks, by, units in (("100", "blocks", 4), ("none", "rows", 400), ("auto", "rows", 400)):
        found = document(estimate(path, "--blocks", blocks, "--json", "--seed", 0))["rows"]
        assert (found["split_by"], found["units"]) == (by, units)


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["--groups", "whom"], 4, "it has no column 'whom'; it has who, x, y"),
        (["--groups", "x,y"], 4, "'x,y' means 2 columns, and --groups takes one"),
        (["--groups", "who", "--where", "who == 'subject 3'"], 4, "--groups names one group of all 20 rows"),
        (["--blocks", "300"], 4, "--blocks makes one block of all 400 rows"),
        (["--groups", "who", "--cross-fit", "30"], 4, "only 20 groups or blocks of rows, too few for 30 folds"),
        (["--groups", "who", "--blocks", "20"], 2, "--groups and a number of --blocks exclude one another"),
        (["--blocks", "some"], 2, "The option '--blocks' is 'some' and must be auto, none, or a whole number"),
    ],
)
def test_groups_and_blocks_that_cannot_be_are_refused(estimate, args: list[str], code: int, told: str) -> None:
    result = estimate(subjects("s.csv"), *args)
    assert (result.code, result.out) == (code, "")
    assert told in result.err


def test_groups_of_two_files_are_refused(estimate) -> None:
    for name in ("a.npy", "b.npy"):
        np.save(name, np.random.default_rng(0).normal(size=100))
    result = estimate("a.npy", "b.npy", "--groups", "g")
    assert result.code == 2
    assert "x and y are in two files; join them first" in result.err


def test_csv_on_standard_input(estimate) -> None:
    values = np.random.default_rng(0).standard_normal((200, 2))
    text = "x,y\n" + "\n".join(f"{a},{b}" for a, b in values)
    assert document(estimate("-", "--json", stdin=text))["n_train"] == 160


def test_two_npy_files(estimate) -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 200))
    np.save("x.npy", x)
    np.save("y.npy", y)
    np.save("x_eval.npy", x[::2] + 1)
    np.save("y_eval.npy", y[::2] + 1)
    found = document(estimate("x.npy", "y.npy", "--eval", "x_eval.npy", "--eval", "y_eval.npy", "--json"))
    assert (found["n_train"], found["n_eval"]) == (200, 100)


# --- files ------------------------------------------------------------------------------------------------------


def test_o_writes_what_json_prints(estimate, data) -> None:
    result = estimate(data, "--json", "-o", "r.json", "--seed", 0)
    assert Path("r.json").read_text() == result.out
    assert sorted(os.listdir()) == [data, "r.json"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no/r.json", "the folder of 'no/r.json' does not exist"),
        ("locked.json", "'locked.json' is read-only"),
        ("folder", "'folder' is a folder"),
    ],
)
def test_when_o_cannot_be_written_that_is_said_before_anything_is_read(estimate, path: str, reason: str) -> None:
    os.mkdir("folder")
    Path("locked.json").write_text("old")
    os.chmod("locked.json", stat.S_IRUSR)
    result = estimate("never-read.npz", "--json", "-q", "-o", path)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"Error: The file given to -o cannot be written: {reason}; give another path.\n"
    assert sorted(os.listdir()) == ["folder", "locked.json"]
    assert Path("locked.json").read_text() == "old"


FULL = "Error: The result could not be written: /dev/full: No space left on device.\n"


def test_a_disk_that_is_full_after_the_run_costs_neither_the_result_nor_the_other_files(estimate, data) -> None:
    result = estimate(data, "--json", "-q", "-o", "/dev/full", "--plot", "p.png", "--save", "model")
    assert (result.code, result.err) == (1, FULL)
    assert json.loads(result.out)["status"] == "estimated"
    assert Path("p.png").read_bytes().startswith(b"\x89PNG")
    assert os.path.isdir("model")


def test_a_full_disk_behind_stdout_does_not_cost_the_file(environment, data) -> None:
    err, args = Path("err.txt"), ["estimate", data, "--plugin", "gauss", "--json", "-q", "-o", "r.json"]
    process = started("-m", "mmg_cli", *args, out=Path("/dev/full"), err=err, environment=environment)
    assert finished(process) == 1
    assert "No space left on device" in err.read_text()
    assert json.loads(Path("r.json").read_text())["status"] == "estimated"


def test_two_failures_are_two_sentences(estimate, data, monkeypatch) -> None:
    from mmg_cli import plotting
    from mmg_registry.errors import MMGError

    def fail(*args: object) -> None:
        raise MMGError("The plot could not be written: the disk is full.")

    monkeypatch.setattr(plotting, "write_plot", fail)
    result = estimate(data, "-q", "-o", "/dev/full", "--plot", "p.png")
    assert result.code == 1
    assert result.err == f"{FULL}Error: The plot could not be written: the disk is full.\n"


def test_a_saved_estimator_can_be_loaded(estimate, data) -> None:
    from mmg_registry.storage import load

    found = document(estimate(data, "--json", "--seed", 0, "--save", "model"))
    rows = np.load(data)
    assert load("model").estimate(rows["x"], rows["y"]).mi == found["mi"]


def test_the_plot_of_a_written_result_is_the_plot_of_the_run(estimate, mmg, data) -> None:
    estimate(data, "-o", "r.json", "--plot", "run.png", "--seed", 0)
    mmg("plot", "r.json", "-o", "later.png")
    assert Path("run.png").read_bytes() == Path("later.png").read_bytes()


def test_a_known_answer_makes_no_plot_and_no_model_and_says_so(estimate) -> None:
    np.savez("c.npz", x=np.ones(200), y=np.arange(200.0) ** 1.5)
    result = estimate("c.npz", "--json", "--plot", "p.png", "--save", "model")
    assert document(result)["status"] == "exact"
    assert "Warning: Nothing was plotted in p.png: the answer is known without estimating.\n" in result.err
    assert "Warning: Nothing was saved in model: the answer is known without estimating.\n" in result.err
    assert os.listdir() == ["c.npz"]


# --- refused before the run -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--ci", "95"], "The option '--ci' is 95.0 and must be between 0 and 1, e.g. 0.95."),
        (["--ci", "nan"], "The option '--ci' is nan and must be between 0 and 1, e.g. 0.95."),
        (["--eval-fraction", "1"], "The option '--eval-fraction' is 1.0 and must be between 0 and 1, e.g. 0.2."),
        (["--cross-fit", "1"], "The option '--cross-fit' is 1 and must be a whole number from 2 to 10**9."),
        (["--threads", "0"], "The option '--threads' is 0 and must be a whole number from 1 to 1024."),
        (["--seed", "-1"], "The option '--seed' is -1 and must be a whole number from 0 to 2**63 - 1."),
        (
            ["--max-seconds", "0"],
            "The option '--max-seconds' is 0.0 and must be a number of seconds above 0 and at most 1e9.",
        ),
        (
            ["--device", "gpu"],
            "The option '--device' is 'gpu' and must be auto, cpu, cuda or cuda:N with N below 100.",
        ),
        (["--eval", "e.npz", "--cross-fit", "3"], "--eval and --cross-fit exclude one another; keep one of them."),
        (
            ["--save", "m", "--cross-fit", "3"],
            "--save keeps one fitted estimator and --cross-fit fits several; leave one of the two out.",
        ),
        (
            ["--eval", "e.npz", "--extrapolate", "3"],
            "--extrapolate cuts all rows into parts, and --eval gives rows of its own; leave one of the two out.",
        ),
        (
            ["--save", "m", "--extrapolate", "3"],
            "--save keeps one fitted estimator and --extrapolate fits several; leave one of the two out.",
        ),
        (["--sep", "ab"], "The option 'sep' is 'ab' and must be one character, or 'blanks'."),
        (
            ["--where", "open('f')"],
            "--where 'open('f')' cannot be used: a call may not stand in it; write it as age > 30 and site == 'B'.",
        ),
        (["--set", "steps"], "--set takes key=value, and 'steps' is not of that form."),
        (["--set", "steps=1", "--set", "steps=2"], "--set steps=... is given twice; keep one of them."),
        (["--set", "step=1"], "The estimator 'fake-gauss' has no option 'step'; the nearest is 'steps'."),
        (
            ["--set", "steps=0"],
            "The option 'steps' of 'fake-gauss' is refused: input should be greater than or equal to 1.",
        ),
        (
            ["--set", "steps=many"],
            "The option 'steps' of 'fake-gauss' is refused: input should be a valid integer, "
            "unable to parse string as an integer.",
        ),
        (["--plot", "p.bmp"], "A plot ends in .png, .pdf, .svg, .jpg, and 'p.bmp' does not."),
        (
            ["--plot", "no/p.png"],
            "The file given to --plot cannot be written: the folder of 'no/p.png' does not exist; give another path.",
        ),
        (
            ["--save", "/dev/null/model"],
            "The folder given to --save cannot be written: '/dev/null' is no folder to write in; give another path.",
        ),
    ],
)
def test_a_wrong_option_is_refused_before_the_data_are_read(estimate, args: list[str], sentence: str) -> None:
    result = estimate("never-read.npz", *args)
    assert (result.code, result.out, result.err) == (2, "", f"Error: {sentence}\n")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (
            ["--plot", "p.png"],
            "--plot draws the curve over log-SNR, and the plugin 'fake-plain' has none; leave --plot out.",
        ),
        (["--save", "m"], "The plugin 'fake-plain' cannot be saved; leave --save out."),
    ],
)
def test_what_the_plugin_cannot_do_is_refused_at_once(estimate, args: list[str], sentence: str) -> None:
    result = estimate("never-read.npz", *args, plugin="fake-plain")
    assert (result.code, result.err) == (2, f"Error: {sentence}\n")


@pytest.mark.parametrize(
    ("plugin", "sentence"),
    [
        ("fake-gaus", "There is no plugin 'fake-gaus'; the nearest are fake-gauss"),
        ("fake-broken", "The plugin 'fake-broken' of fake-mmg 1.0 cannot be loaded (ImportError: libfancy.so.3"),
        ("fake-twin", "The plugin name 'fake-twin' is claimed by fake-mmg 1.0 and other-mmg 2.0"),
    ],
)
def test_a_plugin_that_is_missing_or_broken_has_exit_code_3(estimate, data, plugin: str, sentence: str) -> None:
    result = estimate(data, plugin=plugin)
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith(f"Error: {sentence}")
    assert result.err.count("\n") == 1


def test_a_distribution_picks_one_of_two(estimate, data) -> None:
    found = document(estimate(data, "--json", plugin="other-mmg:fake-twin"))
    assert found["plugin"] == {"name": "fake-twin", "version": "2.0", "distribution": "other-mmg"}


# --- failing runs -----------------------------------------------------------------------------------------------


def test_a_crashing_plugin_is_one_sentence_and_vv_shows_where(estimate, data) -> None:
    result = estimate(data, plugin="fake-crash")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "Error: The estimator 'fake-crash' failed (ZeroDivisionError: division by zero in fit). "
        "(-vv prints the traceback.)\n"
    )
    verbose = estimate(data, "-vv", plugin="fake-crash").err
    assert "fake_estimators.py" in verbose
    assert "(-vv prints" not in verbose


def test_ctrl_c_in_training_leaves_nothing(estimate, data) -> None:
    result = estimate(data, "-o", "r.json", plugin="fake-interrupt")
    assert (result.code, result.out) == (130, "")
    assert result.err.strip() == "Interrupted."
    assert os.listdir() == [data]


def test_ctrl_c_ends_a_real_process_at_once(environment, data, tmp_path) -> None:
    out, err = tmp_path / "streams" / "out", tmp_path / "streams" / "err"
    out.parent.mkdir()
    args = ["estimate", data, "--plugin", "fake-slow", "-o", "r.json"]
    process = started("-m", "mmg_cli", *args, out=out, err=err, environment=environment)
    wait_for(lambda: out.exists() and out.read_text() == "training\n", still=process.is_alive)
    os.kill(process.pid or 0, signal.SIGINT)
    assert finished(process) == 130
    assert err.read_text().strip() == "Interrupted."
    assert set(os.listdir()) == {data, "streams"}


def test_a_real_process_prints_one_document(environment, data) -> None:
    done = python("-m", "mmg_cli", "estimate", data, "--plugin", "gauss", "--json", "-q", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["plugin"]["name"] == "gauss"


# --- the report -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (Estimate(mi=math.inf, status="infinite"), "infinite"),
        (Estimate(mi=0.0, std_error=0.0, status="exact"), "0.0000 nats, exactly"),
        (Estimate(mi=0.5), "0.5000 nats, without an interval"),
        (Estimate(mi=1.0, std_error=0.1, ci_level=0.9, unit="bits"), "1.0000 bits, 90 % interval 0.8355 to 1.1645"),
    ],
)
def test_the_headline_says_what_kind_of_number_it_is(result: Estimate, text: str) -> None:
    assert headline(result) == text


def test_a_bare_estimate_still_makes_a_table() -> None:
    rows = dict(table(Estimate(mi=0.5)))
    assert rows["standard error"] == "none"
    assert rows["plugin"] == "unknown"


def test_diagnostics_are_one_line_each_and_long_lists_are_counted() -> None:
    found = Estimate(mi=0.5, diagnostics={"window": [-1.0, 1.0], "history": [{"step": 1}], "fit": {"steps": 3}})
    rows = dict(table(found, level=1))
    assert rows["window"] == "[-1.0, 1.0]"
    assert rows["history"] == "a list of 1, in the JSON"
    assert rows["fit.steps"] == "3"


class Terminal:
    """A stdout that claims to be a terminal."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_colour", "styled"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colour_unless_it_is_unwanted(monkeypatch, no_colour: dict[str, str], styled: bool) -> None:
    from mmg_cli.report import print_estimate

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)  # set and empty, it means no colour to Rich before 14 alone
    for name, value in no_colour.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    print_estimate(Estimate(mi=0.5, std_error=0.1, warnings=["Something [is] odd."]), json=False)
    assert "0.5000 nats" in terminal.text
    assert "Something [is] odd." in terminal.text
    assert ("\x1b[33m" in terminal.text) == styled


@pytest.mark.parametrize("name", ["v.npz", "v.csv", "v.parquet"])
def test_what_rows_say_is_written_in_the_unit_that_was_asked_for(estimate, data, name) -> None:
    result = estimate(data, "--pointwise", name, "--unit", "bits", "--json", plugin="gaussian")
    found = read_rows(name)
    assert len(found) == 400
    assert found["pmi"].mean() == pytest.approx(document(result)["mi"])
    assert (found["std_error"] >= found["noise"]).all()
    assert set(found["unit"]) == {"bits"}


def read_rows(name: str) -> pd.DataFrame:
    if name.endswith(".npz"):
        with np.load(name) as arrays:
            return pd.DataFrame({key: arrays[key] for key in arrays.files})
    return pd.read_csv(name) if name.endswith(".csv") else pd.read_parquet(name)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (["--pointwise", "v.txt"], "not written as '.txt'"),
        (["--pointwise", "none/v.csv"], "given to --pointwise cannot be written"),
        (["--pointwise", "v.csv", "--extrapolate", 3], "leave one of the two out"),
        (["--pointwise", "v.csv", "--given", "a", "-p", "doe"], "leave it or --given out"),
        (["--pointwise", "v.csv", "-p", "infonce"], "no log-density ratio of single rows"),
    ],
)
def test_values_of_rows_that_cannot_be_are_refused_before_the_data_are_read(estimate, how, sentence) -> None:
    result = estimate("missing.csv", *how, plugin="gaussian")
    assert result.code == 2
    assert sentence in result.err


def test_an_answer_without_an_estimate_has_no_rows_to_write(estimate) -> None:
    x = np.random.default_rng(0).standard_normal((100, 1))
    np.savez("copies.npz", x=x, y=x)
    result = estimate("copies.npz", "--pointwise", "v.csv", plugin="gaussian")
    assert "Nothing was written to v.csv: the answer is known" in result.err
    assert not os.path.exists("v.csv")
