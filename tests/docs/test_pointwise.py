"""docs/questions/pointwise.md is run as it stands, block after block in one folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from guides import FENCE, commands, fits
from places import ROOT

TEXT = (ROOT / "docs" / "questions" / "pointwise.md").read_text(encoding="utf-8")
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
        if named := re.fullmatch(r"file=(\S+)", words):
            (tmp_path / named.group(1)).write_text(block, encoding="utf-8")
        elif kind == "console":
            for command, output in commands(block):
                found = printed(tmp_path, "-m", "mmg_cli", *shlex.split(command)[1:])
                assert fits(found, output), found
        elif kind == "python":
            said = printed(tmp_path, "-W", "ignore", "-c", block)
        else:
            assert kind == "text"
            assert fits(said, block), said
