"""Gather the fragments of `changelog/` into CHANGELOG.md as the section of a release, and delete them.

A change that a user can notice brings a fragment `changelog/NAME.KIND.md`: one sentence or a few, in a user's words.
KIND is one of `KINDS`. So two changes never meet in one file, and a release says what all of them did.

    python tools/changelog.py                    # print the section that they make
    python tools/changelog.py --date 2026-12-01  # write it as the section of the version in pyproject.toml
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[1]
KINDS = {"breaking": "Breaking", "added": "Added", "changed": "Changed", "fixed": "Fixed", "removed": "Removed"}
_NAME = re.compile(r"[a-z0-9-]+\.(?P<kind>[a-z]+)\.md")
_FIRST_SECTION = re.compile(r"^## ", re.MULTILINE)


def fragments(folder: Path) -> dict[Path, str]:
    """Map each fragment to its kind, sorted by file name.

    Raises:
        ValueError: for a file whose name is not NAME.KIND.md, or whose kind is unknown.
    """
    found: dict[Path, str] = {}
    for path in sorted(folder.glob("*")):
        match = _NAME.fullmatch(path.name)
        if match is None or match["kind"] not in KINDS:
            raise ValueError(f"'{path.name}' is not NAME.KIND.md with a kind of {', '.join(KINDS)}.")
        found[path] = match["kind"]
    return found


def section(title: str, found: dict[Path, str]) -> str:
    """Return the section `title`: a heading, then the fragments by kind, a list item each."""
    parts = [f"## {title}\n"]
    for kind, heading in KINDS.items():
        items = [_item(path) for path, its in found.items() if its == kind]
        if items:
            parts.append(f"### {heading}\n\n" + "\n".join(items) + "\n")
    return "\n".join(parts)


def _item(path: Path) -> str:
    return "- " + path.read_text(encoding="utf-8").strip().replace("\n", "\n  ")


def inserted(changelog: str, new: str) -> str:
    """Return `changelog` with the section `new` before its first one."""
    first = _FIRST_SECTION.search(changelog)
    at = first.start() if first else len(changelog)
    return f"{changelog[:at]}{new}\n{changelog[at:]}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Gather changelog fragments into the section of a release.")
    parser.add_argument("--date", help="of the release, as 2026-12-01; without it nothing is changed")
    date = parser.parse_args().date
    if date is None:
        print(section("Unreleased", fragments(ROOT / "changelog")))
    else:
        release(ROOT, date)


def release(root: Path, date: str) -> None:
    """Write the section of the version in pyproject.toml and delete the fragments that it is made of."""
    found = fragments(root / "changelog")
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    path = root / "CHANGELOG.md"
    new = section(f"{version} ({date})", found)
    path.write_text(inserted(path.read_text(encoding="utf-8"), new), encoding="utf-8")
    for fragment in found:
        fragment.unlink()


if __name__ == "__main__":
    main()
