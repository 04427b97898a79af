"""The compiled modules, or the reasons why they are not there."""

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
    """The compiled module `_core`, or None (then the reference serves)."""
    return _core


def cuda_module() -> tuple[ModuleType | None, str]:
    """The CUDA module `_cuda`, or None and the reason."""
    if _cuda is None and "No module named" in _cuda_error:
        return None, "the CUDA core is not built: no nvcc was found, or MMG_CUDA was OFF"
    return _cuda, f"the CUDA core does not load: {_cuda_error}" if _cuda is None else ""


def build_info() -> dict[str, Any]:
    """What was built and what this machine runs; answers without the compiled modules too.

    "cuda" is true where a kernel can run; "cuda_reason" says why not, "cuda_built" what for it was built.

    Example:
        >>> info = build_info()
        >>> info["cuda"] == (info["cuda_reason"] is None)
        True
    """
    return _core_info() | {"machine": platform.machine()} | _cuda_info()


def isa() -> str:
    """The instruction set that the core runs on the CPU, or "torch"; asks no GPU anything."""
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
    """Why PyTorch, which allocates what the kernels work on, cannot use a GPU; or nothing."""
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
