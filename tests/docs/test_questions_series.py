"""docs/questions/series.md is run as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from guides import FENCE, commands, fits
from places import ROOT
from series import driven

from mmg_cli.program import run

TEXT = (ROOT / "docs" / "questions" / "series.md").read_text(encoding="utf-8")
BLOCKS = [(kind, block) for kind, _, block in FENCE.findall(TEXT)]
CONSOLE = [pair for kind, block in BLOCKS if kind == "console" for pair in commands(block)]


@pytest.mark.parametrize(("command", "said"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_commands_print_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, said: str
) -> None:
    a, b = driven(1_500, np.random.default_rng(0))
    pd.DataFrame({"a": a, "b": b}).to_csv(tmp_path / "drive.csv", index=False)
    monkeypatch.chdir(tmp_path)
    run(shlex.split(command)[1:])
    printed = capsys.readouterr()
    assert fits(printed.out or printed.err, said), printed


def test_the_example_runs() -> None:
    (block,) = (block for kind, block in BLOCKS if kind == "python")
    exec(compile(block, "series.md", "exec"), {})
