"""What the names of devices mean. "auto" is the CPU: networks of the usual sizes leave a GPU little to gain over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmg_registry.errors import demand

if TYPE_CHECKING:  # listing plugins must not import torch
    import torch


def device_name(asked: str) -> str:
    """Return the device that `asked` ("auto", "cpu", "cuda" or "cuda:N") means.

    Example:
        >>> device_name("auto"), device_name("cuda:1")
        ('cpu', 'cuda:1')
    """
    return "cpu" if asked == "auto" else asked


def torch_device(asked: str) -> torch.device:
    """Return PyTorch's device for `asked`.

    Raises:
        OptionError: for a GPU that PyTorch does not see.

    Example:
        >>> torch_device("auto")
        device(type='cpu')
    """
    import torch

    device = torch.device(device_name(asked))
    seen = device.type == "cpu" or (torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count())
    demand(seen, f"The device '{asked}' is not there: PyTorch sees no such GPU; use --device cpu.")
    return device
