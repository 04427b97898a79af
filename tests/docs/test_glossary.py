"""Every word of the glossary is explained once, and lives in a module that exists."""

from __future__ import annotations

import re
from pathlib import Path

from places import ROOT

TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"^- \*\*(?P<word>[^*]+)\*\*[^(]*\(`(?P<module>[\w.]+)`\): (?P<meaning>\S)", re.MULTILINE)
FOLDERS = {"mmg_registry": ROOT, "mmg_plugins": ROOT / "plugins", "mmg_cli": ROOT / "cli"}


def exists(module: str) -> bool:
    path = Path(FOLDERS[module.split(".")[0]], *module.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_every_item_is_an_entry() -> None:
    items = re.findall(r"^- .*", TEXT, re.MULTILINE)
    assert len(items) == len(ENTRY.findall(TEXT)) > 40


def test_every_word_is_explained_once() -> None:
    words = [entry["word"].lower() for entry in ENTRY.finditer(TEXT)]
    assert sorted(set(words)) == sorted(words)


def test_every_module_exists() -> None:
    modules = re.findall(r"`(mmg_\w+(?:\.\w+)*)`", TEXT)
    assert [module for module in modules if not exists(module)] == []
    assert not exists("mmg_registry.gone")
