"""The core's ops, which check their arguments once and run on the device that holds the rows.

Rows on the CPU go to the compiled core (`cpu`), and rows on a GPU to the CUDA core (`cuda`) once it has passed its
self-check (`selfcheck`). Where there is no compiled core, or no kernel for the network's sizes, plain torch computes
(`reference`). `library` registers the same ops with PyTorch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmg_registry.core import cpu, cuda, op_checks, reference, selfcheck
from mmg_registry.core.build import compiled
from mmg_registry.core.network import Network
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.problem import ONE_THREAD, Compute, Problem, Problems, TrainState


def why_reference(network: Network, device: torch.device) -> str:
    """Return why the ops run in plain torch for rows on `device`: no compiled core, or none for such a network.

    Returns:
        The reason, or an empty string where a compiled core runs.

    Example:
        >>> why_reference(Network(1, 1, width=96), torch.device("cuda"))
        'the CUDA core has widths 64, 128, 256, not 96'
    """
    if device.type == "cuda":
        return cuda.too_large(network) or cuda.unusable(device)
    return "" if compiled() is not None else "the compiled core is not available"


def on_gpu(given: Problem | Problems) -> bool:
    """Return whether the rows are on a GPU; the CUDA core then computes unless `why_reference` gives a reason."""
    return given.device.type == "cuda"


def train_denoiser(
    problem: Problem, state: TrainState, plan: TrainPlan, steps: range, compute: Compute = ONE_THREAD
) -> Tensor:
    """Run optimiser steps inside the core, updating `state` in place.

    Args:
        problem: network, training rows, proposal and seed.
        state: weights, first and second moments, averaged weights; `(n_parameters,)` float32 each.
        plan: the optimiser's settings.
        steps: consecutive step numbers, such as `range(200, 300)`; the noise of a step depends on the problem's seed
            and the step's number alone.
        compute: threads, instruction set or arithmetic.

    Returns:
        `(len(steps), 2)` float64 losses of each batch, without and with y.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        KeyboardInterrupt: within a second of Ctrl-C; the state then holds the steps done so far.

    Example:
        >>> from mmg_registry.core import Proposal
        >>> net, x, rho = Network(1, 1, width=16, depth=1), torch.randn(50, 1), torch.zeros(1, dtype=torch.float64)
        >>> problem = Problem(net, x, 2 * x, rho, Proposal.uniform(-4, 8), seed=1)
        >>> weights = net.init(seed=0)
        >>> state = weights, torch.zeros_like(weights), torch.zeros_like(weights), weights.clone()
        >>> train_denoiser(problem, state, TrainPlan(batch=32), range(0, 5)).shape
        torch.Size([5, 2])
    """
    op_checks.check_problem(problem, op_checks.named(state))
    op_checks.check_training(state, plan, steps)
    if why_reference(problem.network, problem.device):
        return reference.train_denoiser(problem, state, plan, steps)
    if not on_gpu(problem):
        return cpu.train_denoiser(problem, state, plan, steps, compute)
    weights, m, v, ema = (part[None] for part in state)
    call = cuda.train_call(problem.batch(), (weights, m, v, ema), plan, steps, compute.maths)
    return selfcheck.launch(call)[0][0]


def denoiser_grad(
    problem: Problem, weights: Tensor, step: int, batch: int, compute: Compute = ONE_THREAD
) -> tuple[Tensor, Tensor]:
    """Return the losses `(2,)` float64, without and with y, and their gradient `(n_parameters,)` in one training step.

    Args:
        problem: network, training rows, proposal and seed.
        weights: `(n_parameters,)` float32.
        step: the number of the training step whose batch and noise are used.
        batch: rows of the batch.
        compute: threads, instruction set or arithmetic.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
    """
    op_checks.check_problem(problem, {"weights": weights})
    op_checks.check_step(step)
    op_checks.check_batch(batch)
    if why_reference(problem.network, problem.device):
        return reference.denoiser_grad(problem, weights, step, batch)
    if not on_gpu(problem):
        return cpu.denoiser_grad(problem, weights, step, batch, compute)
    losses, grad = selfcheck.launch(cuda.grad_call(problem.batch(), weights[None], step, batch, compute.maths))
    return losses[0, 0], grad[0]


def mmse_gap(problem: Problem, weights: Tensor, repeats: int, compute: Compute = ONE_THREAD) -> tuple[Tensor, Tensor]:
    """Return the gap between the denoisers without and with y, integrated over log-SNR by importance sampling.

    Every row takes one log-SNR from each of `repeats` strata of the proposal, so that the row's mean over the repeats
    estimates its own integral.

    Args:
        problem: network, evaluation rows, proposal and seed.
        weights: `(n_parameters,)` float32.
        repeats: log-SNRs per row.
        compute: threads, instruction set or arithmetic.

    Returns:
        Per-bin sums `(n_bins, len(BIN_SUMS))` and per-row means `(n, len(ROW_VALUES))`, float64, in nats: squared
        errors of the noise eps times half the importance weight.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        KeyboardInterrupt: within a second of Ctrl-C.

    Example:
        >>> from mmg_registry.core import Proposal
        >>> net, x, rho = Network(1, 1, width=16, depth=1), torch.randn(50, 1), torch.zeros(1, dtype=torch.float64)
        >>> problem = Problem(net, x, 2 * x, rho, Proposal.uniform(-4, 8), seed=1)
        >>> bins, rows = mmse_gap(problem, net.init(seed=0), repeats=4)
        >>> bins.shape, rows.shape
        (torch.Size([32, 11]), torch.Size([50, 4]))
    """
    op_checks.check_problem(problem, {"weights": weights})
    op_checks.check_repeats(repeats)
    if why_reference(problem.network, problem.device):
        return reference.mmse_gap(problem, weights, repeats)
    if not on_gpu(problem):
        return cpu.mmse_gap(problem, weights, repeats, compute)
    bins, rows = selfcheck.launch(cuda.gap_call(problem.batch(), weights[None], repeats, compute.maths))
    return bins[0], rows[0]
