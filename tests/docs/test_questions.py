"""Pages of docs/questions, and those on clusters and scikit-learn, are run as they stand, block after block.

Only a `sketch` is not run, and what is no block of the console, of Python or of a file.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from forked import python
from guides import FENCE, commands, fits
from places import ROOT

ASKED = ("compare", "conditional", "divergence", "entropy", "interactions", "pairs", "pointwise", "rank", "test")
PAGES = [*(f"questions/{name}" for name in ASKED), "clusters", "sklearn"]


def printed(folder: Path, *args: str) -> str:
    done = python(*args, folder=folder, environment={"COLUMNS": "120"}, together=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_page_says_what_its_blocks_print(page: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "benchmarks" / "data" / "nuclei.csv", tmp_path)
    said, text = "", (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
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
