"""Defaults of options come from the nearest file, and the command line goes before."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmg_cli.configuration import read


@pytest.fixture(autouse=True)
def data() -> None:
    x = np.random.default_rng(0).normal(size=(60, 1))
    np.savez("data.npz", x=x, y=x + np.random.default_rng(1).normal(size=(60, 1)))
    Path("mmg.toml").write_text('unit = "bits"\n[estimate]\nplugin = "gaussian"\nseed = 7\ndrop-nan = true\n')


def document(done) -> dict:
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_a_file_gives_defaults_and_the_command_line_goes_before(mmg) -> None:
    found = document(mmg("estimate", "data.npz", "--json", "--seed", 3))
    assert (found["plugin"]["name"], found["unit"], found["seed"]) == ("gaussian", "bits", 3)
    assert found["command"][1:5] == ["--plugin", "gaussian", "--drop-nan", "--unit"]


def test_it_is_left_out_on_request_and_said_with_v(mmg) -> None:
    plain = document(mmg("--no-config", "estimate", "data.npz", "--json", "-p", "gaussian"))
    assert (plain["unit"], plain["seed"]) == ("nats", 0)
    told = mmg("estimate", "data.npz", "--json", "-v").err
    assert f"Options from {Path('mmg.toml').absolute()}: --plugin gaussian" in told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[estimate]\nseeed = 1\n", "gives 'seeed', and 'mmg estimate' has no option --seeed; the nearest is 'seed'."),
        ("untis = 1\n", "the nearest is 'unit'."),
        ("a = \n", "cannot be read: Invalid value"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(mmg, text: str, sentence: str) -> None:
    Path("mmg.toml").write_text(text)
    done = mmg("estimate", "data.npz")
    assert (done.code, sentence in done.err) == (2, True), done.err


def test_pyproject_and_folders_above_are_looked_at(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (below / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert read(below).path == str(tmp_path / "mmg.toml")
    (below / "pyproject.toml").write_text("[tool.mmg]\nthreads = 2\n")
    assert read(below).values == {"threads": 2}
