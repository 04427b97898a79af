"""The CUDA kernels played on the host; no tests here."""

from __future__ import annotations

from typing import Any

import torch
from problems import Case
from torch import Tensor

from mmg_registry.core import Problems, TrainPlan, compiled, cuda
from mmg_registry.core.problem import TrainState

ALL_FAST = 10**7  # floats of fast memory: everything fits
Results = tuple[Tensor, ...]


def play(call: cuda.Call, **how: Any) -> Results:
    """Run `call` on CPU memory, in `groups` of `blocks` of `lanes`, each with `shared_floats` of fast memory;
    a tile has `tile_rows` data rows."""
    core = compiled()
    assert core is not None
    grid = {
        "groups": 1,
        "blocks": 2,
        "tile_rows": 16,
        "shared_floats": ALL_FAST,
        "lanes": 64,
        "backwards": False,
        **how,
    }
    core.emulated.run({**call.arguments, **grid})
    return call.results


def gather(*cases: Case, seeds: tuple[int, ...] = (1,)) -> Problems:
    """Problems of one shape as one batch."""
    return Problems.of([case.problem(seed) for case, seed in zip(cases, seeds, strict=True)])


def played_grad(problem: Case, *, batch: int = 128, maths: str = "float32", **how: Any) -> Results:
    """As `Case.grad`: losses `(2,)` and gradient."""
    losses, grad = play(cuda.grad_call(gather(problem), problem.weights[None], 3, batch, maths=maths), **how)
    return losses[0, 0], grad[0]


def played_gap(problem: Case, *, repeats: int = 4, maths: str = "float32", **how: Any) -> Results:
    """As `Case.gap`: per-bin sums and per-row means."""
    bins, rows = play(cuda.gap_call(gather(problem), problem.weights[None], repeats, maths=maths), **how)
    return bins[0], rows[0]


def played_train(
    problems: Problems, weights: Tensor, plan: TrainPlan, n_steps: int, *, maths: str = "float32", **how: Any
) -> tuple[TrainState, Tensor]:
    """The state after `n_steps` from fresh `weights` `(B, n_parameters)`, and losses `(B, n_steps, 2)`."""
    state = weights.clone(), torch.zeros_like(weights), torch.zeros_like(weights), weights.clone()
    return state, play(cuda.train_call(problems, state, plan, range(n_steps), maths=maths), **how)[0]
