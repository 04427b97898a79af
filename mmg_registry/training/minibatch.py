"""The learner of critics and densities: a torch module trained on mini-batches of rows with a loss of its own."""

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

MOST_PICKED = 1 << 20  # row numbers drawn in one go, over all its batches: 8 MB of int64


class Trainable(ABC):
    """A module together with its training loss and its objective and estimate on held-out rows.

    Attributes:
        module: the module to train; its state dictionary holds everything that a checkpoint needs.
        begins_late: whether learning starts later with more columns, so that an early plateau must not end it.
    """

    module: nn.Module
    begins_late: ClassVar[bool] = False

    @abstractmethod
    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the scalar loss to minimise on a batch x `(b, dim_x)`, y `(b, dim_y)`."""

    @abstractmethod
    def shares(self, x: Tensor, y: Tensor) -> Tensor:
        """Return each held-out row's contributions `(n, 2)` to the objective (to maximise) and the estimate (nats)."""

    def descent(self, rows: RowPair) -> Descent:
        """Return a fresh optimiser for a training on `rows`."""
        return TorchDescent(self.module, self.loss, rows)


@dataclass
class MinibatchLearner:
    """The `Learner` that trains a `Trainable` on mini-batches.

    A checkpoint holds the weights only, and the optimiser keeps its present moments when training resumes from one.
    (Restoring the moments too, as denoisers do, would be better, but would change every estimate that over-fitted.)

    Attributes:
        trainable: the module, loss and objective, on the device of the rows.
        rows: training rows.
        held_out: rows to measure on.
        batch: rows per step; all rows where there are fewer.
        rate: learning rate before the decay. A call of `train` uses the rate of its first step throughout, so the
            decay is a staircase.
        seed: seed of the order of the rows.
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
