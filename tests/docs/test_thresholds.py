"""The page of thresholds holds every constant of the layers below `auto`, with its value."""

from __future__ import annotations

import ast
import importlib
import re
from numbers import Number
from pathlib import Path
from typing import Any

from places import ROOT

PAGE = (ROOT / "docs" / "thresholds.md").read_text(encoding="utf-8")
LAYERS = ("preprocess", "diffusion", "training")
NOT_CHOSEN = {"training.evaluation.OBJECTIVE", "training.evaluation.ESTIMATE", "diffusion.learner.DIRECT"}  # columns
NOT_CHOSEN |= {"preprocess.pair.STATE_VERSION"}  # of a file
NOT_CHOSEN |= {"diffusion.row_ratios.BITS", "diffusion.row_ratios.ROW_SHIFT"}  # of random words


def is_number(value: Any) -> bool:
    return isinstance(value, Number) or (isinstance(value, tuple) and all(map(is_number, value)))


def own_names(path: Path) -> list[str]:
    """Return the public constants that a module assigns at its top."""
    nodes = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
    names = [each.id for node in nodes for target in node.targets for each in ast.walk(target) if hasattr(each, "id")]
    return [name for name in names if name.isupper() and not name.startswith("_")]


def in_sources() -> dict[str, str]:
    """Return the numbers among the constants of all layers, as Python writes them, by layer, module and name."""
    found = {}
    for layer in LAYERS:
        for path in sorted((ROOT / "mmg_registry" / layer).glob("*.py")):
            module = importlib.import_module(f"mmg_registry.{layer}.{path.stem}".removesuffix(".__init__"))
            found |= {f"{layer}.{path.stem}.{name}": getattr(module, name) for name in own_names(path)}
    return {name: repr(value) for name, value in found.items() if is_number(value) and name not in NOT_CHOSEN}


def on_page() -> dict[str, str]:
    """Return the values on the page by layer, module and name."""
    found = {}
    for section in PAGE.split("\n## ")[1:]:
        layer = re.search(r"`mmg_registry\.(\w+)`", section)
        assert layer
        cells = re.findall(r"^\| `([\w.]+)` \| `([^`]+)`", section, re.MULTILINE)
        found |= {f"{layer[1]}.{name}": value for name, value in cells}
    return found


def test_the_page_and_the_sources_agree() -> None:
    assert on_page() == in_sources()


def test_every_constant_has_unit_evidence_and_both_effects() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    assert {len(row) for row in rows} == {6}
    assert all(cell.strip() for row in rows for cell in row)
