"""Moves that leave pi_beta invariant: exact draws, or Hamiltonian Monte Carlo (HMC).

The source of HMC is Neal, "MCMC using Hamiltonian dynamics", 2011. It leaves pi_beta invariant only if its settings do
not depend on the chains: step size, mass and number of leapfrog steps are fixed numbers here, which a pilot with chains
of its own has found (`schedule.Pilot`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from mmg_registry.annealing.path import Path
from mmg_registry.bounds.contract import ExactlyTempered

JITTER = 0.2  # relative; random step sizes keep harmonic trajectories from returning to where they began


class Moves(Protocol):
    """A move of all chains that leaves the density at one temperature invariant."""

    def __call__(self, z: Tensor, t: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the chains `(K, n, latent_size)` after a move at temperature number `t`, and acceptances `(K, n)`."""


class ExactMoves:
    """Moves that are independent exact draws of pi_beta, for models that can make them."""

    def __init__(self, given: ExactlyTempered, betas: list[float]) -> None:
        self.given, self.betas = given, betas

    def __call__(self, z: Tensor, t: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return self.given.draw(self.betas[t], len(z), generator), z.new_ones(z.shape[:-1])


class HMCMoves:
    """Moves of one HMC trajectory, with a fixed step size, mass and length at each temperature.

    Attributes:
        path: the path whose densities and gradients are used.
        betas: the T + 1 temperatures.
        steps: step sizes `(T + 1, n)`, one per temperature and data point.
        scales: roots of the inverse mass: diagonals `(T + 1, latent_size)` or `(T + 1, latent_size, latent_size)`.
        leapfrogs: numbers of leapfrog steps, one per temperature.
    """

    def __init__(self, path: Path, betas: list[float], steps: Tensor, scales: Tensor, leapfrogs: list[int]) -> None:
        self.path, self.betas = path, betas
        self.steps, self.scales, self.leapfrogs = steps, scales, leapfrogs

    def __call__(self, z: Tensor, t: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return hmc(self.path, z, self.betas[t], self.steps[t], self.scales[t], self.leapfrogs[t], generator)


def hmc(
    path: Path, z: Tensor, beta: float, step: Tensor, scale: Tensor, leapfrog: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Make one HMC transition of every chain.

    Args:
        path: the path whose densities and gradients are used.
        z: `(K, n, latent_size)` chains.
        beta: the temperature.
        step: `(n,)` step sizes.
        scale: root of the inverse mass, a diagonal `(latent_size,)` or a triangle `(latent_size, latent_size)`.
        leapfrog: number of leapfrog steps.
        generator: source of all random numbers.

    Returns:
        The chains after the transition, and the probability `(K, n)` with which each was accepted.
    """
    here = path.tempered(z, beta)
    velocity = _like(z, torch.randn, generator)  # momentum divided by the root of the mass, hence standard normal
    eps = step * (1 + JITTER * (2 * _like(z[..., 0], torch.rand, generator) - 1))
    pull = _Pull(path, beta, scale)
    moved, end, there = _leapfrog(pull, z, velocity, here.gradient, eps[..., None], leapfrog)
    energy = 0.5 * (velocity.square().sum(-1) - end.square().sum(-1)) + there - here.value
    acceptance = energy.nan_to_num(nan=-torch.inf).clamp(max=0).exp()  # a diverged trajectory is rejected
    accepted = _like(acceptance, torch.rand, generator) < acceptance
    return torch.where(accepted[..., None], moved, z), acceptance


@dataclass(frozen=True)
class _Pull:
    """The force on a chain: the density at one temperature, in coordinates in which the mass is 1."""

    path: Path
    beta: float
    scale: Tensor


def _leapfrog(
    pull: _Pull, z: Tensor, velocity: Tensor, gradient: Tensor, eps: Tensor, n: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Take `n` leapfrog steps of sizes `eps` `(K, n, 1)`; return positions, velocities and log-densities after them."""
    value = gradient[..., 0]
    velocity = velocity + 0.5 * eps * _pulled(gradient, pull.scale)
    for i in range(n):
        z = z + eps * _spread(velocity, pull.scale)
        value, gradient = pull.path.tempered(z, pull.beta)
        velocity = velocity + (0.5 if i == n - 1 else 1.0) * eps * _pulled(gradient, pull.scale)
    return z, velocity, value


def _spread(velocity: Tensor, scale: Tensor) -> Tensor:
    return velocity * scale if scale.ndim == 1 else velocity @ scale.mT


def _pulled(gradient: Tensor, scale: Tensor) -> Tensor:
    return gradient * scale if scale.ndim == 1 else gradient @ scale


def _like(z: Tensor, draw: Any, generator: torch.Generator) -> Tensor:
    drawn: Tensor = draw(z.shape, generator=generator, dtype=z.dtype, device=z.device)
    return drawn
