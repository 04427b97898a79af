"""B independent problems of one network's sizes at once: pairs of columns, seeds, tasks.

On a GPU all of them go into one launch, a block or more each; elsewhere they run one after another. The result of a
problem is that of the single op, to the last bit on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmg_registry.core import cuda, ops, selfcheck
from mmg_registry.core.network import Network
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.proposal import Proposal

State = tuple[Tensor, Tensor, Tensor, Tensor]


def train_many(
    network: Network,
    state: State,
    x: Tensor,
    y: Tensor,
    rho: Tensor,
    proposals: Sequence[Proposal],
    plan: TrainPlan,
    *,
    seeds: Sequence[int],
    first_step: int,
    n_steps: int,
    threads: int = 1,
    isa: str = "",
) -> Tensor:
    """Run `n_steps` steps of every problem, updating `state` in place; see `train_denoiser`.

    Args:
        state: weights, moments, averaged weights, each `(B, n_parameters)`.
        x, y: `(B, n, dim_x)`, `(B, n, dim_y)`.
        rho: `(B, k)` float64 on the CPU.
        proposals, seeds: one a problem; the proposals have as many bins each.

    Returns:
        `(B, n_steps, 2)` losses.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        MMGError: where a GPU has too little memory left for all of them.

    Example:
        >>> net, plan = Network(1, 1, width=64, depth=1), TrainPlan(batch=32)
        >>> x, weights = torch.randn(3, 50, 1), torch.stack([net.init(seed) for seed in range(3)])
        >>> state = (weights.clone(), torch.zeros_like(weights), torch.zeros_like(weights), weights.clone())
        >>> rho, proposals = torch.zeros(3, 1, dtype=torch.float64), [Proposal.uniform(-4, 8)] * 3
        >>> train_many(net, state, x, 2 * x, rho, proposals, plan, seeds=range(3), first_step=0, n_steps=2).shape
        torch.Size([3, 2, 2])
    """
    problems = network, state, x, y, rho, proposals, seeds
    how: dict[str, Any] = {"first_step": first_step, "n_steps": n_steps, "threads": threads, "isa": isa}
    _check_many(*problems)
    if not _on_gpu(network, x):
        each = [
            ops.train_denoiser(network, one, *rows, q, plan, seed=seed, **how)
            for one, rows, q, seed in _each(*problems)
        ]
        return torch.stack(each)
    ops.check_plan(plan, first_step, n_steps)
    call = cuda.train_call(_gathered(*problems), state, plan, first_step, n_steps, maths=isa)
    return selfcheck.launch(call)[0]


def mmse_gap_many(
    network: Network,
    weights: Tensor,
    x: Tensor,
    y: Tensor,
    rho: Tensor,
    proposals: Sequence[Proposal],
    *,
    seeds: Sequence[int],
    repeats: int,
    threads: int = 1,
    isa: str = "",
) -> tuple[Tensor, Tensor]:
    """The gaps of every problem: `(B, n_bins, len(BIN_SUMS))` and `(B, n, len(ROW_VALUES))`; see `mmse_gap`.

    Arguments as for `train_many`, with `weights` `(B, n_parameters)`.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        MMGError: where a GPU has too little memory left for all of them.
    """
    problems = network, (weights,), x, y, rho, proposals, seeds
    _check_many(*problems)
    if not _on_gpu(network, x):
        how: dict[str, Any] = {"repeats": repeats, "threads": threads, "isa": isa}
        each = [ops.mmse_gap(network, one[0], *rows, q, seed=seed, **how) for one, rows, q, seed in _each(*problems)]
        bins, rows = zip(*each, strict=True)
        return torch.stack(bins), torch.stack(rows)
    ops.check_repeats(repeats)
    found = selfcheck.launch(cuda.gap_call(_gathered(*problems), weights, repeats, maths=isa))
    return found[0], found[1]


def _on_gpu(network: Network, x: Tensor) -> bool:
    return x.device.type == "cuda" and not ops.why_reference(network, x.device)


def _check_many(
    network: Network,
    state: tuple[Tensor, ...],
    x: Tensor,
    y: Tensor,
    rho: Tensor,
    proposals: Sequence[Proposal],
    seeds: Sequence[int],
) -> None:
    """All that differs among the problems, and the first one in full: the rest are slices of the same tensors."""
    count = len(x)
    parts = {
        "y": y,
        "rho": rho,
        "proposals": proposals,
        "seeds": seeds,
        **{f"state {i}": s for i, s in enumerate(state)},
    }
    wrong = [name for name, part in parts.items() if len(part) != count]
    if wrong or count < 1:
        raise ValueError(f"'{(wrong or ['x'])[0]}' must hold one entry a problem, as many as 'x', which has {count}.")
    if not all(part.is_contiguous() for part in (x, y, *state)):
        raise ValueError("'x', 'y' and the state of many problems must be contiguous.")
    if len({q.n_bins for q in proposals}) != 1:
        raise ValueError("'proposals' of many problems must have the same number of bins.")
    for q in {id(q): q for q in proposals}.values():
        ops.check_problem(network, tuple(part[0] for part in state), x[0], y[0], rho[0], q, int(seeds[0]))
    if rho.numel() and not bool((rho.abs() <= 1).all()):
        raise ValueError("'rho' must hold correlations, between -1 and 1.")
    if not all(0 <= seed < 2**63 for seed in seeds):
        raise ValueError("'seeds' must lie between 0 and 2^63 - 1.")


def _each(
    network: Network,
    state: tuple[Tensor, ...],
    x: Tensor,
    y: Tensor,
    rho: Tensor,
    proposals: Sequence[Proposal],
    seeds: Sequence[int],
) -> list[tuple[Any, tuple[Tensor, Tensor, Tensor], Proposal, int]]:
    """Every problem by itself; its state is a view."""
    return [
        (tuple(part[i] for part in state), (x[i], y[i], rho[i]), q, int(seed))
        for i, (q, seed) in enumerate(zip(proposals, seeds, strict=True))
    ]


def _gathered(
    network: Network,
    state: tuple[Tensor, ...],
    x: Tensor,
    y: Tensor,
    rho: Tensor,
    proposals: Sequence[Proposal],
    seeds: Sequence[int],
) -> cuda.Problems:
    return cuda.Problems.of(network, x, y, rho, proposals, seeds)
