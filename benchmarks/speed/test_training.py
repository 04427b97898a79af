"""Benchmarks of training steps: noise, both passes, loss, gradients, Adam and the moving average."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.speed import cases, sides

ROUNDS = 7


@pytest.mark.parametrize("cell", cases.training_cells(), ids=lambda cell: cell.name)
def test_training(cell: cases.Cell, benchmark: BenchmarkFixture) -> None:
    both, steps = sides.training_sides(cell, cases.compiled(cell))
    work = {"flop": steps * cell.flop, "needed_flop": steps * cell.needed_flop, "steps": steps}
    sides.take_turns(benchmark, both, ROUNDS, kind="training", **asdict(cell), **work)
