"""Links between the documents lead somewhere, headings included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT

FOLDERS = ("benchmarks", "changelog", "docs", "plugins")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))])


def links(text: str) -> Iterator[tuple[str, str]]:
    """Path and heading of every link that is not an address; pictures too."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            path, _, heading = target.partition("#")
            yield path, heading


def headings(text: str) -> set[str]:
    """Headings as links name them."""
    found = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def leads_nowhere(document: Path, path: str, heading: str) -> bool:
    target = (document.parent / path) if path else document
    return not target.exists() or bool(heading and heading not in headings(target.read_text(encoding="utf-8")))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    found = links(document.read_text(encoding="utf-8"))
    assert [link for link in found if leads_nowhere(document, *link)] == []


def test_broken_links_would_be_seen(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("# One `two`\n[1](a.md) [2](gone.md) [3](#one-two) [4](a.md#three) [5](https://x.org/gone.md)")
    broken = [link for link in links(document.read_text()) if leads_nowhere(document, *link)]
    assert broken == [("gone.md", ""), ("a.md", "three")]


def test_the_readme_leads_to_every_document_for_people() -> None:
    linked = {path for path, _ in links((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert linked >= {
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "benchmarks/README.md",
        "docs/decisions/README.md",
        "docs/glossary.md",
        "docs/write-an-estimator.md",
    }
