"""Speed of the kernels: training beside PyTorch, evaluation beside a matrix product, and a roofline of both."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks.cuda.gpu import seconds
from benchmarks.speed import sides
from benchmarks.speed.cases import Cell
from benchmarks.speed.torch_side import Batches, Training
from mmg_registry import core

STEPS = 50  # training steps in a turn of the core; PyTorch's are timed one by one
PRODUCT = 8192  # rows and columns of the yardstick's square bf16 matrices
TRAINED = [Cell(128, 512, 5, 1), Cell(128, 8192, 5, 1), Cell(128, 8192, 25, 1), Cell(64, 512, 1, 1)]
EVALUATED = [Cell(64, 0, 5, 1), Cell(128, 0, 5, 1), Cell(128, 0, 25, 1), Cell(256, 0, 25, 1)]
GAP_ROWS, GAP_REPEATS = 100_000, 4


def placed(cell: Cell, device: str, n: int = sides.N_ROWS) -> core.Problem:
    """Return the problem of `cell` with its rows on the GPU, all else on the CPU, as the ops take them."""
    problem = sides.problem(cell.network, n)
    return replace(problem, x=problem.x.to(device), y=problem.y.to(device))


def fresh(cell: Cell, device: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    weights = cell.network.init(seed=0).to(device)
    return weights, torch.zeros_like(weights), torch.zeros_like(weights), weights.clone()


def core_step(cell: Cell, device: str, maths: str) -> float:
    """Return the seconds of one training step inside the core."""
    problem, plan = placed(cell, device), core.TrainPlan(batch=cell.batch)
    how = range(STEPS), core.Compute(maths=maths)
    return seconds(partial(core.train_denoiser, problem, fresh(cell, device), plan, *how)) / STEPS


def torch_step(cell: Cell, device: str, compiled: bool) -> float:
    """Return the seconds of the same step in PyTorch, eager or compiled for the batch with `mode="max-autotune"`."""
    problem = placed(cell, device)
    with torch.device(device):
        training = Training(problem, fresh(cell, device)[0], core.TrainPlan(batch=cell.batch))
        if compiled:
            torch._dynamo.reset()
            training.loss = torch.compile(Batches.drawn_loss, dynamic=False, mode="max-autotune")
        return seconds(partial(training.step, 0))


def product_rate(device: str) -> float:
    """Return the operations a second of a bf16 product of two large square matrices."""
    a, b = (torch.rand(PRODUCT, PRODUCT, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * PRODUCT**3 / seconds(partial(torch.mm, a, b))


def gap_seconds(cell: Cell, device: str, maths: str) -> float:
    problem, weights = placed(cell, device, GAP_ROWS), fresh(cell, device)[0]
    return seconds(partial(core.mmse_gap, problem, weights, GAP_REPEATS, core.Compute(maths=maths)))


def training(device: str) -> list[dict[str, Any]]:
    """Measure training steps of the core and of PyTorch; return a row for each size."""
    return [_training_row(cell, device) for cell in TRAINED]


def _training_row(cell: Cell, device: str) -> dict[str, Any]:
    ours = {maths: core_step(cell, device, maths) for maths in ("bf16", "float32")}
    eager, compiled = (torch_step(cell, device, compiled) for compiled in (False, True))
    ratios = {"eager over core": eager / ours["bf16"], "compiled over core": compiled / ours["bf16"]}
    return {"case": cell.name, **{f"core {k} s": v for k, v in ours.items()}, "eager s": eager, "compiled s": compiled,
            **ratios}  # fmt: skip


def evaluation(device: str) -> list[dict[str, Any]]:
    """Measure the rate of evaluations, as a share of a large product's rate in the same run."""
    rate, rows = product_rate(device), []
    for cell in EVALUATED:
        took = gap_seconds(cell, device, "bf16")
        ours = cell.row_flop * GAP_ROWS * GAP_REPEATS / took
        rows.append({"case": cell.name, "seconds": took, "flop/s": ours, "product flop/s": rate, "share": ours / rate})
    return rows


def roofline(device: str) -> list[dict[str, Any]]:
    """Return operations and bytes of each kernel, the least times that they imply at measured rates, and its time.

    Bytes are those that must cross the card's memory: data once in an evaluation; rows, moments and weights once in a
    step.
    """
    rate, bandwidth = product_rate(device), copy_rate(device)
    rows = []
    for cell in TRAINED:
        moved = 4 * (2 * cell.dim * cell.batch + 8 * cell.network.n_parameters)
        rows.append(_floor(f"train {cell.name}", cell.flop, moved, core_step(cell, device, "bf16"), rate, bandwidth))
    for cell in EVALUATED:
        flop, moved = cell.row_flop * GAP_ROWS * GAP_REPEATS, 4 * GAP_ROWS * (2 * cell.dim + 8)
        rows.append(_floor(f"gap {cell.name}", flop, moved, gap_seconds(cell, device, "bf16"), rate, bandwidth))
    return rows


def _floor(name: str, flop: float, moved: float, took: float, rate: float, bandwidth: float) -> dict[str, Any]:
    compute, memory = flop / rate, moved / bandwidth
    floors = {"arithmetic floor s": compute, "memory floor s": memory}
    return {
        "kernel": name,
        "flop": flop,
        "bytes": moved,
        **floors,
        "seconds": took,
        "ratio": took / max(compute, memory),
    }


def copy_rate(device: str) -> float:
    """Return the bytes a second that a large copy reads and writes."""
    source = torch.empty(2**28, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds(partial(target.copy_, source))
