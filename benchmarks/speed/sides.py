"""The sides of a comparison, and the rounds in which they take turns.

The speed of shared machines drifts by tens of percent within seconds, so no side is timed on its own. Every round runs
the yardstick, PyTorch and the core one after the other; ratios are taken within a round, and their median is reported.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from benchmarks.speed.cases import Cell
from benchmarks.speed.load import Meter
from benchmarks.speed.torch_side import Denoisers, Training, mmse_gap
from mmg_registry import core

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SIZE = 1024  # rows and columns of the yardstick's square matrices
YARDSTICK_CALLS = 2
ROUND_SECONDS = 0.06  # length of the core's turn in a round, or one step where that takes longer
PAUSE = 0.03  # seconds between turns: OpenMP's threads spin for several milliseconds after their work
N_ROWS = 100_000
Side = Callable[[], object]


def problem(network: core.Network, n: int = N_ROWS) -> core.Problem:
    """Return canonical coordinates `(n, dim)` of a normal pair, for a network of `dim` + `dim` columns.

    Example:
        >>> made = problem(core.Network(2, 2), n=10)
        >>> made.x.shape, made.proposal.window
        (torch.Size([10, 2]), 24.0)
    """
    dim = network.dim_x
    generator = torch.Generator().manual_seed(dim)
    rho = torch.linspace(0.8, 0.1, dim, dtype=torch.float64)
    x, noise = (torch.randn(n, dim, generator=generator) for _ in range(2))
    y = rho.float() * x + (1 - rho.square()).sqrt().float() * noise
    return core.Problem(network, x, y, rho, core.Proposal.uniform(-10.0, 14.0), seed=0)


def training_sides(cell: Cell, compiled: bool) -> tuple[dict[str, Side], int]:
    """Return functions that run the same number of steps on each side, all warmed up, and that number."""
    given, compute = problem(cell.network), core.Compute(cell.threads)
    plan, weights = core.TrainPlan(batch=cell.batch), cell.network.init(seed=0)
    state = (weights, torch.zeros_like(weights), torch.zeros_like(weights), weights.clone())

    def ours(n_steps: int) -> object:
        return core.train_denoiser(given, state, plan, range(n_steps), compute)

    eager = Training(given, weights, plan)
    runs = {"eager": eager.run}
    if compiled:
        faster = Training(given, weights, plan)
        faster.compile()
        runs["compile"] = faster.run
    n_steps = repetitions(ours)
    for run in runs.values():
        run(0, min(3, n_steps))
    sides: dict[str, Side] = {name: partial(run, 0, n_steps) for name, run in runs.items()}
    return {**sides, "ours": partial(ours, n_steps)}, n_steps


def gap_sides(cell: Cell, n_rows: int = 32_768, repeats: int = 4) -> tuple[dict[str, Side], int]:
    """Return functions that evaluate the same rows on each side, and the number of network evaluations in one."""
    given, compute = problem(cell.network, n_rows), core.Compute(cell.threads)
    weights = cell.network.init(seed=0)
    net = Denoisers(cell.network, weights, given.rho)
    sides: dict[str, Side] = {
        "eager": lambda: mmse_gap(given, net, repeats, tile=cell.batch),
        "ours": lambda: core.mmse_gap(given, weights, repeats, compute),
    }
    for side in sides.values():
        side()
    return sides, n_rows * repeats


def repetitions(run: Callable[[int], object]) -> int:
    """Return the number of steps in a turn of `run`, from a call long enough for its overhead not to count."""
    n_steps, seconds = 1, clock(partial(run, 1))
    while seconds < ROUND_SECONDS / 4:
        n_steps *= 2
        seconds = clock(partial(run, n_steps))
    return max(1, round(n_steps * ROUND_SECONDS / seconds))


def clock(side: Side) -> float:
    start = time.perf_counter()
    side()
    return time.perf_counter() - start


def yardstick() -> Side:
    """Return the yardstick: products of two square float32 matrices."""
    a, b, c = (torch.rand(SIZE, SIZE) for _ in range(3))

    def run() -> None:
        for _ in range(YARDSTICK_CALLS):
            torch.mm(a, b, out=c)

    return run


def take_turns(benchmark: BenchmarkFixture, sides: dict[str, Side], rounds: int, **info: Any) -> None:
    """Time `sides["ours"]` with pytest-benchmark, and the others just before it, in every round."""
    others = {name: side for name, side in sides.items() if name != "ours"} | {"yardstick": yardstick()}
    seconds: dict[str, list[float]] = {name: [] for name in others}
    clock(others["yardstick"])

    def turns() -> None:
        for name, side in others.items():
            time.sleep(PAUSE)
            seconds[name].append(clock(side))
        time.sleep(PAUSE)

    meter = Meter()
    benchmark.pedantic(sides["ours"], setup=turns, rounds=rounds, iterations=1)
    flop = YARDSTICK_CALLS * 2 * SIZE**3
    benchmark.extra_info.update(info, seconds=seconds, yardstick_flop=flop, other_cores=meter.others())
