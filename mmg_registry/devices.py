"""The meaning of device names. "auto" is the CPU: with networks of the usual sizes a GPU gains little over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmg_registry.errors import demand

if TYPE_CHECKING:  # torch is slow to import, and listing plugins does not need it
    import torch


def device_name(asked: str) -> str:
    """Return the device that `asked` ("auto", "cpu", "cuda" or "cuda:N") stands for.

    Example:
        >>> device_name("auto"), device_name("cuda:1")
        ('cpu', 'cuda:1')
    """
    return "cpu" if asked == "auto" else asked


def torch_device(asked: str) -> torch.device:
    """Return the PyTorch device that `asked` stands for.

    Raises:
        OptionError: for a GPU that PyTorch does not find.

    Example:
        >>> torch_device("auto")
        device(type='cpu')
    """
    import torch

    device = torch.device(device_name(asked))
    seen = device.type == "cpu" or (torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count())
    refuse_device(asked, "" if seen else "PyTorch sees no such GPU")
    return device


def refuse_device(asked: str, reason: str) -> None:
    """Refuse the device `asked` for `reason`, unless that is empty: the one sentence about devices, for all plugins.

    Raises:
        OptionError: for a reason that is not empty.
    """
    demand(not reason, f"The device '{asked}' cannot be used: {reason}; use --device cpu.")
