"""docs/write-an-estimator.md is run as it stands: its commands, its files, its outputs.

A fence says what to do with its block: `console` runs the lines after "$ " and compares what they print with the lines
that follow ("..." stands for anything, blanks do not count); `writes FILE` makes a file, `shows FILE` must be a part of
it, and `runs` is a script.
"""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from forked import python
from guides import FENCE, commands, fits
from places import ROOT

from mmg_registry.testing import CHECKS

GUIDE = ROOT / "docs" / "write-an-estimator.md"
TEXT = GUIDE.read_text(encoding="utf-8")
INSTALL = ("--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation", "--no-compile")
PROGRAMS = {"mmg": "mmg_cli", "pytest": "pytest"}


class Shell:
    """Runs the guide's programs in a folder; what it installs goes to a folder of its own beside the sources."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, [str(folder / "site")]

    def __call__(self, command: str) -> subprocess.CompletedProcess[str]:
        program, *args = shlex.split(command)
        if program == "pip":
            return self._install(args[-1])
        return self._python("-m", PROGRAMS[program], *args)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        return self._python("-c", script)

    def _install(self, source: str) -> subprocess.CompletedProcess[str]:
        """In place of an editable installation, which would change the tests' own environment."""
        self.path.insert(0, str(self.folder / source))
        command = [sys.executable, "-m", "pip", "install", *INSTALL, "--target", str(self.folder / "site")]
        return subprocess.run(
            [*command, f"./{source}"], cwd=self.folder, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def _python(self, *args: str) -> subprocess.CompletedProcess[str]:
        environment = {"PYTHONPATH": os.pathsep.join(self.path), "COLUMNS": "120"}
        return python(*args, folder=self.folder, environment=environment, together=True)


def console(shell: Shell, _: str, block: str) -> None:
    for command, said in commands(block):
        done = shell(command)
        assert fits(done.stdout, said), f"$ {command}\n{done.stdout}"
        assert (done.returncode != 0) == ("Error:" in said), f"$ {command}\n{done.stdout}"


def writes(shell: Shell, path: str, block: str) -> None:
    (shell.folder / path).parent.mkdir(exist_ok=True)
    (shell.folder / path).write_text(block, encoding="utf-8")


def shows(shell: Shell, path: str, block: str) -> None:
    assert block in (shell.folder / path).read_text(encoding="utf-8")


def runs(shell: Shell, _: str, block: str) -> None:
    done = shell.run(block)
    assert done.returncode == 0, done.stdout


ACTIONS: dict[str, Callable[[Shell, str, str], None]] = {"writes": writes, "shows": shows, "runs": runs, "": console}


@pytest.mark.skipif(not all(map(find_spec, ("pip", "setuptools"))), reason="pip and setuptools build the plugin")
def test_the_guide_works_from_top_to_bottom(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    for language, info, block in FENCE.findall(TEXT):
        action, _, path = info.partition(" ")
        assert action or language == "console", f"a block of {language} says not what to do with it"
        ACTIONS[action](shell, path, block)


def test_the_guide_lists_every_check_in_its_own_words() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT, re.MULTILINE)
    assert rows == [(name, inspect.getdoc(check)) for name, check in CHECKS.items()]


def test_no_block_is_left_out() -> None:
    assert TEXT.count("```") == 2 * len(FENCE.findall(TEXT)) > 20


@pytest.mark.parametrize(
    ("printed", "said", "same"),
    [
        ("a  b\nc\n", "a b\nc", True),
        ("a b c d", "a ... d", True),
        ("a\nlong\ntext\nd\n", "a\n...\nd\n", True),
        ("a b", "a c", False),
        ("a b extra", "a b", False),
        ("anything", "...", True),
        ("", "", True),
        ("noise", "", False),
    ],
)
def test_outputs_are_compared_up_to_blanks_and_dots(printed: str, said: str, same: bool) -> None:
    assert fits(printed, said) is same
