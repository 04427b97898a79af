"""What the build says of itself, with and without the compiled module and under a forced instruction set."""

from __future__ import annotations

import importlib
import sys

import pytest
from problems import ISAS, make_problem

from mmg_registry.core import build, build_info, compiled

needs_core = pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")


@needs_core
def test_build_info_names_the_best_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMG_ISA", raising=False)
    info = build_info()
    assert info["isa"] == info["isas_available"][0]
    assert "baseline" in info["isas_available"]
    assert info["core_error"] is None
    assert info["compiler"]


@needs_core
@pytest.mark.parametrize("isa", ISAS)
def test_mmg_isa_forces_an_instruction_set(isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMG_ISA", isa)
    assert build_info()["isa"] == isa
    forced = make_problem().grad()
    monkeypatch.delenv("MMG_ISA")
    named = make_problem().grad(isa=isa)
    assert forced[1].equal(named[1])


@needs_core
def test_an_unknown_instruction_set_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"'sse9' is not available on this machine; it has .*baseline"):
        make_problem().grad(isa="sse9")
    monkeypatch.setenv("MMG_ISA", "sse9")
    with pytest.raises(ValueError, match="'sse9' is not available"):
        make_problem().gap()


@needs_core
def test_build_info_answers_even_when_the_forced_instruction_set_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMG_ISA", "sse9")
    info = build_info()
    assert "'sse9' is not available" in info["core_error"]
    assert info["isa"] is None


def test_without_the_compiled_module_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry._core", None)
    try:
        importlib.reload(build)
        assert build.compiled() is None
        info = build.build_info()
    finally:
        monkeypatch.undo()
        importlib.reload(build)
    assert info["isa"] == "torch"
    assert "_core" in info["core_error"]
    assert info["isas_available"] == []
