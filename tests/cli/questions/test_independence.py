"""`mmg test`, from its options to what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmg_cli.program import run


@pytest.fixture
def table(tmp_path: Path) -> str:
    z, e, f = np.random.default_rng(0).standard_normal((3, 200))
    path = tmp_path / "rows.csv"
    np.savetxt(path, np.stack([z + 0.5 * e, z + 0.5 * f, z], axis=1), delimiter=",", header="a,b,c", comments="")
    return str(path)


def test_p_and_method_are_printed(table: str, capsys) -> None:
    assert run(["test", table, "--x", "a", "--y", "b", "--seed", "0"]) == 0
    out = capsys.readouterr().out
    assert "p = 0.001" in out
    assert "moments of features, exchanging rows, 999 times" in out


def test_given_columns_are_given(table: str, capsys) -> None:
    assert run(["test", table, "--x", "a", "--y", "b", "--given", "c", "--seed", "0", "--json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["symbol"] == "I(x; y | z)"
    assert found["p_value"] > 0.01


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--permutations", "0"], 2, "'--permutations' is 0"),
        (["-p", "mine", "--given", "c"], 2, "estimates no conditional information"),
        (["--set", "k=0"], 2, "The option 'k' of 'ksg' is refused"),
        (["--given", "d"], 4, "d"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(table: str, capsys, more: list[str], code: int, words: str) -> None:
    assert run(["test", table, "--x", "a", "--y", "b", *more]) == code
    assert words in capsys.readouterr().err
