"""The ops registered with PyTorch as `torch.ops.mmg`, with flat arguments and fake kernels.

A PyTorch schema allows only tensors and numbers, so each function here takes them one by one, builds a `Problem` from
them, and calls the op of the same name in `ops`, which checks all of them.
"""

from __future__ import annotations

import torch

from mmg_registry.core import ops
from mmg_registry.core.checks import require
from mmg_registry.core.network import Network
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.problem import Compute, Problem
from mmg_registry.core.proposal import BIN_SUMS, ROW_VALUES, Proposal

LIBRARY = torch.library.Library("mmg", "DEF")
_PROBLEM = (
    "Tensor x, Tensor y, Tensor rho, Tensor edges, Tensor cdf, float loc, float scale, "
    "int width, int depth, int context, int seed"
)
_HOW = "int threads, str isa"  # on a GPU, `isa` names the arithmetic instead of an instruction set
LIBRARY.define(
    "train_denoiser(Tensor(a!) weights, Tensor(b!) m, Tensor(c!) v, Tensor(d!) ema, "
    f"{_PROBLEM}, int[] plan, float[] rates, {_HOW}) -> Tensor"
)
LIBRARY.define(f"denoiser_grad(Tensor weights, {_PROBLEM}, int step, int batch, {_HOW}) -> (Tensor, Tensor)")
LIBRARY.define(f"mmse_gap(Tensor weights, {_PROBLEM}, int repeats, {_HOW}) -> (Tensor, Tensor)")
_N_PROBLEM = _PROBLEM.count(",") + 1


def _problem(*flat):
    """Build a problem from the arguments that `_PROBLEM` lists."""
    x, y, rho, edges, cdf, loc, scale, width, depth, context, seed = flat
    network = Network(_columns(x), _columns(y), width, depth, context)
    return Problem(network, x, y, rho, Proposal(edges, cdf, loc, scale), seed)


def _columns(rows):
    return rows.shape[-1] if rows.dim() else 0  # the op refuses rows that are not two-dimensional


def _compute(x, threads, isa):
    return Compute(threads, maths=isa) if x.device.type == "cuda" else Compute(threads, isa)


def _train(weights, m, v, ema, *flat):
    *problem, plan, rates, threads, isa = flat
    require(len(plan) == 6 and len(rates) == 6, "'plan' and 'rates' must hold six numbers each.")
    first, count, batch, *schedule = plan
    settings = TrainPlan(batch, rates[0], *schedule, *rates[1:])
    steps, compute = range(first, first + count), _compute(problem[0], threads, isa)
    return ops.train_denoiser(_problem(*problem), (weights, m, v, ema), settings, steps, compute)


def _grad(weights, *flat):
    *problem, step, batch, threads, isa = flat
    return ops.denoiser_grad(_problem(*problem), weights, step, batch, _compute(problem[0], threads, isa))


def _gap(weights, *flat):
    *problem, repeats, threads, isa = flat
    return ops.mmse_gap(_problem(*problem), weights, repeats, _compute(problem[0], threads, isa))


def _train_fake(weights, m, v, ema, *flat):
    plan = flat[_N_PROBLEM]
    return weights.new_empty((plan[1], 2), dtype=torch.float64)


def _grad_fake(weights, *flat):
    return weights.new_empty((2,), dtype=torch.float64), torch.empty_like(weights)


def _gap_fake(weights, x, y, rho, edges, *flat):
    bins = weights.new_empty((edges.shape[0] - 1, len(BIN_SUMS)), dtype=torch.float64)
    return bins, weights.new_empty((x.shape[0], len(ROW_VALUES)), dtype=torch.float64)


for _name, _run, _fake in (
    ("train_denoiser", _train, _train_fake),
    ("denoiser_grad", _grad, _grad_fake),
    ("mmse_gap", _gap, _gap_fake),
):
    LIBRARY.impl(_name, _run, "CPU")
    LIBRARY.impl(_name, _run, "CUDA")
    torch.library.register_fake(f"mmg::{_name}", _fake, lib=LIBRARY)
