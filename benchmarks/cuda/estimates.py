"""Times that a user waits for: one estimate, the 40 tasks, and a matrix of pairs of columns."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import Tensor

import mmg_registry as mmg
from mmg_registry import core
from mmg_registry.benchmark import tasks
from mmg_registry.core import reference
from mmg_registry.core.problem import TrainState
from mmg_registry.samplers import SAMPLERS

PAIRS, PAIR_ROWS, AT_ONCE = 10_000, 10_000, 500
PAIR_NETWORK, PAIR_STEPS, PAIR_REPEATS = core.Network(1, 1, width=64, depth=2), 500, 8
CPU_PAIRS, LOOP_PAIRS = 8, 8  # pairs on which the slower ways are timed
TOLERANCE = 0.01  # nats between the two devices


def clock(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = run()
    return time.perf_counter() - start, found


def one_estimate(device: str, runs: int = 5) -> dict[str, Any]:
    """Time the 5x5 two-pair task from arrays in memory to the result, at default options."""
    sampler = SAMPLERS["multinormal-sparse-5-5-2-2.0"]
    (x, y), (x_eval, y_eval) = sampler.sample(100_000, 0), sampler.sample(10_000, 1)
    timed = [
        clock(lambda: mmg.estimate(x, y, x_eval=x_eval, y_eval=y_eval, seed=0, device=device)) for _ in range(runs + 1)
    ][1:]
    return {
        "task": sampler.name,
        "true_mi": sampler.true_mi,
        "mi": timed[0][1].mi,
        "seconds": median(t for t, _ in timed),
    }


def suite(device: str, seed: int = 0) -> list[dict[str, Any]]:
    """Estimate the 40 tasks on the GPU and on the CPU, from the same draws."""
    return [_task_row(task, device, seed) for task in tasks.select(["bmi"])]


def _task_row(task: tasks.Task, device: str, seed: int) -> dict[str, Any]:
    drawn = tasks.draw(task, 100_000, 10_000, seed)
    row: dict[str, Any] = {"task": task.name, "true_mi": task.true_mi}
    for name in (device, "cpu"):
        took, found = clock(
            lambda name=name: mmg.estimate(
                *drawn.train,
                x_eval=drawn.evaluation[0],
                y_eval=drawn.evaluation[1],
                seed=drawn.training_seed,
                device=name,
            )
        )
        row |= {f"{name} mi": found.mi, f"{name} seconds": took}
    return row | {"within": abs(row[f"{device} mi"] - row["cpu mi"]) <= TOLERANCE}


def pairs(device: str) -> dict[str, Any]:
    """Measure pairs of columns a second: many in one launch, one by one on the CPU, in plain torch on the GPU."""
    batches = [AT_ONCE] * (PAIRS // AT_ONCE)
    took = sum(clock(lambda n=n: _pairs(n, device))[0] for n in batches)
    cpu = clock(lambda: _pairs(CPU_PAIRS, "cpu"))[0]
    loop = clock(lambda: _pairs_in_torch(LOOP_PAIRS, device))[0]
    rates = {"pairs/s": PAIRS / took, "cpu pairs/s": CPU_PAIRS / cpu, "torch loop pairs/s": LOOP_PAIRS / loop}
    return {"pairs": PAIRS, "rows": PAIR_ROWS, "steps": PAIR_STEPS, **rates}


def _problems(count: int, device: str) -> tuple[core.Problems, TrainState]:
    generator = torch.Generator().manual_seed(0)
    y, noise = (torch.randn(count, PAIR_ROWS, 1, generator=generator) for _ in range(2))
    rho = torch.linspace(0.1, 0.9, count, dtype=torch.float64)[:, None]
    x = rho[:, :, None].float() * y + (1 - rho.square()).sqrt()[:, :, None].float() * noise
    weights = torch.stack([PAIR_NETWORK.init(seed) for seed in range(count)]).to(device)
    state = weights, torch.zeros_like(weights), torch.zeros_like(weights), weights.clone()
    proposals = [core.Proposal.uniform(-10.0, 14.0)] * count
    return core.Problems(PAIR_NETWORK, x.to(device), y.to(device), rho, proposals, range(count)), state


def _plan() -> core.TrainPlan:
    return core.TrainPlan(hold_until=PAIR_STEPS // 2, total=PAIR_STEPS)


def _pairs(count: int, device: str) -> Tensor:
    problems, state = _problems(count, device)
    core.train_many(problems, state, _plan(), range(PAIR_STEPS))
    return core.mmse_gap_many(problems, state[3], PAIR_REPEATS)[0].cpu()


def _pairs_in_torch(count: int, device: str) -> None:
    """Train the pairs one by one by the reference, in plain torch on the GPU."""
    problems, (weights, m, v, ema) = _problems(count, device)
    for i, problem in enumerate(problems):
        reference.train_denoiser(problem, (weights[i], m[i], v[i], ema[i]), _plan(), range(PAIR_STEPS))
        reference.mmse_gap(problem, ema[i], PAIR_REPEATS)
