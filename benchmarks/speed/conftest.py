"""Fixtures: the threads of a cell on PyTorch's side (the core takes an argument), and a quiet machine if asked for."""

from collections.abc import Iterator

import pytest
import torch

from benchmarks.speed import load
from benchmarks.speed.cases import Cell


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--wait", type=float, default=0.0, help="seconds to wait for other processes before a cell")


@pytest.fixture(autouse=True)
def _quiet(request: pytest.FixtureRequest) -> None:
    load.wait_for_quiet(request.config.getoption("--wait"))


@pytest.fixture(autouse=True)
def _threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = torch.get_num_threads()
    cell = request.node.callspec.params.get("cell") if hasattr(request.node, "callspec") else None
    torch.set_num_threads(cell.threads if isinstance(cell, Cell) else before)
    yield
    torch.set_num_threads(before)
