"""Print the lowest releases that the project declares, one pin a line, for `make test-minimum`.

A lower bound is a promise. The target installs exactly these releases and runs the quick part of the tests with them.
Reads pyproject.toml (dependencies, optional dependencies, build requirements) and CMakeLists.txt (CMake itself).

    python tools/minimum.py                              # the pins of the declared bounds
    python tools/minimum.py --instead torch==2.9.1       # with another release of one of them
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("plot", "data", "digits", "test")  # what the tests use; the other groups hold tools that they do not run
_BOUND = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")
_CMAKE = re.compile(r"^cmake_minimum_required\(VERSION ([0-9.]+)\)", re.MULTILINE)


def lowest(requirements: Iterable[str]) -> dict[str, str]:
    """Map each distribution to the lowest release that its requirement allows.

    Raises:
        ValueError: for a requirement that is not one lower bound, or two bounds for one distribution that differ.

    Example:
        >>> lowest(["numpy>=1.24", "scipy>=1.12"])
        {'numpy': '1.24', 'scipy': '1.12'}
    """
    found: dict[str, str] = {}
    for requirement in requirements:
        match = _BOUND.fullmatch(requirement)
        if match is None:
            raise ValueError(f"'{requirement}' is not a distribution with a lower bound, as 'numpy>=1.24' is.")
        name, version = match.groups()
        if found.setdefault(name, version) != version:
            raise ValueError(f"'{name}' has two lower bounds: {found[name]} and {version}.")
    return found


def declared(root: Path = ROOT) -> dict[str, str]:
    """Map each distribution that building, running and testing the project needs to its lowest declared release."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    extras = pyproject["project"]["optional-dependencies"]
    needed = [*pyproject["build-system"]["requires"], *pyproject["project"]["dependencies"]]
    needed += [requirement for extra in EXTRAS for requirement in extras[extra]]
    return {"cmake": _cmake(root), **lowest(needed)}


def _cmake(root: Path) -> str:
    found = _CMAKE.search((root / "CMakeLists.txt").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError("CMakeLists.txt names no lowest version of CMake.")
    return found.group(1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Print a pin of the lowest declared release of every requirement.")
    parser.add_argument("--instead", metavar="NAME==VERSION", action="append", default=[], help="another release")
    replaced = dict(each.split("==", 1) for each in parser.parse_args().instead)
    for name, version in {**declared(), **replaced}.items():
        print(f"{name}=={version}")


if __name__ == "__main__":
    main()
