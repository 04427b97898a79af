""" "auto" is the CPU, and a GPU that is not there is refused."""

from __future__ import annotations

import pytest
import torch

from mmg_registry.devices import device_name, torch_device
from mmg_registry.errors import OptionError


def test_auto_is_the_cpu() -> None:
    assert [device_name(name) for name in ("auto", "cpu", "cuda:1")] == ["cpu", "cpu", "cuda:1"]
    assert torch_device("auto") == torch_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(("name", "seen"), [("cuda", 0), ("cuda:1", 1)])
def test_a_missing_gpu_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, seen: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: seen > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: seen)
    with pytest.raises(OptionError, match=f"The device '{name}' cannot be used: PyTorch sees no such GPU"):
        torch_device(name)


def test_a_gpu_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert torch_device("cuda:1") == torch.device("cuda", 1)
