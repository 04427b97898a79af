"""The critic's ops: training on batches, the gradient of one batch, and the scores of all pairs within groups of rows.

They run only in the compiled module, on one thread. `mmg_plugins.critics.networks.Joint` is the same network in torch:
the reference that tests compare them with, and the network that trains where there is no compiled module.

f(x, y) = (gaussian(x, y) + 10 tanh(learned(x, y) / 10)) / temperature; csrc/cpu/critic_layout.h has the formulas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmg_registry.core.checks import check, check_range, require, require_core
from mmg_registry.core.network import Parameters

OBJECTIVES = ("donsker-varadhan", "infonce", "nwj", "jensen-shannon", "hellinger")  # as in csrc/cpu/objectives.h
MAX_DEPTH = 8  # csrc/cpu/critic_layout.h
_LARGEST = 2**31 - 1  # the kernels count in 32-bit integers


@dataclass(frozen=True)
class CriticNetwork(Parameters):
    """The sizes of a critic's network.

    Attributes:
        dim_x, dim_y: number of columns of x and of y.
        width, depth: units and number of the hidden layers that see x or y alone.
        embedding: dimension of the embeddings of x and y whose inner product is part of the score.
        units: units of the hidden layer that sees every pair.

    Example:
        >>> network = CriticNetwork(dim_x=3, dim_y=2)
        >>> network.n_parameters, network.parameters()[0]
        (22561, ('x.hidden0', (3, 64)))
    """

    dim_x: int
    dim_y: int
    width: int = 64
    depth: int = 2
    embedding: int = 64
    units: int = 32

    @property
    def correlated(self) -> int:
        """Return how many columns, the first ones of x and of y, the Gaussian part and the innovation use."""
        return min(self.dim_x, self.dim_y)

    def parameters(self) -> list[tuple[str, tuple[int, int]]]:
        """Return names and shapes `(fan_in, fan_out)` in canonical order; biases have fan_in 1."""
        found = [
            *self._side("x", self.dim_x),
            *self._side("y", self.dim_y),
            ("innovation", (self.correlated, self.units)),
        ]
        pair = [("pair", (self.units, self.units)), ("b_pair", (1, self.units))]
        return [*found, *pair, ("last", (1, self.units)), ("b_last", (1, 1))]

    def _side(self, name: str, dim: int) -> list[tuple[str, tuple[int, int]]]:
        found = []
        for i in range(self.depth):
            found += [(f"hidden{i}", (self.width if i else dim, self.width)), (f"b_hidden{i}", (1, self.width))]
        for part, columns in (("inner", self.embedding), ("own", self.units)):
            found += [(part, (self.width, columns)), (f"b_{part}", (1, columns))]
        return [(f"{name}.{part}", shape) for part, shape in [*found, ("linear", (dim, self.units))]]


@dataclass(frozen=True)
class GaussianPart:
    """The part of the score that is known before training; its tensors are `(correlated,)` float32.

    Attributes:
        cross, square: coefficients of x y, and of x^2 and y^2.
        shrink, grow: scales of x and of y in the innovation.
        offset: constant term.
        temperature: divisor of all scores.
    """

    cross: Tensor
    square: Tensor
    shrink: Tensor
    grow: Tensor
    offset: float
    temperature: float


@dataclass(frozen=True)
class CriticPlan:
    """The settings of a critic's training.

    Attributes:
        objective: one of `OBJECTIVES`; "donsker-varadhan" is MINE's, with a moving average in its denominator.
        size: rows of a group; every row is compared with the other rows of its group.
        groups: number of groups in a batch; rows of the batch beyond groups * size are left out.
        smoothing: weight of the past in the moving average.
        beta1, beta2, eps: Adam's settings.
        weight_decay: decoupled weight decay, relative to the learning rate.
        longest: norm to which a longer gradient is clipped.

    Raises:
        ValueError: for an unknown objective, or numbers that no training can use.
    """

    objective: str
    size: int
    groups: int
    smoothing: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    longest: float = math.inf

    def __post_init__(self) -> None:
        require(self.objective in OBJECTIVES, f"'objective' must be one of {', '.join(OBJECTIVES)}.")
        check_range("size", self.size, 2, 2**15)
        check_range("groups", self.groups, 1, _LARGEST // self.size**2)
        memory = 0 <= self.smoothing < 1 and 0 <= self.beta1 < 1 and 0 <= self.beta2 < 1
        positive = self.eps > 0 and 0 <= self.weight_decay < math.inf and self.longest > 0
        require(
            memory and positive,
            "A plan needs smoothing, beta1 and beta2 in [0, 1), eps and longest > 0, and a finite weight_decay >= 0.",
        )


@dataclass(frozen=True)
class CriticState:
    """The state of a training, which the ops update in place.

    Attributes:
        weights, m, v: parameters and Adam's moments, `(n_parameters,)` float32; the moments start at zero.
        steps: `(1,)` int64, number of optimiser steps: batches whose gradient was finite.
        log_average: `(1,)` float64, logarithm of the partition function's moving average; NaN before the first batch.
    """

    weights: Tensor
    m: Tensor
    v: Tensor
    steps: Tensor
    log_average: Tensor

    @classmethod
    def fresh(cls, weights: Tensor) -> CriticState:
        """Return the state before the first step; it keeps `weights` `(n_parameters,)` without a copy."""
        counters = torch.zeros(1, dtype=torch.int64), torch.full((1,), math.nan, dtype=torch.float64)
        return cls(weights, torch.zeros_like(weights), torch.zeros_like(weights), *counters)


@dataclass(frozen=True)
class CriticProblem:
    """A critic's network, its Gaussian part, and rows.

    Attributes:
        network: sizes of the network.
        part: the part of the score that is known before training.
        x, y: rows `(n, dim_x)`, `(n, dim_y)` float32 in canonical coordinates.
    """

    network: CriticNetwork
    part: GaussianPart
    x: Tensor
    y: Tensor


def train_critic(
    problem: CriticProblem, state: CriticState, plan: CriticPlan, picked: Tensor, rates: Tensor, *, isa: str = ""
) -> int:
    """Run one optimiser step (AdamW) per batch, updating `state` in place.

    Args:
        problem: network, Gaussian part and training rows.
        state: parameters and the optimiser's state, updated in place.
        plan: objective and optimiser settings.
        picked: `(batches, rows)` int64, row numbers of each batch.
        rates: `(batches,)` float32 learning rates.
        isa: name of an instruction set; the best one of this machine if empty.

    Returns:
        The number of batches done.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        KeyboardInterrupt: within a second of Ctrl-C; the state then holds the steps done.
        RuntimeError: without the compiled module.
    """
    call = _CriticCall(problem)
    check("rates", rates, torch.float32, (len(picked),))
    _check_state(problem.network, state)
    native = call.plan(plan, picked, rates)
    tensors = (state.weights, state.m, state.v, state.steps, state.log_average)
    addresses = [tensor.data_ptr() for tensor in tensors]
    return int(call.core.train_critic(call.shape, call.data, native, *addresses, isa))


def critic_grad(
    problem: CriticProblem, weights: Tensor, plan: CriticPlan, picked: Tensor, log_average: Tensor, *, isa: str = ""
) -> Tensor:
    """Return the gradient `(n_parameters,)` float32 of the loss of one batch.

    Args:
        problem: network, Gaussian part and rows.
        weights: `(n_parameters,)` float32.
        plan: the objective, and the layout of the batch.
        picked: `(1, rows)` int64, row numbers of the batch.
        log_average: `(1,)` float64, as in `CriticState`.
        isa: name of an instruction set; the best one of this machine if empty.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        RuntimeError: without the compiled module.
    """
    call = _CriticCall(problem)
    native = call.plan(plan, picked, torch.zeros(len(picked)))
    check("weights", weights, torch.float32, (problem.network.n_parameters,))
    check("log_average", log_average, torch.float64, (1,))
    grad = torch.zeros_like(weights)
    addresses = weights.data_ptr(), log_average.data_ptr(), grad.data_ptr()
    call.core.critic_grad(call.shape, call.data, native, *addresses, isa)
    return grad


def critic_table(problem: CriticProblem, weights: Tensor, size: int, *, isa: str = "") -> Tensor:
    """Return the scores f(x_i, y_j) `(groups, size, size)` float32 within each group of `size` consecutive rows.

    Rows beyond the last full group are left out.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        KeyboardInterrupt: within a second of Ctrl-C.
        RuntimeError: without the compiled module.
    """
    call, n = _CriticCall(problem), len(problem.x)
    check("weights", weights, torch.float32, (problem.network.n_parameters,))
    check_range("size", size, 1, min(n, 2**15))
    scores = torch.empty(n // size, size, size)
    addresses = weights.data_ptr(), scores.data_ptr()
    call.core.critic_table(call.shape, call.data, len(scores), size, *addresses, isa)
    return scores


class _CriticCall:
    """The checked native structures of one call; it keeps alive the tensors whose addresses they hold."""

    def __init__(self, problem: CriticProblem) -> None:
        self.core: Any = require_core()
        network, part, x, y = problem.network, problem.part, problem.x, problem.y
        _check_sizes(network)
        check("x", x, torch.float32, (None, network.dim_x))
        check("y", y, torch.float32, (len(x), network.dim_y))
        scales = {name: getattr(part, name) for name in ("cross", "square", "shrink", "grow")}
        for name, tensor in scales.items():
            check(name, tensor, torch.float32, (network.correlated,))
        require(part.temperature > 0, f"'temperature' must be positive, not {part.temperature}.")
        self.rows, self.alive = len(x), [x, y, *scales.values()]
        sizes = network.dim_x, network.dim_y, network.width, network.depth, network.embedding, network.units
        self.shape = self.core.CriticShape(*sizes)
        self.data = self.core.CriticData(*(t.data_ptr() for t in self.alive), part.offset, part.temperature)

    def plan(self, plan: CriticPlan, picked: Tensor, rates: Tensor) -> Any:
        """Return the native plan for batches `picked` `(batches, rows)`, after checking them."""
        check("picked", picked, torch.int64, (None, None))
        batches, batch = picked.shape
        check_range("groups * size", plan.groups * plan.size, 2, batch)
        inside = bool((picked >= 0).all()) and bool((picked < self.rows).all())
        require(inside, f"'picked' must hold numbers of rows, from 0 to {self.rows - 1:,}.")
        self.alive += [picked, rates]
        numbers = plan.beta1, plan.beta2, plan.eps, plan.weight_decay, plan.longest
        objective = OBJECTIVES.index(plan.objective)
        addresses = picked.data_ptr(), rates.data_ptr()
        return self.core.CriticPlan(
            objective, plan.smoothing, *addresses, batches, batch, plan.groups, plan.size, *numbers
        )


def _check_sizes(network: CriticNetwork) -> None:
    check_range("depth", network.depth, 1, MAX_DEPTH)
    for name in ("dim_x", "dim_y", "width", "embedding", "units"):
        check_range(name, getattr(network, name), 1, 2**16)


def _check_state(network: CriticNetwork, state: CriticState) -> None:
    flat = {"weights": state.weights, "m": state.m, "v": state.v}
    for name, tensor in flat.items():
        check(name, tensor, torch.float32, (network.n_parameters,))
    check("steps", state.steps, torch.int64, (1,))
    check("log_average", state.log_average, torch.float64, (1,))
    apart = len({tensor.untyped_storage().data_ptr() for tensor in flat.values()}) == len(flat)
    require(apart, "'weights', 'm' and 'v' are updated in place, so each must have memory of its own.")
