"""Fragments become the section of a release, by kind, and are gone afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import ROOT

changelog = pytest.importorskip("changelog", reason="it needs tomllib, which Python has from 3.11 on")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "changelog").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\nWords.\n\n## 0.1.0\n\nThe first.\n")
    for name, text in {"b.fixed": "A bug.\n", "a.fixed": "Another\nbug.", "z.added": "A thing."}.items():
        (tmp_path / "changelog" / f"{name}.md").write_text(text)
    return tmp_path


def test_the_fragments_of_the_project_are_well_named() -> None:
    assert all(path.read_text(encoding="utf-8").strip() for path in changelog.fragments(ROOT / "changelog"))


def test_a_release_has_its_section_before_the_earlier_ones(project: Path) -> None:
    changelog.release(project, "2030-01-02")
    assert (project / "CHANGELOG.md").read_text() == (
        "# Changelog\n\nWords.\n\n"
        "## 0.2.0 (2030-01-02)\n\n### Added\n\n- A thing.\n\n### Fixed\n\n- Another\n  bug.\n- A bug.\n\n"
        "## 0.1.0\n\nThe first.\n"
    )
    assert list((project / "changelog").iterdir()) == []


def test_the_first_release_of_all_comes_at_the_end(project: Path) -> None:
    assert changelog.inserted("# Changelog\n\n", "## 1\n") == "# Changelog\n\n## 1\n\n"


@pytest.mark.parametrize("name", ["thing.md", "thing.new.md", "Thing.fixed.md", "thing.fixed.txt"])
def test_a_fragment_of_another_name_is_refused(project: Path, name: str) -> None:
    (project / "changelog" / name).write_text("Words.")
    with pytest.raises(ValueError, match=f"'{name}' is not NAME.KIND.md"):
        changelog.fragments(project / "changelog")
