"""Threads of a cell on PyTorch's side; the core's are an argument."""

from collections.abc import Iterator

import pytest
import torch

from benchmarks.speed.cases import Cell


@pytest.fixture(autouse=True)
def _threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = torch.get_num_threads()
    cell = request.node.callspec.params.get("cell") if hasattr(request.node, "callspec") else None
    torch.set_num_threads(cell.threads if isinstance(cell, Cell) else before)
    yield
    torch.set_num_threads(before)
