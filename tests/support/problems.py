"""Small problems for the core: random weights, data in canonical coordinates, proposals; no tests here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmg_registry.core import (
    Compute,
    Network,
    Problem,
    Proposal,
    TrainPlan,
    build_info,
    denoiser_grad,
    mmse_gap,
    reference,
    train_denoiser,
)
from mmg_registry.core.problem import TrainState

ISAS: list[str] = build_info()["isas_available"]


def gaussian_pair(rho: Tensor, n: int, dim_x: int, dim_y: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Rows in canonical coordinates, float32: `x_i = rho_i y_i + sqrt(1 - rho_i^2) noise`."""
    rng = torch.Generator().manual_seed(seed)
    y = torch.randn(n, dim_y, generator=rng, dtype=torch.float64)
    x = torch.randn(n, dim_x, generator=rng, dtype=torch.float64)
    k = len(rho)
    x[:, :k] = rho * y[:, :k] + (1 - rho.square()).sqrt() * x[:, :k]
    return x.float(), y.float()


def default_proposal() -> Proposal:
    return Proposal.logistic(loc=2.0, scale=3.0, low=-10.0, high=14.0)


def uneven_proposal() -> Proposal:
    """Piecewise constant on the published window, with bins and masses all different."""
    mass = torch.tensor([1.0, 2.0, 5.0, 3.0, 0.5])
    return Proposal.piecewise(torch.tensor([-10.0, -4.0, -1.0, 2.5, 6.0, 14.0]), mass)


def fresh_state(weights: Tensor) -> TrainState:
    """Weights, zero moments, and the average: all new tensors."""
    return weights.clone(), torch.zeros_like(weights), torch.zeros_like(weights), weights.clone()


@dataclass(frozen=True)
class Case:
    """A problem in parts, with weights: one method an op, each with a seed of its own."""

    network: Network
    weights: Tensor
    x: Tensor
    y: Tensor
    rho: Tensor
    proposal: Proposal

    def problem(self, seed: int = 1) -> Problem:
        return Problem(self.network, self.x, self.y, self.rho, self.proposal, seed)

    def grad(self, *, seed: int = 1, step: int = 3, batch: int = 128, **how: Any) -> tuple[Tensor, Tensor]:
        return denoiser_grad(self.problem(seed), self.weights, step, batch, Compute(**how))

    def reference_grad(self, *, seed: int = 1, step: int = 3, batch: int = 128) -> tuple[Tensor, Tensor]:
        """By autograd in float64, on the same draws."""
        wide = Case(self.network, *(t.double() for t in (self.weights, self.x, self.y)), self.rho, self.proposal)
        return reference.denoiser_grad(wide.problem(seed), wide.weights, step, batch)

    def train(
        self,
        plan: TrainPlan,
        n_steps: int,
        state: TrainState | None = None,
        seed: int = 1,
        first_step: int = 0,
        **how: Any,
    ) -> tuple[TrainState, Tensor]:
        """The state after `n_steps`, and the losses."""
        state = state or fresh_state(self.weights)
        steps = range(first_step, first_step + n_steps)
        return state, train_denoiser(self.problem(seed), state, plan, steps, Compute(**how))

    def gap(self, *, seed: int = 1, repeats: int = 4, **how: Any) -> tuple[Tensor, Tensor]:
        return mmse_gap(self.problem(seed), self.weights, repeats, Compute(**how))

    def reference_gap(self, *, seed: int = 1, repeats: int = 4) -> tuple[Tensor, Tensor]:
        return reference.mmse_gap(self.problem(seed), self.weights, repeats)


def make_problem(
    dim_x: int = 3,
    dim_y: int = 2,
    width: int = 32,
    depth: int = 2,
    n: int = 300,
    proposal: Proposal | None = None,
    context: int = 0,
) -> Case:
    """Weights without a zero among them, so that every gradient is alive."""
    network = Network(dim_x, dim_y, width, depth, context)
    rho = torch.linspace(0.9, 0.2, min(dim_x, dim_y), dtype=torch.float64)
    weights = network.init(seed=5)
    weights += 0.1 * torch.randn(len(weights), generator=torch.Generator().manual_seed(6))
    x, y = gaussian_pair(rho, n, dim_x, dim_y)
    return Case(network, weights, x, y, rho, proposal or default_proposal())


def wiener_problem(rho: Tensor, dim_x: int, dim_y: int, n: int, seed: int, proposal: Proposal) -> Case:
    """A network whose output is zero: for Gaussian data both denoisers are then the exact conditional means."""
    network = Network(dim_x, dim_y, width=4, depth=1)
    x, y = gaussian_pair(rho, n, dim_x, dim_y, seed)
    return Case(network, network.init(seed=0), x, y, rho, proposal)
