"""The ops for B independent problems of one network's sizes: pairs of columns, seeds or tasks.

On a GPU all problems go into one launch, with at least one thread block each; elsewhere they run one after another.
The result of each problem is that of the single op, to the last bit on the CPU.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmg_registry.core import cuda, op_checks, ops, selfcheck
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.problem import ONE_THREAD, Compute, Problems, TrainState


def train_many(
    problems: Problems, state: TrainState, plan: TrainPlan, steps: range, compute: Compute = ONE_THREAD
) -> Tensor:
    """Train every problem for `steps`, updating `state` in place; see `train_denoiser`.

    Args:
        problems: B problems.
        state: weights, both moments and averaged weights, `(B, n_parameters)` float32 each.
        plan: the optimiser's settings, the same for all problems.
        steps: consecutive step numbers.
        compute: threads, instruction set or arithmetic.

    Returns:
        `(B, len(steps), 2)` float64 losses, without and with y.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        MMGError: where a GPU has too little memory left for all problems.

    Example:
        >>> from mmg_registry.core import Network, Proposal
        >>> net, x, rho = Network(1, 1, width=64, depth=1), torch.randn(3, 50, 1), torch.zeros(3, 1).double()
        >>> problems = Problems(net, x, 2 * x, rho, [Proposal.uniform(-4, 8)] * 3, seeds=range(3))
        >>> weights = torch.stack([net.init(seed) for seed in range(3)])
        >>> state = (weights.clone(), torch.zeros_like(weights), torch.zeros_like(weights), weights.clone())
        >>> train_many(problems, state, TrainPlan(batch=32), range(0, 2)).shape
        torch.Size([3, 2, 2])
    """
    problems.demand_one_each(**op_checks.named(state))
    if not _on_gpu(problems):
        each = zip(problems, *state, strict=True)
        return torch.stack([ops.train_denoiser(one, tuple(own), plan, steps, compute) for one, *own in each])
    op_checks.check_problems(problems, op_checks.named(state))
    op_checks.check_training(state, plan, steps)
    return selfcheck.launch(cuda.train_call(problems, state, plan, steps, compute.maths))[0]


def mmse_gap_many(
    problems: Problems, weights: Tensor, repeats: int, compute: Compute = ONE_THREAD
) -> tuple[Tensor, Tensor]:
    """Return the gap of every problem; see `mmse_gap`.

    Args:
        problems: B problems.
        weights: `(B, n_parameters)` float32.
        repeats: log-SNRs per row.
        compute: threads, instruction set or arithmetic.

    Returns:
        Bin sums `(B, n_bins, len(BIN_SUMS))` and row means `(B, n, len(ROW_VALUES))`, float64, in nats.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        MMGError: where a GPU has too little memory left for all problems.
    """
    problems.demand_one_each(weights=weights)
    if not _on_gpu(problems):
        each = zip(problems, weights, strict=True)
        bins, rows = zip(*(ops.mmse_gap(one, own, repeats, compute) for one, own in each), strict=True)
        return torch.stack(bins), torch.stack(rows)
    op_checks.check_problems(problems, {"weights": weights})
    op_checks.check_repeats(repeats)
    found = selfcheck.launch(cuda.gap_call(problems, weights, repeats, compute.maths))
    return found[0], found[1]


def _on_gpu(problems: Problems) -> bool:
    return ops.on_gpu(problems) and not ops.why_reference(problems.network, problems.device)
