"""PyTorch's number of threads is changed for a block only, whatever happens in it."""

from __future__ import annotations

import pytest
import torch

from mmg_registry.threads import torch_threads


def test_the_number_is_that_asked_for_and_then_that_of_before() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_none_leaves_it_as_it_is() -> None:
    before = torch.get_num_threads()
    with torch_threads(None):
        assert torch.get_num_threads() == before


def test_an_error_in_the_block_puts_it_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="no"), torch_threads(before + 1):
        raise ValueError("no")
    assert torch.get_num_threads() == before
