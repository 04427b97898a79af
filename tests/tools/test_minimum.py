"""The lowest declared releases are read from pyproject.toml, and are the ones that the tests were run with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

minimum = pytest.importorskip("minimum", reason="it needs tomllib, which Python has from 3.11 on")

PINS = ROOT / "tools" / "minimum.txt"


def declared(folder: Path, *, build: str = "ninja>=1.0", needs: str = "numpy>=1.24", test: str = "pytest>=8") -> Path:
    """A project with one requirement of each sort."""
    (folder / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.18)\n")
    extras = f'plot = ["{needs}"]\ndata = []\ndigits = []\ntest = ["{test}"]\nlint = ["ruff"]'
    (folder / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["{build}"]\n[project]\ndependencies = ["{needs}"]\n'
        f"[project.optional-dependencies]\n{extras}\n"
    )
    return folder


def test_the_bounds_of_the_project_are_the_ones_that_were_run() -> None:
    """After a run of `make test-minimum` with other bounds, write its pins to tools/minimum.txt."""
    assert PINS.read_text().splitlines() == [f"{name}=={pin}" for name, pin in minimum.declared().items()]


def test_every_sort_of_requirement_is_read_and_tools_are_left_out(tmp_path: Path) -> None:
    found = minimum.declared(declared(tmp_path))
    assert found == {"cmake": "3.18", "ninja": "1.0", "numpy": "1.24", "pytest": "8"}


@pytest.mark.parametrize("requirement", ["numpy", "numpy>1.24", "numpy>=1.24,<2", "numpy~=1.24", "numpy>=1.24; x"])
def test_a_requirement_that_is_no_lower_bound_is_refused(tmp_path: Path, requirement: str) -> None:
    with pytest.raises(ValueError, match="not a distribution with a lower bound"):
        minimum.declared(declared(tmp_path, needs=requirement))


def test_two_bounds_for_one_distribution_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'numpy' has two lower bounds: 1\.24 and 2\.0"):
        minimum.declared(declared(tmp_path, test="numpy>=2.0"))


def test_cmake_without_a_version_is_refused(tmp_path: Path) -> None:
    declared(tmp_path)
    (tmp_path / "CMakeLists.txt").write_text("project(mmg)\n")
    with pytest.raises(ValueError, match="no lowest version of CMake"):
        minimum.declared(tmp_path)


def test_another_release_takes_the_place_of_one() -> None:
    command = [sys.executable, minimum.__file__, "--instead", "torch==2.9.1"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "torch==2.9.1" in printed
    assert len(printed) == len(PINS.read_text().splitlines())
