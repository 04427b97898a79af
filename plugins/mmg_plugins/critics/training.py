"""Training of a critic: the objective of a batch in torch, and the same steps in the compiled core."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from mmg_plugins.critics import objectives as bounds
from mmg_plugins.critics.networks import Critic, Joint
from mmg_plugins.critics.objectives import CorrectedPartition, CriticObjective, Scores
from mmg_registry.core.critic import CriticPlan, CriticProblem, CriticState, train_critic
from mmg_registry.training import RowPair, Trainable
from mmg_registry.training.optimiser import LONGEST_GRADIENT, WEIGHT_DECAY, Descent


@dataclass
class TrainableCritic(Trainable):
    """A critic, and the objectives that it is trained and judged by.

    Attributes:
        module: the critic.
        objective: a key of `objectives.OBJECTIVES`; "donsker-varadhan" is trained with MINE's corrected gradient.
        value: gives each held-out row's share of the running estimate; None where that is the objective itself.
        smoothing: weight of the past in MINE's moving average.
    """

    begins_late: ClassVar[bool] = True

    module: Critic
    objective: str
    value: CriticObjective | None = None
    smoothing: float = 0.0
    partition: CorrectedPartition = field(init=False)

    def __post_init__(self) -> None:
        self.partition = CorrectedPartition(self.smoothing)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        scores = self.module.scores(x, y, self.module.group)
        return self.partition.loss(scores) if self.objective == "donsker-varadhan" else -self._judge(scores).mean()

    def shares(self, x: Tensor, y: Tensor) -> Tensor:
        scores = self.module.held_out_scores(x, y)
        judged = self._judge(scores)
        return torch.stack([judged, judged if self.value is None else self.value(scores)], 1)

    def _judge(self, scores: Scores) -> Tensor:
        return bounds.OBJECTIVES[self.objective](scores)

    def descent(self, rows: RowPair) -> Descent:
        joint = isinstance(self.module, Joint) and self.module.in_core
        return CoreDescent(self, rows) if joint else super().descent(rows)


class CoreDescent:
    """Training steps of a joint critic in the compiled core, on the module's weights."""

    def __init__(self, trainable: TrainableCritic, rows: RowPair) -> None:
        assert isinstance(trainable.module, Joint)
        self.trainable, self.rows, self.critic = trainable, rows, trainable.module
        self.state = CriticState.fresh(self.critic.flat())

    def run(self, picked: Tensor, rates: Tensor) -> None:
        """Take one step on each batch: `picked` `(batches, rows)`, `rates` `(batches,)`."""
        critic, plan = self.critic, self._plan(picked)
        problem = CriticProblem(critic.network, critic.gaussian_part, *self.rows)
        self.state.weights.copy_(critic.flat())  # training may have gone back to earlier weights
        try:
            train_critic(problem, self.state, plan, picked, rates)
        finally:
            critic.take(self.state.weights)

    def _plan(self, picked: Tensor) -> CriticPlan:
        rows = picked.shape[1]
        groups = max(1, rows // self.critic.group)
        return CriticPlan(
            self.trainable.objective,
            rows // groups,
            groups,
            smoothing=self.trainable.smoothing,
            weight_decay=WEIGHT_DECAY,
            longest=LONGEST_GRADIENT,
        )
