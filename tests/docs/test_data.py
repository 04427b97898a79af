"""docs/data.md is run as it stands, and its table of formats names every suffix that is read."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from guides import FENCE, commands, fits
from places import ROOT

from mmg_registry.data.reading import SUFFIXES

TEXT = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
BLOCKS = [(kind, words, block) for kind, words, block in FENCE.findall(TEXT)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that the page speaks of."""
    rng = np.random.default_rng(0)
    people = pd.DataFrame(rng.normal(size=(400, 3)), columns=["height", "weight", "age"])
    people.assign(age=people["age"] + people["height"], site=["A", "B"] * 200).to_csv(
        tmp_path / "people.csv", index=False
    )
    for name in ("jan.csv", "feb.csv"):
        pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"]).to_csv(tmp_path / name, index=False)
    walks = rng.normal(size=(600, 2)).cumsum(axis=0)
    pd.DataFrame(walks, columns=["a", "b"]).to_csv(tmp_path / "walks.csv", index=False)
    pd.DataFrame(rng.integers(0, 50, size=(300, 3))).to_csv(tmp_path / "counts.csv", index=False)
    return tmp_path


def python(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args], cwd=folder, env={**os.environ, "COLUMNS": "120"}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


CONSOLE = [pair for kind, _, block in BLOCKS if kind == "console" for pair in commands(block)]


@pytest.mark.parametrize(("command", "said"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_commands_print_what_the_page_says(folder: Path, command: str, said: str) -> None:
    program, *args = shlex.split(command)
    assert program == "mmg"
    done = python(folder, "-m", "mmg_cli", *args)
    assert fits(done.stdout, said), done.stdout
    assert done.returncode == (4 if "Error:" in said else 0)


def test_the_script_runs(folder: Path) -> None:
    ((script,),) = [[block] for kind, words, block in BLOCKS if (kind, words) == ("python", "runs")]
    done = python(folder, "-c", script)
    assert done.stdout.splitlines() == [
        "(200, 2) ('height', 'weight') ('200 of 400 rows fulfil --where.',)",
        "(400, 1)",
        "(8, 8)",
    ]


def test_every_suffix_has_its_row() -> None:
    table = "\n".join(line.split("|")[1] for line in TEXT.split("## Columns")[0].splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`(\.\w+)`", table))
    assert named == set(SUFFIXES)


def test_every_option_of_text_has_its_row(folder: Path) -> None:
    said = python(folder, "-m", "mmg_cli", "estimate", "--help").stdout
    for option in re.findall(r"^\| `(--\w+)` \|", TEXT, re.MULTILINE):
        assert option in said
