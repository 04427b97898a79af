"""`mmg entropy`, `mmg divergence` and `mmg interactions`, through the program."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmg_cli.program import run


@pytest.fixture
def table(tmp_path: Path) -> str:
    rows = np.random.default_rng(0).standard_normal((400, 3))
    path = tmp_path / "a.csv"
    pd.DataFrame(np.column_stack([rows, rows.sum(1) + rows[::-1, 0]]), columns=list("abcd")).to_csv(path, index=False)
    return str(path)


def test_entropy_prints_json(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["entropy", table, "--x", "a", "--given", "b", "-p", "neighbours", "--seed", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["symbol"] == "h(a | b)"


def test_divergence_names_the_files(table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "b.csv"
    (pd.read_csv(table) + 0.5).to_csv(other, index=False)
    assert run(["divergence", table, str(other), "--x", "a", "-p", "neighbours", "--seed", "0"]) == 0
    assert "D(a.csv || b.csv)" in capsys.readouterr().out


def test_interactions_take_columns(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["interactions", table, "--columns", "a,b,d", "-p", "gaussian", "--seed", "0"]) == 0
    assert "Omega(a, b, d)" in capsys.readouterr().out


def test_a_wrong_plugin_and_a_contradiction_have_their_exit_codes(table: str) -> None:
    assert run(["entropy", table, "-p", "gaussian"]) == 3
    assert run(["interactions", table, "--columns", "a,b,d", "--variable", "a"]) == 2
