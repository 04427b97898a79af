"""What a raw address, and the kernels' loops behind it, take for granted of what is passed to the compiled module."""

from __future__ import annotations

from types import ModuleType

import torch
from torch import Tensor

from mmg_registry.core.build import compiled

CPU = torch.device("cpu")


def require_core() -> ModuleType:
    """Return the compiled module.

    Raises:
        RuntimeError: where there is none.
    """
    core = compiled()
    if core is None:
        raise RuntimeError("The compiled core is not available; `mmg doctor` says why.")
    return core


def demand(condition: bool, sentence: str) -> None:
    """Raise a ValueError with `sentence` unless `condition` holds."""
    if not condition:
        raise ValueError(sentence)


def check(
    name: str, tensor: Tensor, dtype: torch.dtype, shape: tuple[int | None, ...], device: torch.device = CPU
) -> Tensor:
    """Refuse a tensor whose raw address must not be used; None in `shape` stands for any length from 1 on.

    Raises:
        ValueError: for another type, device, layout or size, naming the tensor.
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
    """Raise a ValueError that names what does not lie within `low` and `high`."""
    demand(low <= value <= high, f"'{name}' must lie between {low:,} and {high:,}, not {value}.")


def _place(device: torch.device) -> str:
    return "CPU" if device.type == "cpu" else str(device)


def _fits(length: int, wanted: int | None) -> bool:
    return length >= 1 if wanted is None else length == wanted
