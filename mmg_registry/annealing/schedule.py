"""Temperatures 0 = beta_0 < .. < beta_T = 1, and the pilot run that tunes the settings of the reported run.

The pilot goes from 0 to 1 once with a few chains of its own, in steps of constant rate: a fixed Kullback-Leibler
divergence (or a fixed loss of effective sample size) from each temperature to the next. On the way it adapts a step
size for each data point and a mass. The reported run keeps all of these fixed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mmg_registry.annealing.hmc import HMCMoves, hmc
from mmg_registry.annealing.path import Path
from mmg_registry.arrays import F64
from mmg_registry.errors import DataError, MMGError
from mmg_registry.threads import torch_threads

TemperatureSchedule = Literal["adaptive-kl", "adaptive-ess", "linear", "sigmoid"]
Mass = Literal["dense", "diagonal", "identity"]

CHAINS = 8
MOVES = 3  # moves of the pilot's chains at each temperature
RATE_KL = 0.1  # divergence in nats from one temperature of the pilot to the next
RATE_ESS = 0.8  # effective share of the chains after reweighting to the next temperature
FEW_STEPS = 10  # temperatures after which a pilot whose moves are all rejected gives up
MOST_STEPS = 2000
TRAJECTORY = 1.5  # length in standard deviations of the posterior, about a quarter of a period
SIGMOID_RADIUS = 4.0


def linear(n: int) -> F64:
    """Return `n + 1` equidistant temperatures.

    Example:
        >>> linear(4)
        array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    return np.linspace(0.0, 1.0, n + 1)


def sigmoid(n: int, radius: float = SIGMOID_RADIUS) -> F64:
    """Return `n + 1` temperatures that are dense at both ends: logistic values of equidistant points, rescaled.

    The points lie between -radius and radius.

    Example:
        >>> sigmoid(4).round(3)
        array([0.   , 0.105, 0.5  , 0.895, 1.   ])
    """
    raw = 1 / (1 + np.exp(-np.linspace(-radius, radius, n + 1)))
    betas: F64 = (raw - raw[0]) / (raw[-1] - raw[0])
    return betas


@dataclass(frozen=True)
class Tuned:
    """The settings that the pilot found, temperature by temperature.

    Attributes:
        betas: `(J + 1,)` temperatures of constant rate.
        steps: `(J + 1, n)` step sizes.
        scales: `(J + 1, latent_size, ..)` roots of the inverse masses.
        acceptance: mean acceptance probability of the pilot's moves.
        end: `(CHAINS, n, latent_size)` the pilot's chains at the last temperature.
    """

    betas: F64
    steps: Tensor
    scales: Tensor
    acceptance: float
    end: Tensor

    def state(self) -> dict[str, Tensor]:
        """Return everything as tensors by name, for a checkpoint."""
        numbers = {
            "betas": torch.from_numpy(self.betas),
            "acceptance": torch.tensor(self.acceptance, dtype=torch.float64),
        }
        return {**numbers, "steps": self.steps, "scales": self.scales, "end": self.end}

    @classmethod
    def of_state(cls, state: dict[str, Tensor]) -> Tuned:
        """Rebuild the settings from what `state` returned."""
        numbers = state["betas"].cpu().numpy(), state["steps"], state["scales"], float(state["acceptance"])
        return cls(*numbers, state["end"])

    def temperatures(self, schedule: TemperatureSchedule, n: int) -> F64:
        """Return `n + 1` temperatures `(n + 1,)` from 0 to 1.

        Those of an adaptive schedule lie at equal distances along the pilot's temperatures, between which the
        divergence, or the effective sample size, changed by equal amounts.
        """
        if schedule in ("linear", "sigmoid"):
            return linear(n) if schedule == "linear" else sigmoid(n)
        return np.interp(linear(n), linear(len(self.betas) - 1), self.betas)

    def moves(self, path: Path, betas: F64, most_leapfrogs: int) -> HMCMoves:
        """Return HMC moves at `betas`, with the settings that the pilot found at its nearest temperatures.

        Args:
            path: the path whose densities and gradients are used.
            betas: `(T + 1,)` temperatures.
            most_leapfrogs: most leapfrog steps per move.
        """
        nearest = np.interp(betas, self.betas, np.arange(len(self.betas))).round().astype(int)
        steps, scales = self.steps[nearest], self.scales[nearest]
        lengths = (TRAJECTORY / steps.mean(1)).ceil().clamp(1, most_leapfrogs)
        # A chain on a Gaussian forgets its state completely after a quarter period, which whole steps would overshoot.
        shrunk = (TRAJECTORY / (lengths * steps.mean(1))).clamp(max=1.0)
        return HMCMoves(path, betas.tolist(), steps * shrunk[:, None], scales, [int(n) for n in lengths])


class Pilot:
    """The run that adapts temperatures, step sizes and masses before the reported one.

    Args:
        path: the path to tune on.
        schedule: "adaptive-ess" chooses temperatures by effective sample size, any other by divergence.
        mass: "dense", "diagonal" or "identity".
        leapfrog: most leapfrog steps per move.
        target: acceptance probability that the step sizes are adapted to.
    """

    def __init__(self, path: Path, schedule: TemperatureSchedule, mass: Mass, leapfrog: int, target: float) -> None:
        self.path, self.by_ess, self.mass = path, schedule == "adaptive-ess", mass
        self.leapfrog, self.target = leapfrog, target

    def run(self, generator: torch.Generator) -> Tuned:
        """Tune along the path and return the settings found.

        Raises:
            DataError: when the start draws points at which the model's density is zero.
            MMGError: when HMC accepts almost nothing, or the path needs more than `MOST_STEPS` temperatures.
        """
        z = self.path.start(CHAINS, generator)
        step, scale = z.new_full(z.shape[1:2], 0.5), z.new_ones(z.shape[2:])
        betas, steps, scales, accepted = [0.0], [step], [self._scale(z, scale)], [1.0]
        while betas[-1] < 1:
            betas.append(self._next(betas[-1], self.path.log_ratio(z)))
            z, step, scale, acceptance = self._adapt(z, betas[-1], step, scales[-1], generator)
            steps.append(step)
            scales.append(scale)
            accepted.append(acceptance)
            if len(betas) > FEW_STEPS:
                _demand_acceptance(float(np.mean(accepted[1:])))
            if len(betas) > MOST_STEPS:
                raise MMGError("The path from the start to the posterior is too steep; start at an encoder instead.")
        _demand_acceptance(float(np.mean(accepted[1:])))
        return Tuned(np.array(betas), torch.stack(steps), _stacked(scales), float(np.mean(accepted[1:])), z)

    def _adapt(
        self, z: Tensor, beta: float, step: Tensor, scale: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor, float]:
        visited = []
        for _ in range(MOVES):
            length = min(self.leapfrog, max(1, math.ceil(TRAJECTORY / float(step.mean()))))
            z, acceptance = hmc(self.path, z, beta, step, scale, length, generator)
            step = (step * (acceptance.mean(0) - self.target).exp()).clamp(1e-6, 2.0)
            visited.append(z)
        return z, step, self._scale(torch.cat(visited), scale), float(acceptance.mean())

    def _scale(self, z: Tensor, former: Tensor) -> Tensor:
        return former if self.mass == "identity" else root_within(z, dense=self.mass == "dense")

    def _next(self, beta: float, ratio: Tensor) -> float:
        if not bool(ratio.isfinite().all()):
            raise DataError(
                "The supports do not match: at draws of the start the model's density is zero, where HMC cannot go on; "
                "give an encoder that draws possible z, or use the plugin iwae."
            )
        centred = ratio - ratio.mean(0)
        variance = max(float(centred.square().mean()) * CHAINS / (CHAINS - 1), 1e-300)
        if not self.by_ess:
            return min(1.0, beta + math.sqrt(2 * RATE_KL / variance))
        return _bisect(lambda end: _effective(centred, end - beta) - RATE_ESS, beta)


def root_within(z: Tensor, dense: bool) -> Tensor:
    """Return a root of the covariance within data points, averaged over them, of chains `z` `(K, n, latent_size)`.

    Returns:
        A lower triangle, or the standard deviations `(latent_size,)` if not `dense` or where draws are too few.
    """
    rows = (z - z.mean(0)).reshape(-1, z.shape[-1]) / math.sqrt((len(z) - 1) * z.shape[1])
    root = rows.square().sum(0).sqrt().clamp(min=1e-30)
    if not dense or (len(z) - 1) * z.shape[1] < 2 * len(root):
        return root
    with torch_threads(1):  # LAPACK's last bits depend on the number of threads, which a resumed run may change
        factor = torch.linalg.qr(rows, mode="r").R.mT  # not of the covariance, which squares the condition number
    return factor if bool((factor.diagonal() != 0).all()) else root


def _stacked(scales: list[Tensor]) -> Tensor:
    """Return the roots of all temperatures in one tensor: as matrices, unless all are diagonals."""
    dense = any(scale.ndim == 2 for scale in scales)
    return torch.stack([torch.diag(scale) if dense and scale.ndim == 1 else scale for scale in scales])


def _effective(ratio: Tensor, difference: float) -> float:
    """Return the effective share of the chains after reweighting by `difference`, averaged over data points."""
    weight = torch.softmax(difference * ratio, 0)
    return float((1 / (weight.square().sum(0) * len(weight))).mean())


def _bisect(excess: Any, beta: float) -> float:
    """Return the next temperature, at which `excess` falls to zero; 1 if it does not before."""
    if excess(1.0) >= 0:
        return 1.0
    low, high = -700.0, 0.0  # of the difference's logarithm: first steps may be as small as 1e-9
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(beta + math.exp(middle)) > 0 else (low, middle)
    return min(1.0, max(beta + math.exp(high), math.nextafter(beta, 1.0)))


def _demand_acceptance(acceptance: float) -> None:
    if acceptance < 0.01:
        raise MMGError(
            f"HMC accepts {100 * acceptance:.1f} % of its proposals, so the chains do not move: the gradients do not "
            "belong to the densities, or these are not smooth."
        )
