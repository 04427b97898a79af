"""Moves that leave pi_beta invariant: Hamiltonian Monte Carlo (Neal, MCMC using Hamiltonian dynamics, 2011), or exact.

HMC leaves pi_beta invariant only while nothing about it depends on the chains: step size, mass and number of leapfrog
steps are fixed numbers here, found in a pilot (`pilot`) with chains of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from mmg_registry.annealing.path import Path
from mmg_registry.bounds.contract import ExactlyTempered

JITTER = 0.2  # a step size drawn anew for each chain breaks the periods of harmonic trajectories


class Moves(Protocol):
    """One move at temperature number `t`."""

    def __call__(self, z: Tensor, t: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The chains `(K, n, latent_size)` after the move, and their acceptance probabilities `(K, n)`."""


class ExactMoves:
    """Independent exact draws of pi_beta, where the model can make them."""

    def __init__(self, given: ExactlyTempered, betas: list[float]) -> None:
        self.given, self.betas = given, betas

    def __call__(self, z: Tensor, t: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return self.given.draw(self.betas[t], len(z), generator), z.new_ones(z.shape[:-1])


class HMCMoves:
    """One trajectory of frozen step size, mass and length a temperature.

    Attributes:
        steps: step sizes `(T + 1, n)`, one a temperature and data point.
        scales: roots of the inverse mass, `(T + 1, latent_size)` of diagonals or `(T + 1, latent_size, latent_size)`.
        leapfrogs: leapfrog steps, one number a temperature.
    """

    def __init__(self, path: Path, betas: list[float], steps: Tensor, scales: Tensor, leapfrogs: list[int]) -> None:
        self.path, self.betas = path, betas
        self.steps, self.scales, self.leapfrogs = steps, scales, leapfrogs

    def __call__(self, z: Tensor, t: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return hmc(self.path, z, self.betas[t], self.steps[t], self.scales[t], self.leapfrogs[t], generator)


def hmc(
    path: Path, z: Tensor, beta: float, step: Tensor, scale: Tensor, leapfrog: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """One HMC transition of every chain.

    Args:
        z: `(K, n, latent_size)`; step: `(n,)`; scale: root of the inverse mass, a diagonal or a triangle.

    Returns:
        The chains after it, and the probability with which each was accepted, `(K, n)`.
    """
    here = path.tempered(z, beta)
    velocity = _like(z, torch.randn, generator)  # momentum over the root of the mass: standard normal
    eps = step * (1 + JITTER * (2 * _like(z[..., 0], torch.rand, generator) - 1))
    pull = _Pull(path, beta, scale)
    moved, end, there = _leapfrog(pull, z, velocity, here.gradient, eps[..., None], leapfrog)
    energy = 0.5 * (velocity.square().sum(-1) - end.square().sum(-1)) + there - here.value
    acceptance = energy.nan_to_num(nan=-torch.inf).clamp(max=0).exp()  # a diverged trajectory is refused
    accepted = _like(acceptance, torch.rand, generator) < acceptance
    return torch.where(accepted[..., None], moved, z), acceptance


@dataclass(frozen=True)
class _Pull:
    """What moves a chain: the density at one temperature, in coordinates in which the mass is 1."""

    path: Path
    beta: float
    scale: Tensor


def _leapfrog(
    pull: _Pull, z: Tensor, velocity: Tensor, gradient: Tensor, eps: Tensor, n: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Go `n` steps of size `eps` `(K, n, 1)`; return positions, velocities and log-densities after them."""
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
