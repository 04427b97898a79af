"""Benchmarks of evaluations: their speed and their memory."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import common
from benchmarks.speed import cases, peaks, sides

ROUNDS = 7
REPEATS = (1, 32)
GROWTH_LIMIT = 4e6  # bytes; the noise of 31 more repeats alone would take 62 MB, their log-SNRs 12 MB


@pytest.mark.parametrize("cell", cases.gap_cells(), ids=lambda cell: cell.name)
def test_mmse_gap(cell: cases.Cell, benchmark: BenchmarkFixture) -> None:
    both, evaluations = sides.gap_sides(cell)
    work = {"flop": evaluations * cell.row_flop, "needed_flop": evaluations * cell.needed_row_flop}
    sides.take_turns(benchmark, both, ROUNDS, kind="mmse_gap", **asdict(cell), **work)


@pytest.mark.skipif(not peaks.RESET.exists(), reason="only Linux starts the account of the peak again")
def test_memory_does_not_grow_with_repeats(benchmark: BenchmarkFixture) -> None:
    """Hold the growth of memory to its limit; the process is timed once, so that its figures are in the same file."""
    command = [sys.executable, "-m", "benchmarks.speed.peaks", *map(str, REPEATS)]
    found: list[list[str]] = []

    def run() -> None:
        done = subprocess.run(command, cwd=common.ROOT, capture_output=True, text=True, check=True)
        found.extend(line.split() for line in done.stdout.splitlines())

    benchmark.pedantic(run, rounds=1, iterations=1)
    _, few, many = (int(growth) for _, growth in found)
    benchmark.extra_info.update(kind="memory", rows=sides.N_ROWS, repeats=list(REPEATS), growth_bytes=[few, many])
    assert many - few < GROWTH_LIMIT
