"""Checks of the tensors and numbers that go to the compiled module, which trusts raw addresses blindly."""

from __future__ import annotations

from types import ModuleType

import torch
from torch import Tensor

from mmg_registry.core.build import compiled

CPU = torch.device("cpu")


def require_core() -> ModuleType:
    """Return the compiled module.

    Raises:
        RuntimeError: if it is not available.
    """
    core = compiled()
    if core is None:
        raise RuntimeError("The compiled core is not available; `mmg doctor` says why.")
    return core


def require(condition: bool, sentence: str) -> None:
    """Raise a ValueError with `sentence` unless `condition` holds."""
    if not condition:
        raise ValueError(sentence)


def check(
    name: str, tensor: Tensor, dtype: torch.dtype, shape: tuple[int | None, ...], device: torch.device = CPU
) -> Tensor:
    """Return `tensor` if the compiled module may read it by address, and refuse it otherwise.

    Args:
        name: the tensor's name in the error.
        tensor: the tensor, which must be contiguous.
        dtype: the required type.
        shape: the required length of each dimension; None allows any length of at least 1.
        device: the required device.

    Raises:
        ValueError: for another type, device, layout or shape, naming the tensor.
    """
    given = tuple(tensor.shape)
    fits = len(given) == len(shape) and all(map(_fits, given, shape))
    if tensor.device != device or tensor.dtype != dtype or not fits or not tensor.is_contiguous():
        wanted = ", ".join("*" if want is None else str(want) for want in shape)
        layout = "" if tensor.is_contiguous() else "non-contiguous "
        raise ValueError(
            f"'{name}' must be a contiguous {dtype} {_place(device)} tensor of shape ({wanted}), "
            f"not a {layout}{tensor.dtype} one of shape {given} on {tensor.device}."
        )
    return tensor


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise a ValueError that names the value unless it lies between `low` and `high`, both included."""
    require(low <= value <= high, f"'{name}' must lie between {low:,} and {high:,}, not {value}.")


def _place(device: torch.device) -> str:
    return "CPU" if device.type == "cpu" else str(device)


def _fits(length: int, wanted: int | None) -> bool:
    return length >= 1 if wanted is None else length == wanted
