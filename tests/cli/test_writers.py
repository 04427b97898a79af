"""`-o FILE` of another extension than .json: a hook plugin writes it, or it is refused before anything is read."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import install

from mmg_registry import hooks

WRITERS = """
from mmg_registry import hookimpl

def line(result, path):
    with open(path, "w") as file:
        file.write(f"{type(result).__name__} {path.endswith('.line')}")

def half(result, path):
    with open(path, "w") as file:
        file.write("half")
    raise RuntimeError("the pen broke")

@hookimpl
def mmg_writers():
    return {".line": line, ".half": half, ".none": lambda result, path: None, ".two.line": half}
"""


@pytest.fixture(autouse=True)
def writing(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    site = tmp_path_factory.mktemp("site")
    install(site, "pens", "1.0", {"mmg.plugins/pens": "pens_module"}, {"pens_module": WRITERS})
    monkeypatch.syspath_prepend(str(site))
    sys.modules.pop("pens_module", None)
    hooks.reset()
    yield
    hooks.reset()


def test_the_plugin_writes_the_estimate(estimate: Callable[..., Any], data: str) -> None:
    result = estimate(data, "-o", "r.LINE", "--json")
    assert (result.code, json.loads(result.out)["status"]) == (0, "estimated")
    assert Path("r.LINE").read_text() == "Estimate False"
    assert estimate(data, "-o", "r.line").code == 0
    assert Path("r.line").read_text() == "Estimate True"
    assert sorted(os.listdir()) == ["data.npz", "r.LINE", "r.line"]


def test_the_plugin_writes_the_bound(mmg: Callable[..., Any]) -> None:
    assert mmg("bound", "-m", "gaussian-channel", "-p", "iwae", "-n", 4, "--set", "chains=4", "-o", "b.line").code == 0
    assert Path("b.line").read_text() == "Bound True"


@pytest.mark.parametrize("name", ["r.json", "r.JSON", "r"])
def test_json_needs_no_plugin(estimate: Callable[..., Any], data: str, name: str) -> None:
    assert estimate(data, "-o", name).code == 0
    assert json.loads(Path(name).read_text())["schema"] == "mmg/estimate/1"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("r.jsn", "Nothing writes '.jsn', the end of 'r.jsn'; the nearest is '.json'."),
        ("r.xyz", "Nothing writes '.xyz', the end of 'r.xyz'; known are .half, .json, .line, .none, .two.line."),
    ],
)
def test_an_extension_that_nobody_writes_is_refused_before_the_data_are_read(
    mmg: Callable[..., Any], estimate: Callable[..., Any], name: str, told: str
) -> None:
    for result in (estimate("never-read.npz", "-o", name), mmg("bound", "-m", "never-read.py:M", "-o", name)):
        assert (result.code, result.out, result.err) == (2, "", f"Error: {told}\n")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("r.half", "by 'pens' of pens 1.0 (RuntimeError: the pen broke). (-vv prints the traceback.)"),
        ("r.none", "by 'pens' of pens 1.0: it made no file."),
    ],
)
def test_a_writer_that_fails_leaves_the_former_file_and_the_printed_result(
    estimate: Callable[..., Any], data: str, name: str, told: str
) -> None:
    Path(name).write_text("before")
    result = estimate(data, "-o", name, "--json", "-q")
    assert (result.code, json.loads(result.out)["status"]) == (1, "estimated")
    assert result.err == f"Error: The result could not be written {told}\n"
    assert Path(name).read_text() == "before"
    assert sorted(os.listdir()) == ["data.npz", name]


def test_a_folder_that_is_missing_is_one_sentence(estimate: Callable[..., Any], data: str) -> None:
    result = estimate(data, "-o", "no/r.line", "-q")
    told = (
        "Error: The file given to -o cannot be written: the folder of 'no/r.line' does not exist; give another path.\n"
    )
    assert (result.code, result.out, result.err) == (2, "", told)


def test_of_two_ends_that_fit_the_longer_one_counts(estimate: Callable[..., Any], data: str) -> None:
    assert "the pen broke" in estimate(data, "-o", "r.TWO.line", "-q").err
    assert estimate(data, "-o", "two.line", "-q").code == 0
