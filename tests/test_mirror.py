"""Tests lie where their sources lie: whoever knows one of the two folders finds the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import ROOT

SOURCES = {"registry": "mmg_registry", "plugins": "plugins/mmg_plugins", "cli": "cli/mmg_cli"}

# Files of tests that are of no single module, with what they are of.
TOPICS = {
    "cli/test_bad_input.py": "one sentence and one exit code for each bad input, through the whole program",
    "cli/test_limits.py": "every limit at every door: Python, plugins, the whole program",
    "cli/test_startup.py": "what help and listing import",
    "cli/test_third_party.py": "distributions of strangers, in the whole program",
    "plugins/baselines/test_other_packages.py": "`ksg` beside what JIDT and NPEET print for the same rows",
    "plugins/mmg/challengers/test_challengers.py": "each challenger, and what they have in common",
    "plugins/mmg/parts/test_parts.py": "each part of a recipe alone",
    "plugins/mmg/steps/test_steps.py": "each step alone, and a fake one put into the list",
    "registry/core/test_csrc.py": "the C++ sources and what the compiler makes of them",
    "registry/core/test_cuda_emulated.py": "the CUDA kernels, played on the host",
    "registry/core/test_cuda_gpu.py": "the CUDA kernels, on a GPU",
    "registry/core/test_exact_denoisers.py": "the compiled integral, with denoisers that are known",
    "registry/core/test_fastmath.py": "the errors and ranges that csrc/common/fastmath.h states",
    "registry/core/test_interrupt.py": "Ctrl-C and other threads while the compiled core works",
    "registry/core/test_kernels.py": "the compiled kernels against the reference",
    "registry/core/test_memory.py": "the memory of the compiled core",
    "registry/test_damage.py": "damaged files that we write ourselves",
    "registry/data/reading/test_damage.py": "damaged and misleading files, of every format",
    "registry/data/reading/test_properties.py": "what must hold of any text that is read",
    "registry/data/reading/test_read.py": "the door of the room: one pair from whatever is named",
}


def rooms(root: Path) -> set[str]:
    """Return the packages under `root/SOURCES` with modules of their own, by where their tests lie: `cli/benchmark`."""
    found = set()
    for name, source in SOURCES.items():
        modules = [path for path in (root / source).rglob("*.py") if path.name != "__init__.py"]
        found |= {str(Path(name, path.parent.relative_to(root / source))) for path in modules}
    return found


def without_tests(root: Path) -> list[str]:
    """Find packages whose folder of tests has none."""
    return sorted(room for room in rooms(root) if not any((root / "tests" / room).glob("test_*.py")))


def misplaced(root: Path) -> list[str]:
    """Find files of tests that neither a module or package beside which they would lie, nor `TOPICS`, accounts for."""
    files = [path for name in SOURCES for path in (root / "tests" / name).rglob("test_*.py")]
    names = (str(path.relative_to(root / "tests")) for path in files)
    return sorted(name for name in names if name not in TOPICS and not has_source(root, Path(name)))


def has_source(root: Path, file: Path) -> bool:
    """Say whether `registry/data/test_pair.py`, for example, has a `mmg_registry/data/pair.py` or `.../pair/`."""
    top, *rest = file.parts
    source = Path(root, SOURCES[top], *rest[:-1], file.stem.removeprefix("test_"))
    return source.is_dir() or source.with_suffix(".py").is_file()


@pytest.mark.parametrize("rule", [without_tests, misplaced])
def test_tests_mirror_the_sources(rule) -> None:
    assert rule(ROOT) == []


def test_every_topic_is_there_and_is_no_module() -> None:
    assert all((ROOT / "tests" / name).is_file() and not has_source(ROOT, Path(name)) for name in TOPICS)


def test_what_is_out_of_place_is_found(tmp_path: Path) -> None:
    for name in (
        "mmg_registry/data/pair.py", "tests/registry/data/test_pair.py", "tests/registry/test_data.py",
        "plugins/mmg_plugins/mmg/auto.py", "tests/plugins/test_auto.py",
        "cli/mmg_cli/plot.py", "cli/mmg_cli/bound/__init__.py", "tests/cli/test_plot.py", "tests/cli/test_startup.py",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert without_tests(tmp_path) == ["plugins/mmg"]
    assert misplaced(tmp_path) == ["plugins/test_auto.py"]
