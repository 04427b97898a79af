"""docs/questions/test.md says what its commands and its example print."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from guides import FENCE, commands, fits
from places import ROOT

TEXT = (ROOT / "docs" / "questions" / "test.md").read_text(encoding="utf-8")
BLOCKS = [(kind, words, block) for kind, words, block in FENCE.findall(TEXT)]


def printed(folder: Path, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, *args], cwd=folder, env={**os.environ, "COLUMNS": "120"}, text=True, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout


def test_the_page_says_what_its_blocks_print(tmp_path: Path) -> None:
    shutil.copy(ROOT / "benchmarks" / "data" / "nuclei.csv", tmp_path)
    said = ""
    for kind, words, block in BLOCKS:
        if kind == "console":
            for command, output in commands(block):
                found = printed(tmp_path, "-m", "mmg_cli", *shlex.split(command)[1:])
                assert fits(found, output), found
        elif words == "runs":
            said = printed(tmp_path, "-W", "ignore", "-c", block)
        elif kind == "text":
            assert fits(said, block), said
