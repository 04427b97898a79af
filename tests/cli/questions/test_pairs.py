"""`mmg pairs`, from its options to the table, the folder and the pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmg_cli.program import run
from mmg_cli.questions.pairs_plot import clustered, spring


@pytest.fixture
def table(tmp_path: Path) -> str:
    x, e, u = np.random.default_rng(0).standard_normal((3, 200))
    path = tmp_path / "rows.csv"
    pd.DataFrame({"u": u, "x": x, "bent": x**2 + 0.1 * e, "line": x + e}).to_csv(path, index=False)
    return str(path)


def test_the_first_pairs_are_printed_and_written(table: str, tmp_path: Path, capsys) -> None:
    out = tmp_path / "found.csv"
    assert run(["pairs", table, "-p", "ksg", "--top", "1", "--seed", "0", "-o", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["RANK", "X", "Y", "MI"]
    assert lines[1].split()[:3] == ["1", "x", "bent"]
    assert len(pd.read_csv(out)) == 6


def test_a_folder_has_edges_matrix_and_pictures(table: str, tmp_path: Path) -> None:
    folder = tmp_path / "found"
    command = ["pairs", table, "-p", "ksg", "--top", "0", "--seed", "0", "--out", str(folder), "-q"]
    assert run(command) == 0
    assert len(pd.read_parquet(folder / "edges.parquet")) == 6
    matrix = pd.read_parquet(folder / "matrix.parquet").set_index("column")
    assert matrix.loc["x", "bent"] == matrix.loc["bent", "x"] > 0.5
    assert all((folder / name).stat().st_size > 5000 for name in ("heatmap.png", "graph.png"))


def test_a_dry_run_writes_nothing(table: str, tmp_path: Path, capsys) -> None:
    assert run(["pairs", table, "-p", "ksg", "--dry-run", "--out", str(tmp_path / "none")]) == 0
    assert "6 pairs, 200 rows: about" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_rows_are_drawn_from_the_file(table: str, capsys) -> None:
    assert run(["pairs", table, "-p", "ksg", "--top", "0", "--seed", "0", "--rows", "60", "--json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["provenance"]["rows"] == 60
    assert "60 rows drawn at random (seed 0) of 200" in found["warnings"][0]


def test_json_is_the_table(table: str, capsys) -> None:
    assert run(["pairs", table, "-p", "ksg", "--top", "0", "--seed", "0", "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "pairs"


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--top", "-1"], 2, "'top' is -1"),
        (["--resume"], 2, "need --out"),
        (["--columns", "x"], 4, "fewer than two columns"),
        (["-p", "kgs"], 3, "ksg"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(table: str, capsys, more: list[str], code: int, words: str) -> None:
    assert run(["pairs", table, *more]) == code
    assert words in capsys.readouterr().err


def test_pictures_keep_together_what_depends() -> None:
    near = np.kron(np.eye(2), np.ones((3, 3)))
    mixed = near[np.ix_([0, 3, 1, 4, 2, 5], [0, 3, 1, 4, 2, 5])]
    order = clustered(mixed)
    assert {k % 2 for k in order[:3]} != {0, 1}
    places = spring(mixed - np.eye(6))
    inside = np.linalg.norm(places[0] - places[2])
    assert inside < np.linalg.norm(places[0] - places[1])
