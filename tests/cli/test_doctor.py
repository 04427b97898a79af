"""`mmg doctor` answers even where much is broken."""

from __future__ import annotations

import json
import sys

from mmg_cli import doctor
from mmg_registry.errors import MMGError
from mmg_registry.threads import usable_cores

CORE = {
    "isa": "avx2", "isas_available": ["baseline", "avx2"], "cuda": False, "cuda_reason": "no nvcc was found",
    "compiler": "12.2.0", "core_error": None, "gpus": [],
}  # fmt: skip


class FakeCore:
    @staticmethod
    def build_info() -> dict[str, object]:
        return CORE

    @staticmethod
    def gpu_verdict(index: int) -> str:
        if index == 2:
            raise MMGError("GPU 2 has no 3 MB left.")
        return ["", "the self-check failed: in bf16, 'bins' is nan"][index]


def lines_of(mmg) -> list[str]:
    """What the program prints, with one space between words."""
    return [" ".join(line.split()) for line in mmg("doctor").out.splitlines()]


def test_it_says_what_was_built_and_why_there_is_no_cuda(mmg, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry.core", FakeCore)
    result = mmg("doctor")
    assert result.code == 0
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert "core built by compiler 12.2.0" in lines
    assert "instruction set avx2 (of baseline, avx2; MMG_ISA forces one)" in lines
    assert "cuda no: no nvcc was found" in lines
    assert f"threads {usable_cores()} usable by this process" in lines
    assert any(line.startswith("numpy ") for line in lines)


def test_it_says_what_was_built_for_gpus_and_which_there_are(mmg, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry.core", FakeCore)
    built = {"cuda_built": {"toolkit": "13.0.1", "architectures": "80, 90"}, "gpus": ["Fake 1"], "cuda": True}
    for key, value in built.items():
        monkeypatch.setitem(CORE, key, value)
    lines = [" ".join(line.split()) for line in mmg("doctor").out.splitlines()]
    assert "cuda yes, with --device cuda" in lines
    assert "cuda core built by CUDA 13.0.1 for architectures 80, 90, and PTX for those after 90" in lines
    assert "gpu 0 Fake 1; self-check: passed" in lines


def test_it_says_what_the_self_check_of_each_gpu_found(mmg, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry.core", FakeCore)
    monkeypatch.setattr(doctor, "examine_plugins", lambda: [])
    for key, value in {"gpus": ["A", "B", "C"], "cuda": True}.items():
        monkeypatch.setitem(CORE, key, value)
    lines = lines_of(mmg)
    begin = lines.index("cuda yes, with --device cuda")
    assert lines[begin + 1 : begin + 4] == [
        "gpu 0 A; self-check: passed",
        "gpu 1 B; self-check: failed: in bf16, 'bins' is nan",
        "gpu 2 C; self-check: could not run: MMGError: GPU 2 has no 3 MB left.",
    ]
    assert lines[-1] == "2 problems were found; they are named above."


def test_gpus_of_which_none_passes_the_self_check_are_of_no_use(mmg, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry.core", FakeCore)
    monkeypatch.setattr(FakeCore, "gpu_verdict", staticmethod(lambda index: "the self-check failed: late"))
    for key, value in {"gpus": ["B", "C"], "cuda": True, "cuda_reason": None}.items():
        monkeypatch.setitem(CORE, key, value)
    lines = lines_of(mmg)
    assert "cuda no: no GPU passes the self-check" in lines
    assert "gpu 1 C; self-check: failed: late" in lines


def test_gpus_that_cannot_be_used_are_not_checked(mmg, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry.core", FakeCore)
    built = {"toolkit": "13", "architectures": "80"}
    for key, value in {"gpus": ["A", "B"], "cuda_built": built}.items():
        monkeypatch.setitem(CORE, key, value)
    lines = lines_of(mmg)
    assert "self-check could not run, for no GPU can be used" in lines
    assert "gpu 1 B; self-check: could not run" in lines


def test_it_works_when_the_core_does_not_load(mmg, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry.core", None)
    result = mmg("doctor")
    assert result.code == 0
    assert "does not load, and a slower reference takes its place: ModuleNotFoundError" in result.out
    assert "problem" in result.out


def test_it_works_when_the_core_raises(mmg, monkeypatch) -> None:
    class Broken:
        @staticmethod
        def build_info() -> dict[str, object]:
            raise OSError("illegal\ninstruction")

    monkeypatch.setitem(sys.modules, "mmg_registry.core", Broken)
    document = json.loads(mmg("doctor", "--json").out)
    assert document["core"] == {"core_error": "OSError: illegal instruction"}
    assert "numpy" in document["versions"]


def test_it_says_why_the_core_was_not_built(mmg, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry.core", FakeCore)
    monkeypatch.setitem(CORE, "core_error", "No module named 'mmg_registry._core'")
    assert "takes its place: No module named 'mmg_registry._core'" in mmg("doctor").out


def test_it_names_broken_plugins_and_counts_the_problems(mmg, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry.core", FakeCore)
    document = json.loads(mmg("doctor", "--json").out)
    plugins = {plugin["name"]: plugin["status"] for plugin in document["plugins"]}
    assert plugins["fake-gauss, gauss"] == "ok"
    assert "libfancy.so.3" in plugins["fake-broken"]
    problems = sum(plugin["status"] != "ok" for plugin in document["plugins"])
    assert problems >= 4
    assert f"{problems} problems were found" in mmg("doctor").out


def test_it_survives_strict_plugins(mmg, monkeypatch) -> None:
    monkeypatch.setenv("MMG_STRICT_PLUGINS", "1")
    result = mmg("doctor")
    assert result.code == 0
    assert "broken: PluginError" in result.out


def test_a_package_that_is_not_installed_is_said(mmg, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    assert doctor.examine()["versions"] == {"no-such-package": None}
    assert "no-such-package not installed" in lines_of(mmg)
