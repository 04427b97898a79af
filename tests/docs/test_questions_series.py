"""docs/questions/series.md is run as it stands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from guides import FENCE, commands, fits
from places import ROOT
from series import driven

TEXT = (ROOT / "docs" / "questions" / "series.md").read_text(encoding="utf-8")
BLOCKS = [(kind, block) for kind, _, block in FENCE.findall(TEXT)]
CONSOLE = [pair for kind, block in BLOCKS if kind == "console" for pair in commands(block)]


def python(folder: Path, *args: str) -> str:
    environment = {**os.environ, "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *args], cwd=folder, env=environment, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(("command", "said"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_commands_print_what_the_page_says(tmp_path: Path, command: str, said: str) -> None:
    a, b = driven(1_500, np.random.default_rng(0))
    pd.DataFrame({"a": a, "b": b}).to_csv(tmp_path / "drive.csv", index=False)
    printed = python(tmp_path, "-m", "mmg_cli", *shlex.split(command)[1:])
    assert fits(printed, said), printed


def test_the_example_runs(tmp_path: Path) -> None:
    (block,) = (block for kind, block in BLOCKS if kind == "python")
    assert python(tmp_path, "-W", "ignore", "-c", block) == ""
