"""The compiled module, or the reason why it is not there."""

from __future__ import annotations

import importlib
import platform
from types import ModuleType
from typing import Any


def _import_core() -> tuple[ModuleType | None, str]:
    try:
        return importlib.import_module("mmg_registry._core"), ""
    except ImportError as error:  # not built, or built for another Python
        return None, str(error)


_core, _reason = _import_core()


def compiled() -> ModuleType | None:
    """The compiled module `_core`, or None (then the reference serves)."""
    return _core


def build_info() -> dict[str, Any]:
    """What was built and what this machine runs; needs neither torch nor the compiled module to answer.

    Example:
        >>> info = build_info()
        >>> info["cuda"], info["cuda_reason"]
        (False, 'the CUDA core is not built')
    """
    info: dict[str, Any] = {"isa": "torch", "isas_available": [], "compiler": None, "core_error": _reason or None}
    if _core is not None:
        info |= _built(_core)
    return info | {"machine": platform.machine(), "cuda": False, "cuda_reason": "the CUDA core is not built"}


def _built(core: ModuleType) -> dict[str, Any]:
    try:
        return dict(core.build_info())
    except ValueError as error:  # MMG_ISA names an instruction set that this machine lacks
        return {"isa": None, "core_error": str(error)}
