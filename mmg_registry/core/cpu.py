"""The ops of the compiled core on the CPU; they pass raw addresses on, so callers must check the problem first."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mmg_registry.core.checks import require_core
from mmg_registry.core.plan import TrainPlan, step_rates
from mmg_registry.core.problem import ONE_THREAD, Compute, Problem, TrainState, linear_denoiser
from mmg_registry.core.proposal import BIN_SUMS, ROW_VALUES


def train_denoiser(
    problem: Problem, state: TrainState, plan: TrainPlan, steps: range, compute: Compute = ONE_THREAD
) -> Tensor:
    """Run optimiser steps on `state` in place and return losses `(len(steps), 2)` float64; see `ops.train_denoiser`."""
    call = _Call(problem)
    losses = torch.zeros(len(steps), 2, dtype=torch.float64)
    rates = step_rates(plan, steps)
    numbers = plan.beta1, plan.beta2, plan.eps, plan.weight_decay
    native = call.core.TrainPlan(steps.start, len(steps), plan.batch, rates.data_ptr(), *numbers)
    addresses = [tensor.data_ptr() for tensor in (*state, losses)]
    call.core.train_denoiser(*call.given, native, *addresses, compute.threads, compute.isa)
    return losses


def denoiser_grad(
    problem: Problem, weights: Tensor, step: int, batch: int, compute: Compute = ONE_THREAD
) -> tuple[Tensor, Tensor]:
    """Return losses `(2,)` float64 and gradient `(n_parameters,)` of one batch; see `ops.denoiser_grad`."""
    call, grad = _Call(problem), torch.zeros_like(weights)
    addresses = weights.data_ptr(), grad.data_ptr()
    losses = call.core.denoiser_grad(*call.given, step, batch, *addresses, compute.threads, compute.isa)
    return torch.tensor(losses, dtype=torch.float64), grad


def mmse_gap(problem: Problem, weights: Tensor, repeats: int, compute: Compute = ONE_THREAD) -> tuple[Tensor, Tensor]:
    """Return bin sums `(n_bins, len(BIN_SUMS))` and row means `(n, len(ROW_VALUES))`, float64; see `ops.mmse_gap`."""
    call = _Call(problem)
    bins = torch.zeros(problem.proposal.n_bins, len(BIN_SUMS), dtype=torch.float64)
    rows = torch.zeros(len(problem.x), len(ROW_VALUES), dtype=torch.float64)
    addresses = weights.data_ptr(), bins.data_ptr(), rows.data_ptr()
    call.core.mmse_gap(*call.given, repeats, *addresses, compute.threads, compute.isa)
    return bins, rows


class _Call:
    """The native structures of one call; it keeps alive the tensors whose addresses they hold."""

    def __init__(self, problem: Problem) -> None:
        self.core: Any = require_core()
        network, q = problem.network, problem.proposal
        rho, s2 = linear_denoiser(problem.rho, network.dim_x)
        self.alive = problem, rho, s2
        shape = self.core.Shape(network.dim_x, network.dim_y, network.width, network.depth, network.context)
        rows = problem.x.data_ptr(), problem.y.data_ptr(), len(problem.x)
        data = self.core.Data(*rows, rho.data_ptr(), s2.data_ptr())
        bins = q.n_bins, q.edges.data_ptr(), q.cdf.data_ptr()
        proposal = self.core.Proposal(*bins, q.loc, q.scale, *q.p_range)
        self.given = shape, data, proposal, problem.seed
