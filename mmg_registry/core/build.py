"""Access to the compiled modules, and the reasons why one is missing."""

from __future__ import annotations

import importlib
import platform
from types import ModuleType
from typing import Any


def _import(name: str) -> tuple[ModuleType | None, str]:
    try:
        return importlib.import_module(f"mmg_registry.{name}"), ""
    except ImportError as error:  # not built, or built for another Python
        return None, str(error)


_core, _reason = _import("_core")
_cuda, _cuda_error = _import("_cuda")


def compiled() -> ModuleType | None:
    """Return the compiled module `_core`, or None where it is not built (the reference then takes its place)."""
    return _core


def cuda_module() -> tuple[ModuleType | None, str]:
    """Return the CUDA module `_cuda` and an empty string, or None and the reason why it is missing."""
    if _cuda is None and "No module named" in _cuda_error:
        return None, "the CUDA core is not built: no nvcc was found, or MMG_CUDA was OFF"
    return _cuda, f"the CUDA core does not load: {_cuda_error}" if _cuda is None else ""


def build_info() -> dict[str, Any]:
    """Return what was built and what this machine can run; works without the compiled modules too.

    Returns:
        A dictionary with, among others, "isa" (the instruction set in use), "core_error" (why the compiled core cannot
        run, or None), "cuda" (whether a CUDA kernel can run), "cuda_reason" (why not, or None) and "cuda_built" (what
        the CUDA module was built for).

    Example:
        >>> info = build_info()
        >>> info["cuda"] == (info["cuda_reason"] is None)
        True
    """
    return _core_info() | {"machine": platform.machine()} | _cuda_info()


def isa() -> str:
    """Return the instruction set that the core uses on the CPU, or "torch" without a core; never touches a GPU."""
    return str(_core_info()["isa"])


def _core_info() -> dict[str, Any]:
    info: dict[str, Any] = {"isa": "torch", "isas_available": [], "compiler": None, "core_error": _reason or None}
    return info if _core is None else info | _built(_core)


def _built(core: ModuleType) -> dict[str, Any]:
    try:
        return dict(core.build_info())
    except ValueError as error:  # MMG_ISA names an instruction set that this machine lacks
        return {"isa": None, "core_error": str(error)}


def torch_reason() -> str:
    """Return why PyTorch, which allocates the kernels' memory, cannot use a GPU; an empty string where it can."""
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        return f"PyTorch, which holds the memory, does not load: {error}"
    return "" if torch.cuda.is_available() else "PyTorch, which holds the memory, finds no usable GPU"


def _cuda_info() -> dict[str, Any]:
    core, reason = cuda_module()
    if core is None:
        return {"cuda": False, "cuda_reason": reason, "cuda_built": None, "gpus": []}
    gpus = [core.device_name(i) for i in range(core.device_count())]
    why = core.unusable(0) or torch_reason()
    return {"cuda": not why, "cuda_reason": why or None, "cuda_built": dict(core.build_info()), "gpus": gpus}
