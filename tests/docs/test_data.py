"""docs/data.md is run as it stands, and its table of formats names every suffix that is read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from forked import python
from guides import FENCE, commands, fits
from places import ROOT

from mmg_registry.data import as_pair, clean
from mmg_registry.data.reading import SUFFIXES
from mmg_registry.estimation.encoding import encoding_for
from mmg_registry.registry import load_plugin

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


WIDE = {"COLUMNS": "120"}


CONSOLE = [pair for kind, _, block in BLOCKS if kind == "console" for pair in commands(block)]


@pytest.mark.parametrize(("command", "said"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_commands_print_what_the_page_says(folder: Path, command: str, said: str) -> None:
    program, *args = shlex.split(command)
    assert program == "mmg"
    done = python("-m", "mmg_cli", *args, folder=folder, environment=WIDE, together=True)
    assert fits(done.stdout, said), done.stdout
    assert done.returncode == (4 if "Error:" in said else 0)


def test_the_script_runs(folder: Path) -> None:
    ((script,),) = [[block] for kind, words, block in BLOCKS if (kind, words) == ("python", "runs")]
    done = python("-c", script, folder=folder, together=True)
    assert done.stdout.splitlines() == [
        "(200, 2) ('height', 'weight') ('200 of 400 rows fulfil --where.',)",
        "(400, 1)",
        "400",
        "(8, 8)",
    ]


# The kind of each column that the page's table of kinds speaks of, and into how many columns of gaussian it is coded.
KINDS: dict[str, tuple[Callable[[np.random.Generator, int], Any], int]] = {
    "continuous": (lambda r, n: r.normal(size=n), 1),
    "count": (lambda r, n: r.poisson(40, n), 1),
    "category": (lambda r, n: r.choice(["red", "green", "blue"], n), 2),
    "mixed": (lambda r, n: np.maximum(r.normal(size=n), 0), 1),
    "angle": (lambda r, n: r.uniform(-3, 3, n), 2),
}


def test_every_kind_has_its_row_and_reaches_an_estimator_as_it_says() -> None:
    table = TEXT.split("## Kinds of columns")[1].split("```")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(KINDS)
    rng = np.random.default_rng(0)
    for kind, (draw, width) in KINDS.items():
        told = {"x": kind} if kind == "angle" else {}
        pair = clean(as_pair(draw(rng, 400), rng.normal(size=400)), kinds=told).pair
        assert pair.x_kinds[0].name == kind
        assert encoding_for(load_plugin("gaussian"), pair)(pair).x.shape[1] == width


def test_every_suffix_has_its_row() -> None:
    table = "\n".join(line.split("|")[1] for line in TEXT.split("## Columns")[0].splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`(\.\w+)`", table))
    assert named == set(SUFFIXES)


def test_every_option_of_text_has_its_row(folder: Path) -> None:
    said = python("-m", "mmg_cli", "estimate", "--help", folder=folder, environment=WIDE).stdout
    for option in re.findall(r"^\| `(--\w+)` \|", TEXT, re.MULTILINE):
        assert option in said
