"""`mmg lags`, `mmg transfer` and `mmg storage` through the whole program, and their pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from series import driven

from mmg_cli.questions.series_plot import draw_series
from mmg_registry.quantity import Quantity

QUICK = ["--seed", "0", "--threads", "1", "--shifts", "99"]


@pytest.fixture
def file(tmp_path: Path) -> str:
    a, b = driven(800, np.random.default_rng(0))
    table = pd.DataFrame({"when": np.arange(800), "who": np.repeat(["u", "v"], 400), "a": a, "b": b})
    table.sample(frac=1.0, random_state=0).to_csv(tmp_path / "s.csv", index=False)
    return str(tmp_path / "s.csv")


def test_lags_prints_the_best_lag_all_lags_and_why(mmg: Callable[..., Any], file: str) -> None:
    done = mmg("lags", file, "--x", "a", "--y", "b", "--time", "when", "--lags", "2:4", *QUICK)
    assert done.code == 0
    lines = [line.split("  ")[0] for line in done.out.splitlines()]
    assert lines[:4] == [f"I(a[t-{lag}]; b[t])" for lag in (3, 2, 3, 4)]
    assert "Lag 3 tells most of 3" in done.out


def test_transfer_writes_json_and_a_picture(mmg: Callable[..., Any], file: str, tmp_path: Path) -> None:
    out, plot = tmp_path / "found.json", tmp_path / "found.svg"
    done = mmg(
        "transfer", file, "--source", "a", "--target", "b", "--time", "when", "--trial", "who", "--lags", "1:4",
        "--json", "-o", str(out), "--plot", str(plot), *QUICK,
    )  # fmt: skip
    document = json.loads(done.out)
    assert document == json.loads(out.read_text())
    assert (document["diagnostics"]["lags"], document["series"]["trials"]) == ([3], 2)
    assert plot.read_text().startswith("<?xml")


def test_each_screens_pair_by_pair_and_draws_a_map(mmg: Callable[..., Any], file: str) -> None:
    done = mmg(
        "transfer", file, "--source", "a,b", "--target", "a,b", "--each", "--time", "when", "--lags", "1:4", "--json",
        *QUICK,
    )  # fmt: skip
    found = Quantity.from_dict(json.loads(done.out))
    assert (found.parts[0].diagnostics["source"], found.parts[0].diagnostics["lag"]) == ("a", 3)
    figure = draw_series(found)
    assert [text.get_text() for text in figure.axes[0].texts] == ["3"]


def test_each_records_its_seed_and_v_prints_diagnostics(mmg: Callable[..., Any], file: str) -> None:
    words = ("--source", "a", "--target", "b", "--each", "--time", "when", "--lags", "3", "-v", *QUICK)
    printed = mmg("transfer", file, *words).out.splitlines()
    assert [line.split() for line in printed if line.startswith(("seed", "null.shifts"))] == [
        ["seed", "0"],
        ["null.shifts", "99"],
    ]


def test_storage_prints_the_gains_of_its_steps(mmg: Callable[..., Any], file: str) -> None:
    done = mmg("storage", file, "--x", "a", "--history", "2", "--time", "when", *QUICK)
    assert done.code == 0
    assert done.out.startswith("I(a[t]; a[t-1 .. t-2])")
    assert "of a[t-1 .. t-2]" in done.out


def test_the_picture_has_the_band_and_what_shifted_sources_reach(mmg: Callable[..., Any], file: str) -> None:
    done = mmg(
        "lags", file, "--x", "a", "--y", "b", "--time", "when", "--lags", "2:4", "--json", "--unit", "bits", *QUICK
    )
    found = Quantity.from_dict(json.loads(done.out))
    (axes,) = draw_series(found).axes
    dashed = next(line for line in axes.lines if line.get_linestyle() == "--")
    assert dashed.get_ydata()[0] == pytest.approx(found.diagnostics["null"]["threshold"] / np.log(2))
    assert axes.get_ylabel() == "bits"
    assert len(axes.collections) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["lags", "--x", "a"], 2, "Name the columns of the series by --y."),
        (["transfer"], 2, "Name the columns of the series by --source and --target."),
        (
            ["transfer", "--source", "a", "--target", "b", "--lags", "0:3"],
            2,
            "'--lags' begin at 0 and must be 1 or more",
        ),
        (["lags", "--x", "a", "--y", "b", "--lags", "x"], 2, "'x' among '--lags' is no lag"),
        (["lags", "--x", "a", "--y", "b", "--shifts", "5"], 2, "The option '--shifts' is 5 and must be"),
        (
            ["lags", "--x", "a", "--y", "b", "--set", "k=3"],
            2,
            "--set gives options of an estimator; name it by --plugin",
        ),
        (["storage", "--x", "a", "--time", "who"], 4, "The times 'who' hold text that is no date"),
        (["storage", "--x", "zz"], 4, "it has no column 'zz'"),
        (["lags", "--x", "a", "--y", "b", "--trial", "who", "--lags", "399"], 4, "Only 2 of the 800 rows of"),
        (["lags", "--x", "a", "--y", "b", "--trial", "who", "--lags", "400"], 4, "is longer than every trial of"),
        (["transfer", "--source", "a", "--target", "b", "--each", "--every-lag"], 2, "leave one of the two out"),
        (
            ["transfer", "--source", "a", "--target", "b", "--each", "--plugin", "ksg"],
            2,
            "no estimator, and --plugin does",
        ),
        (
            ["transfer", "--source", "a", "--target", "b", "--given-history", "2"],
            2,
            "steps of --given, which is absent",
        ),
    ],
)
def test_bad_input_is_one_sentence(mmg: Callable[..., Any], file: str, words: list[str], code: int, said: str) -> None:
    done = mmg(words[0], file, *words[1:])
    assert done.code == code
    assert said in done.err
    assert done.err.count("\n") == 1
