"""The learner of critics and densities: a module that is trained on batches of rows by a loss of its own."""

from __future__ import annotations

import copy
import itertools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from mmg_registry.training.decay import Horizon, linear_rate
from mmg_registry.training.learner import Measurement
from mmg_registry.training.optimiser import Descent, TorchDescent
from mmg_registry.training.rows import RowPair, batches

MOST_PICKED = 1 << 20  # rows of the batches that are drawn at a time: 8 MB of their numbers


class Trainable(ABC):
    """A module with the loss that it is trained by and the shares that held-out rows have in what it is judged by.

    Attributes:
        module: whose parameters are trained; its state dictionary is all that has to be kept.
        begins_late: whether learning begins the later the more columns there are, so that an early plateau is none.
    """

    module: nn.Module
    begins_late: ClassVar[bool] = False

    @abstractmethod
    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the scalar to minimise on a batch x `(b, dim_x)`, y `(b, dim_y)`."""

    @abstractmethod
    def shares(self, x: Tensor, y: Tensor) -> Tensor:
        """Return what held-out rows share, `(n, 2)`: in the objective, to be maximised, and in the estimate (nats)."""

    def descent(self, rows: RowPair) -> Descent:
        """Return the optimiser of a training on `rows`."""
        return TorchDescent(self.module, self.loss, rows)


@dataclass
class MinibatchLearner:
    """A `Trainable` in training, for the loop.

    A checkpoint holds weights alone: the optimiser goes on with the moments that it has. (Going back to its moments
    too, as denoisers do, is to be preferred, but would move every estimate that over-fitted.)

    Attributes:
        trainable: what is trained, on the device of the rows.
        rows: to train on.
        held_out: to measure on.
        batch: rows a step, all of them where there are fewer.
        rate: learning rate before the decay; within a call of `train` that of its first step, so that the decay is a
            staircase.
        seed: of the order of the rows.
    """

    trainable: Trainable
    rows: RowPair
    held_out: RowPair
    batch: int
    rate: float
    seed: int

    def __post_init__(self) -> None:
        self._descent = self.trainable.descent(self.rows)
        self._batches = batches(len(self.rows[0]), self.batch, torch.Generator().manual_seed(self.seed))

    def train(self, first_step: int, n_steps: int, horizon: Horizon) -> None:
        rate, at_once = linear_rate(self.rate, first_step, horizon), max(1, MOST_PICKED // self.batch)
        for done in range(0, n_steps, at_once):
            steps = min(at_once, n_steps - done)
            picked = torch.stack(list(itertools.islice(self._batches, steps)))
            self._descent.run(picked, torch.full((steps,), rate))

    def measure(self) -> Measurement:
        with torch.no_grad():
            rows = self.trainable.shares(*self.held_out)
        objective, mi = rows.mean(0).tolist()
        return Measurement(rows, {"objective": objective, "mi": mi}, mi)

    def checkpoint(self) -> dict[str, Any]:
        return copy.deepcopy(self.trainable.module.state_dict())

    def resume(self, checkpoint: dict[str, Any]) -> None:
        self.trainable.module.load_state_dict(checkpoint)

    def adopt(self, checkpoint: dict[str, Any]) -> None:
        self.resume(checkpoint)
