"""Instruction sets stay in their files: what the headers and the object files say."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from places import ROOT

COMMON = sorted((ROOT / "csrc" / "common").glob("*.h"))
# a definition at the start of a line: not a macro, type, namespace or template line
DEFINITION = re.compile(r"^(?!#|//|struct|enum|union|typedef|template|namespace|using|\}|\s)[^;=]*\([^;]*\)[^;]*\{")
KERNELS = {"kernels_baseline": "kBaselineKernels", "kernels_avx2": "kAvx2Kernels", "kernels_avx512": "kAvx512Kernels"}


# --- Headers --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("header", COMMON, ids=lambda p: p.name)
def test_every_function_of_a_shared_header_is_static(header: Path) -> None:
    lines = header.read_text().splitlines()
    loose = [line for line in lines if DEFINITION.match(line) and not line.startswith("static ")]
    assert not loose


def test_the_search_for_loose_functions_finds_one() -> None:
    assert DEFINITION.match("MMG_HD float root(float x) { return x; }")
    assert DEFINITION.match("inline int find_bin(const float* sorted, int n) {")
    assert sum(bool(DEFINITION.match(line)) for p in COMMON for line in p.read_text().splitlines()) > 15


def test_kernels_reach_no_library_header() -> None:
    """A template of the standard library, compiled with AVX-512 flags, could be the one that the linker keeps."""
    reached, waiting = set(), [ROOT / "csrc" / "cpu" / f"{name}.cpp" for name in KERNELS]
    while waiting:
        here = waiting.pop()
        reached.add(here)
        text = here.read_text()
        assert set(re.findall(r"#include <(.*)>", text)) <= {"stddef.h", "stdint.h"}, here
        waiting += {(here.parent / name).resolve() for name in re.findall(r'#include "(.*)"', text)} - reached
    assert len(reached) > 6


# --- Objects --------------------------------------------------------------------------------------------------------
def objects() -> dict[str, Path]:
    """Object files of the last build of this tree, by source name."""
    built = (
        ROOT
        / "build"
        / f"cp{sysconfig.get_config_var('py_version_nodot')}-cp{sysconfig.get_config_var('py_version_nodot')}"
    )
    folders = sorted(built.parent.glob(built.name + "*"))
    return {p.name.split(".")[0]: p for folder in folders for p in folder.rglob("*.cpp.o")}


OBJECTS = objects()
needs_objects = pytest.mark.skipif(
    not OBJECTS or not shutil.which("objdump") or platform.machine() not in ("x86_64", "AMD64"),
    reason="there are no x86-64 objects of a build in this tree, or no binutils to read them",
)


def output(*command: str | Path) -> str:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True).stdout


def wide_registers(source: str) -> set[str]:
    return set(re.findall(r"%([yz]mm|k)[0-9]", output("objdump", "-d", "--no-show-raw-insn", OBJECTS[source])))


@needs_objects
@pytest.mark.parametrize("source", sorted(set(OBJECTS) - {"kernels_avx2", "kernels_avx512"}))
def test_code_for_every_machine_uses_no_wide_register(source: str) -> None:
    assert not wide_registers(source)


@needs_objects
def test_kernels_use_the_registers_they_are_for() -> None:
    assert wide_registers("kernels_avx2") == {"ymm"}
    assert "zmm" in wide_registers("kernels_avx512")


@needs_objects
@pytest.mark.parametrize("source", KERNELS)
def test_kernels_define_nothing_that_the_linker_could_share(source: str) -> None:
    """One strong symbol, the table; a weak one could replace the same function in the baseline build."""
    names = [line.split()[-1] for line in output("nm", "--extern-only", "--defined-only", OBJECTS[source]).splitlines()]
    assert len(names) == 1
    assert KERNELS[source] in names[0]
