"""Checks of everything that the kernels' loops assume about an op's arguments.

`check_problem` checks a whole problem and `check_problems` a whole batch; every op calls one of them exactly once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mmg_registry.core.checks import CPU, check, check_range, require
from mmg_registry.core.network import Network
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.problem import Problem, Problems, TrainState
from mmg_registry.core.proposal import Proposal, increases

STATE = ("weights", "m", "v", "ema")  # names of the parts of a `TrainState`, in order
MAX_DEPTH = 16  # csrc/cpu/layout.h
MAX_STEP = 2**32 - 1  # a step is one 32-bit word of the random generator's counter
MAX_STRATA = 2**24  # float32 cannot tell more strata of (0, 1) apart


def check_problem(problem: Problem, vectors: Mapping[str, Tensor]) -> None:
    """Refuse a problem that the kernels cannot run on, and `vectors` that do not fit its network.

    Args:
        problem: the problem to check.
        vectors: parameter vectors by name, such as "weights"; `(n_parameters,)` float32 each, on the rows' device.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
    """
    place = problem.device if problem.device.type == "cuda" else CPU
    _check_rows(problem, place)
    _check_rho(problem.rho, min(problem.x.shape[1], problem.y.shape[1]))
    _check_proposal(problem.proposal)
    _check_network(problem.network)
    check_range("seed", problem.seed, 0, 2**63 - 1)
    for name, vector in vectors.items():
        check(name, vector, torch.float32, (problem.network.n_parameters,), place)


def _check_rows(problem: Problem, place: torch.device) -> None:
    x, y, network = problem.x, problem.y, problem.network
    check("x", x, torch.float32, (None, None), place)
    check("y", y, torch.float32, (x.shape[0], None), place)
    check_range("rows", len(x), 1, 2**32 - 1)
    wanted, given = (network.dim_x, network.dim_y), (x.shape[1], y.shape[1])
    require(
        given == wanted,
        f"The network is for {wanted[0]}+{wanted[1]} columns, the data have {given[0]}+{given[1]}.",
    )


def _check_rho(rho: Tensor, most: int) -> None:
    check("rho", rho, torch.float64, (len(rho) if rho.dim() == 1 else None,))
    check_range("length of rho", len(rho), 0, most)
    require(all(-1 <= r <= 1 for r in rho.tolist()), "'rho' must hold correlations, between -1 and 1.")


def _check_proposal(proposal: Proposal) -> None:
    edges, cdf, loc, scale = proposal.edges, proposal.cdf, proposal.loc, proposal.scale
    check("edges", edges, torch.float32, (None,))
    check("cdf", cdf, torch.float32, (len(edges),))
    require(len(edges) >= 2 and increases(edges), "'edges' must be two or more finite, increasing log-SNR values.")
    require(math.isfinite(loc) and 0 <= scale < math.inf, "A proposal needs a finite 'loc', and a finite 'scale' >= 0.")
    if scale > 0:
        low, high = proposal.p_range
        require(0 < low < high < 1, "'loc' and 'scale' must leave two increasing probabilities at the ends of 'edges'.")
    else:
        ends = float(cdf[0]) == 0 and float(cdf[-1]) == 1
        require(ends and increases(cdf), "'cdf' must increase from 0 to 1, in every bin.")


def _check_network(network: Network) -> None:
    check_range("width", network.width, 2, 2**16)
    check_range("depth", network.depth, 1, MAX_DEPTH)
    check_range("context", network.context, 0, network.dim_x - 1)


def check_problems(problems: Problems, vectors: Mapping[str, Tensor]) -> None:
    """Refuse a batch that the GPU's kernels cannot run on.

    The problems are slices of the same tensors, so the first one is checked in full and the others only in what can
    differ: proposals and correlations.

    Args:
        problems: the batch to check.
        vectors: parameter vectors by name; `(B, n_parameters)` float32 each, on the rows' device.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
    """
    problems.demand_one_each(**vectors)
    require(
        all(vector.is_contiguous() for vector in vectors.values()), "The state of many problems must be contiguous."
    )
    check_problem(problems[0], {name: vector[0] for name, vector in vectors.items()})
    for proposal in {id(q): q for q in problems.proposals}.values():
        _check_proposal(proposal)
    require(bool((problems.rho.abs() <= 1).all()), "'rho' must hold correlations, between -1 and 1.")


# --- Arguments of an op other than its problem ------------------------------------------------------------------------


def check_training(state: TrainState, plan: TrainPlan, steps: range) -> None:
    """Refuse steps or batches out of range, and a state whose parts share memory.

    Raises:
        ValueError: naming the argument.
    """
    require(steps.step == 1, f"'steps' must follow each other, not come every {steps.step}.")
    check_range("first_step", steps.start, 0, MAX_STEP)
    check_range("n_steps", steps.stop - steps.start, 0, MAX_STEP - steps.start)
    check_batch(plan.batch)
    check_range("total", plan.total, 0, MAX_STEP)
    check_range("warmup", plan.warmup, 0, MAX_STEP)
    _check_apart(state)


def _check_apart(state: Sequence[Tensor]) -> None:
    require(
        len({part.untyped_storage().data_ptr() for part in state}) == len(STATE),
        "'weights', 'm', 'v' and 'ema' are updated in place, so each must have memory of its own.",
    )


def check_batch(batch: int) -> None:
    """Raise a ValueError unless a step has between 1 and `MAX_STRATA` rows, one stratum of log-SNR each."""
    check_range("batch", batch, 1, MAX_STRATA)


def check_step(step: int) -> None:
    """Raise a ValueError for a step number that does not fit into a counter word."""
    check_range("step", step, 0, MAX_STEP)


def check_repeats(repeats: int) -> None:
    """Raise a ValueError unless each row takes between 1 and `MAX_STRATA` log-SNRs, one per stratum."""
    check_range("repeats", repeats, 1, MAX_STRATA)


def named(state: TrainState) -> dict[str, Tensor]:
    """Return the parts of a state by name."""
    return dict(zip(STATE, state, strict=True))
