"""A start near the posterior for models without an encoder: a normal density fitted to draws of the pilot.

From the prior to a posterior that is narrower by exp(20) in each of d columns no path of T temperatures has a gap
much below 800 d / T nats: its Fisher length is sqrt(2) times the logarithm of the ratio of deviations in each column,
and the gap of both bounds together is that length squared over T (Grosse, Maddison and Salakhutdinov, NeurIPS 2013,
section 4). From a density that is roughly the posterior the way is short. Both bounds hold for any start that is chosen
before the reported chains; one that misses a part of the posterior makes them wide.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mmg_registry.annealing.path import BUDGET, ModelPath, Tempered
from mmg_registry.annealing.schedule import Tuned, root_within
from mmg_registry.models.built_in import standard_normal

MOVES, FEWEST_MOVES = 60, 8  # of each of the pilot's chains at the posterior; fewer where they would not fit in memory


class FittedPath:
    """From N(mean, root root') of every data point to the posterior.

    Args:
        target: a path that ends at the posterior, for its densities.
        mean: `(n, latent_size)`; root: `(latent_size, latent_size)`, lower triangular, common to all data points.
    """

    def __init__(self, target: ModelPath, mean: Tensor, root: Tensor) -> None:
        self.target, self.mean, self.root = target, mean, root
        eye = torch.eye(len(root), dtype=root.dtype, device=root.device)
        self.inverse = torch.linalg.solve_triangular(root, eye, upper=False)
        self.log_volume = float(root.diagonal().abs().log().sum())

    @property
    def x(self) -> Tensor:
        """The data points `(n, data_size)`."""
        return self.target.x

    def start(self, chains: int, generator: torch.Generator) -> Tensor:
        shape = (chains, *self.mean.shape)
        noise = torch.randn(shape, generator=generator, dtype=self.mean.dtype, device=self.mean.device)
        return self.mean + noise @ self.root.mT

    def log_ratio(self, z: Tensor) -> Tensor:
        return (self.target.log_joint(z) - self._normal(z).value).double()

    def tempered(self, z: Tensor, beta: float) -> Tempered:
        pairs = zip(self._normal(z), self.target.tempered(z, 1.0), strict=True)
        return Tempered(*((1 - beta) * here + beta * there for here, there in pairs))

    def state(self) -> dict[str, Tensor]:
        """What was fitted."""
        return {"mean": self.mean, "root": self.root}

    def _normal(self, z: Tensor) -> Tempered:
        residual = (z - self.mean) @ self.inverse.mT
        return Tempered(standard_normal(residual) - self.log_volume, -residual @ self.inverse)


def fitted_path(path: ModelPath, tuned: Tuned, leapfrog: int, generator: torch.Generator) -> FittedPath:
    """The path from what the pilot's chains draw when they go on at the end of `path`.

    Means are the data points' own, the covariance is that within them, averaged.
    """
    moves, z, visited = tuned.moves(path, np.array([1.0]), leapfrog), tuned.end, []
    for _ in range(max(FEWEST_MOVES, min(MOVES, BUDGET // z.numel()))):
        z, _ = moves(z, 0, generator)
        visited.append(z)
    draws = torch.cat(visited)
    root = root_within(draws, dense=True)
    # Laid out as a checkpoint gives it back, or products with it would differ in their last bits.
    return FittedPath(path, draws.mean(0), torch.diag(root) if root.ndim == 1 else root.contiguous())
