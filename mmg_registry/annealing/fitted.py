"""A start near the posterior for models without an encoder: a normal density fitted to draws of the pilot.

From the prior to a posterior that is narrower by a factor of exp(20) in each of d columns, no path of T temperatures
has a gap much below 800 d / T nats. Its Fisher length is sqrt(2) times the logarithm of the ratio of standard
deviations in each column, and the gap of both bounds together is that length squared over T (Grosse, Maddison and
Salakhutdinov, NeurIPS 2013, section 4). From a density that is roughly the posterior the path is short. Both bounds
hold for any start that is chosen before the reported chains; a start that misses a part of the posterior makes them
wide.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mmg_registry.annealing.path import BUDGET, ModelPath, Tempered
from mmg_registry.annealing.schedule import Tuned, root_within
from mmg_registry.models.built_in import standard_normal

MOVES, FEWEST_MOVES = 60, 8  # moves of each pilot chain at the posterior; between the two where memory limits them


class FittedPath:
    """The path from N(mean, root root') of every data point to its posterior.

    Args:
        target: a path that ends at the posterior, which provides its densities.
        mean: `(n, latent_size)` means.
        root: `(latent_size, latent_size)` lower-triangular root of the covariance, common to all data points.
    """

    def __init__(self, target: ModelPath, mean: Tensor, root: Tensor) -> None:
        self.target, self.mean, self.root = target, mean, root
        eye = torch.eye(len(root), dtype=root.dtype, device=root.device)
        self.inverse = torch.linalg.solve_triangular(root, eye, upper=False)
        self.log_volume = float(root.diagonal().abs().log().sum())

    @property
    def x(self) -> Tensor:
        """Return the data points `(n, data_size)`."""
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
        """Return the fitted tensors by name."""
        return {"mean": self.mean, "root": self.root}

    def _normal(self, z: Tensor) -> Tempered:
        residual = (z - self.mean) @ self.inverse.mT
        return Tempered(standard_normal(residual) - self.log_volume, -residual @ self.inverse)


def fitted_path(path: ModelPath, tuned: Tuned, leapfrog: int, generator: torch.Generator) -> FittedPath:
    """Return the path from a normal density fitted to draws that the pilot's chains make at the end of `path`.

    Every data point has its own mean; the covariance is that within data points, averaged over them.

    Args:
        path: the path whose end is the posterior.
        tuned: what the pilot found; its chains go on from where they ended.
        leapfrog: most leapfrog steps per move.
        generator: source of all random numbers.
    """
    moves, z, visited = tuned.moves(path, np.array([1.0]), leapfrog), tuned.end, []
    for _ in range(max(FEWEST_MOVES, min(MOVES, BUDGET // z.numel()))):
        z, _ = moves(z, 0, generator)
        visited.append(z)
    draws = torch.cat(visited)
    root = root_within(draws, dense=True)
    # Use the memory layout in which a checkpoint returns the root; products would differ in their last bits otherwise.
    return FittedPath(path, draws.mean(0), torch.diag(root) if root.ndim == 1 else root.contiguous())
