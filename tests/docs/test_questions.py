"""Pages of docs/questions are run as they stand, block after block in one folder; only a `sketch` is not run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from guides import FENCE, commands, fits
from places import ROOT

PAGES = ["compare", "conditional", "divergence", "entropy", "interactions", "pairs", "pointwise", "rank", "test"]


def printed(folder: Path, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, *args], cwd=folder, env={**os.environ, "COLUMNS": "120"}, text=True, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_page_says_what_its_blocks_print(page: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "benchmarks" / "data" / "nuclei.csv", tmp_path)
    said, text = "", (ROOT / "docs" / "questions" / f"{page}.md").read_text(encoding="utf-8")
    for kind, words, block in FENCE.findall(text):
        if named := re.fullmatch(r"file=(\S+)", words):
            (tmp_path / named.group(1)).write_text(block, encoding="utf-8")
        elif kind == "console":
            for command, output in commands(block):
                found = printed(tmp_path, "-m", "mmg_cli", *shlex.split(command)[1:])
                assert fits(found, output), found
        elif kind == "python" and words != "sketch":
            said = printed(tmp_path, "-W", "ignore", "-c", block)
        elif kind == "text":
            assert fits(said, block), said
