"""`mmg rank` and `mmg compare` through the whole program: tables, files, pictures, folders."""

from __future__ import annotations

import json
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
