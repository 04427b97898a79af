"""Every decision says why, with what evidence and what follows, and stands in the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from places import ROOT

FOLDER = ROOT / "docs" / "decisions"
INDEX = FOLDER / "README.md"
DECISIONS = sorted(path for path in FOLDER.glob("*.md") if path != INDEX)


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_four_parts_in_turn(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    parts = re.findall(r"^\*\*(\w+)(?:, for now)?\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Evidence", "Consequences"]
    assert text.startswith("# ")


def test_the_index_lists_every_decision_once() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", INDEX.read_text(encoding="utf-8"))
    assert sorted(listed) == [path.name for path in DECISIONS]
