"""What examples/README.md tells to type runs, on a small cut of the table."""

from __future__ import annotations

import runpy
import shlex
from pathlib import Path

import pytest
from guides import FENCE, commands
from places import ROOT

from mmg_cli.program import run

EXAMPLES = ROOT / "examples"
BLOCKS = FENCE.findall((EXAMPLES / "README.md").read_text(encoding="utf-8"))
COMMANDS = [command for kind, _, block in BLOCKS if kind == "console" for command, _ in commands(block)]


def test_features_of_a_real_table_are_ranked_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES / "diabetes.py"))["write"](Path("diabetes.csv"), rows=120)
    (command,) = [command for command in COMMANDS if command.startswith("mmg rank")]
    assert run([*shlex.split(command)[1:], "-p", "gaussian", "--top", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("STEP  FEATURE")
    assert printed[1].split()[1] in {"bmi", "s5", "bp"}
    assert {"sex", "age"} < {line.split()[0] for line in printed[2:]}
    assert Path("diabetes.png").stat().st_size > 1000
