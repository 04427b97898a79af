"""`mmg rank` and `mmg compare` through the whole program: tables, files, pictures, folders."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmg_cli.program import run
from mmg_registry.tables import AnswerTable

T, E = np.random.default_rng(0).standard_normal((2, 200))
QUICK = ["-p", "gaussian", "--seed", "0", "--threads", "1", "--blocks", "none"]


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"near": T + 0.3 * E, "far": E, "t": T}).to_csv("table.csv", index=False)


def test_the_table_is_printed_written_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rank", "table.csv", "--target", "t", *QUICK, "-o", "found.csv", "--plot", "found.png"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[:3] == ["RANK", "FEATURE", "MI"]
    assert printed[1].split()[1] == "near"
    assert pd.read_csv("found.csv")["feature"].tolist() == ["near", "far"]
    assert Path("found.png").stat().st_size > 1000


def test_json_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rank", "table.csv", "--target", "t", *QUICK, "--json", "--unit", "bits"]) == 0
    found = AnswerTable.from_dict(json.loads(capsys.readouterr().out))
    assert (found.kind, found.unit, found.provenance["target"]) == ("rank", "bits", ["t"])


def test_a_folder_keeps_rows_and_is_gone_on_with(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["rank", "table.csv", "--target", "t", *QUICK, "--out", "kept", "--engine", "joblib:threading"]
    assert run(command) == 0
    assert run(command) == 2
    assert "holds results already" in capsys.readouterr().err
    assert run([*command, "--resume"]) == 0


def test_rows_are_drawn_from_the_file_here_and_by_workers(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["rank", "table.csv", "--target", "t", *QUICK, "--rows", "60", "--json"]
    assert run(command) == run([*command, "--out", "kept", "--engine", "joblib:threading"]) == 0
    here, there = (json.loads(line) for line in re.split(r"(?<=^})\n(?={)", capsys.readouterr().out, flags=re.M))
    assert here["provenance"]["rows"] == 60
    assert here["rows"] == there["rows"]
    assert "60 rows drawn at random (seed 0) of 200" in here["warnings"][0]


def test_a_dry_run_forecasts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rank", "table.csv", "--target", "t", *QUICK, "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("2 features, 200 rows: about 0.0 minutes")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--resume"], "--resume and --engine need --out"),
        (["-o", "found.xls"], "not written as '.xls'"),
        (["--top", "0"], "'top' is 0"),
        (["--target", "u"], "u"),
    ],
)
def test_wrong_usage_is_one_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rank", "table.csv", "--target", "t", *words]) in (2, 4)
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert said in error


def test_a_picture_shows_what_is_infinite() -> None:
    from mmg_cli.questions.table_plot import draw_ranking
    from mmg_registry.ranking.answer import Ranking, RankOptions
    from mmg_registry.ranking.rows import read_features
    from mmg_registry.request import Request

    pair = read_features(pd.DataFrame({"copy": 2 * T, "near": T + E, "t": T}), "t", None, None)
    found = Ranking.of(pair, Request(plugin="gaussian", seed=0, threads=1), RankOptions()).table()
    figure = draw_ranking(found)
    assert [text.get_text() for text in figure.axes[0].texts] == ["infinite >"]
