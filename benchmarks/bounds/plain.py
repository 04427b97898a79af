"""Plain annealed importance sampling: one data point at a time, in torch operations, with gradients by autograd.

It is what one writes without a package when all settings are given, and the other side of the speed benchmark.
Everything but the log weights is float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mmg_registry.annealing.hmc import JITTER
from mmg_registry.models.decoder import Decoder


@dataclass(frozen=True)
class PlainSettings:
    """Settings of every temperature: its value, step sizes `(n,)`, root of the inverse mass, leapfrog steps."""

    betas: list[float]
    steps: Tensor
    scales: Tensor
    leapfrogs: list[int]


def log_weights(model: Decoder, x: Tensor, settings: PlainSettings, chains: int, generator: torch.Generator) -> Tensor:
    """Return forward log weights `(chains, n)` of the rows of `x`, computed for one row after the other."""
    single = [_of_one(model, row, i, settings, chains, generator) for i, row in enumerate(x.float())]
    return torch.stack(single, 1)


def _of_one(
    model: Decoder, x: Tensor, i: int, settings: PlainSettings, chains: int, generator: torch.Generator
) -> Tensor:
    z = torch.randn(chains, model.latent_size, generator=generator)
    total = torch.zeros(chains, dtype=torch.float64)
    for t in range(len(settings.betas) - 1):
        if t:
            z = _move(model, x, z, t, float(settings.steps[t, i]), settings, generator)
        with torch.no_grad():
            total += (settings.betas[t + 1] - settings.betas[t]) * _log_likelihood(model, x, z).double()
    return total


def _move(
    model: Decoder, x: Tensor, z: Tensor, t: int, step: float, settings: PlainSettings, generator: torch.Generator
) -> Tensor:
    beta, scale = settings.betas[t], settings.scales[t].float()
    here, gradient = _tempered(model, x, z, beta)
    velocity = torch.randn(z.shape, generator=generator)
    eps = step * (1 + JITTER * (2 * torch.rand(len(z), 1, generator=generator) - 1))
    moved, speed = z, velocity
    for _ in range(settings.leapfrogs[t]):
        speed = speed + 0.5 * eps * (gradient @ scale)
        moved = moved + eps * (speed @ scale.mT)
        there, gradient = _tempered(model, x, moved, beta)
        speed = speed + 0.5 * eps * (gradient @ scale)
    log_ratio = there - here + 0.5 * (velocity.square().sum(1) - speed.square().sum(1))
    accepted = torch.rand(len(z), generator=generator).log() < log_ratio
    return torch.where(accepted[:, None], moved, z)


def _tempered(model: Decoder, x: Tensor, z: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    z = z.detach().requires_grad_(True)
    value = -0.5 * z.square().sum(1) + beta * _log_likelihood(model, x, z)
    (gradient,) = torch.autograd.grad(value.sum(), z)
    return value.detach(), gradient


def _log_likelihood(model: Decoder, x: Tensor, z: Tensor) -> Tensor:
    return torch.distributions.Normal(model.mean(z), model.scale).log_prob(x).sum(1)
