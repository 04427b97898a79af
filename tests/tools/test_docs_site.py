"""The site: links of pages lead to where it has the files, its reference names everything, and it builds."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import docs_site
import pytest
from places import ROOT

import mmg_registry as mmg

WORDS = 1_500  # of the README: what a stranger reads in five minutes


@pytest.mark.parametrize(
    ("link", "where", "wanted"),
    [
        ("docs/data.md#labels", "README.md", "data.md#labels"),
        ("../README.md", "docs/data.md", "index.md"),
        ("../data.md", "docs/questions/test.md", "../data.md"),
        ("../benchmarks/results/demo.png", "docs/how-it-works.md", "benchmarks/results/demo.png"),
        ("../../plugins/example", "docs/decisions/critics.md", "../plugins/example/README.md"),
        ("https://x.org/docs/data.md", "README.md", "https://x.org/docs/data.md"),
        ("#here", "README.md", "#here"),
    ],
)
def test_a_link_leads_to_where_the_site_has_the_file(link: str, where: str, wanted: str) -> None:
    assert docs_site.moved(f"a [b]({link}) c", where) == f"a [b]({wanted}) c"


def test_files_of_linked_pages_come_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs_site, "ROOT", tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.md").write_text("[b](b.json) [gone](gone.json)")
    (tmp_path / "more" / "b.json").write_text("{}")
    assert docs_site.everything([("docs/data.md", "[a](../more/a.md)")]) == {"more/a.md", "more/b.json"}


def test_the_reference_names_everything_that_the_package_exports() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "api").glob("*.md"))
    named = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    wanted = {f"{module}.{name}" for module, name in mmg._EXPORTS.values()}
    assert wanted - set(named) == set()
    assert len(named) == len(set(named))


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= WORDS


@pytest.mark.skipif(importlib.util.find_spec("mkdocstrings") is None, reason="mkdocs is not installed: `make docs`")
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path)], cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "index.html").is_file()
