"""Evaluation: how fast, and in how much memory."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import common
from benchmarks.speed import cases, sides

ROUNDS = 7
REPEATS = (1, 16)
GROWTH_LIMIT = 4e6  # bytes; the noise of 15 more repeats alone would be 30 MB

# Peak memory after few and after many repeats, by the kernel's account of one process.
PEAKS = """
import resource, sys
from benchmarks.speed import cases, sides
from mmg_registry import core
x, y, rho, proposal = sides.problem(dim=5)
network = cases.Cell(64, 2048, 5, 2).network
for repeats in map(int, sys.argv[1:]):
    core.mmse_gap(network, network.init(0), x, y, rho, proposal, seed=0, repeats=repeats, threads=2)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.parametrize("cell", cases.gap_cells(), ids=lambda cell: cell.name)
def test_mmse_gap(cell: cases.Cell, benchmark: BenchmarkFixture) -> None:
    both, evaluations = sides.gap_sides(cell)
    work = {"flop": evaluations * cell.row_flop, "needed_flop": evaluations * cell.needed_row_flop}
    sides.take_turns(benchmark, both, ROUNDS, kind="mmse_gap", **asdict(cell), **work)


def test_memory_does_not_grow_with_repeats(benchmark: BenchmarkFixture) -> None:
    """Timed once, as a whole process, to have its peaks in the same file."""
    command = [sys.executable, "-c", PEAKS, *map(str, REPEATS)]
    found: list[str] = []

    def run() -> None:
        done = subprocess.run(command, cwd=common.ROOT, capture_output=True, text=True, check=True)
        found.extend(done.stdout.split())

    benchmark.pedantic(run, rounds=1, iterations=1)
    few, many = map(int, found)
    benchmark.extra_info.update(kind="memory", repeats=list(REPEATS), peak_bytes=[few, many])
    assert many - few < GROWTH_LIMIT
