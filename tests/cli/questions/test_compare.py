"""`mmg compare` through the whole program: the table, its verdict, its files and its picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmg_cli.program import run

X, E = np.random.default_rng(0).standard_normal((2, 1000))
COMMAND = ["compare", "table.csv", "--x", "x", "--seed", "0", "--threads", "1", "-p", "ksg, gaussian"]


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"x": X, "line": X + E, "bent": X**2 + 0.1 * E}).to_csv("table.csv", index=False)


def test_agreement_is_the_verdict_and_the_picture_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*COMMAND, "--y", "line", "--plot", "found.svg", "-o", "found.json"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed[:3]] == ["PLUGIN", "ksg", "gaussian"]
    assert printed[-1].startswith("verdict  All intervals overlap")
    assert Path("found.svg").read_bytes().startswith(b"<?xml")
    assert json.loads(Path("found.json").read_text())["kind"] == "compare"


def test_a_difference_is_a_warning_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*COMMAND, "--y", "bent", "--unit", "bits"]) == 0
    printed = capsys.readouterr().out
    assert "warning  'gaussian'" in printed
    assert "jointly normal" in printed
    assert "verdict" not in printed


def test_one_plugin_is_no_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*COMMAND, "-p", "ksg", "--y", "line"]) == 2
    assert "two plugins or more" in capsys.readouterr().err
