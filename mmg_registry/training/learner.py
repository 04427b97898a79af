"""What the loop trains: anything that can take steps, be measured on held-out rows, and go back to a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from mmg_registry.training.decay import Horizon


class Measurement(NamedTuple):
    """Held-out rows under the present weights.

    Attributes:
        rows: `(n, 2)`, each row's share of the objective (more is better) and of the running estimate (nats).
        means: named means over the rows, for the report's history.
        mi: the running estimate (nats) to show while training.
    """

    rows: Tensor
    means: Mapping[str, float]
    mi: float


class Learner(Protocol):
    """A network (or several) in training, with its rows, its optimiser and its held-out rows."""

    def train(self, first_step: int, n_steps: int, horizon: Horizon) -> None:
        """Run the optimiser steps `first_step` .. `first_step + n_steps - 1` at the rates that `horizon` implies."""

    def measure(self) -> Measurement:
        """Measure the present weights on the held-out rows, with the same noise every time."""

    def checkpoint(self) -> Any:
        """Return a copy of what `resume` needs."""

    def resume(self, checkpoint: Any) -> None:
        """Train and be measured from `checkpoint` on; it may be used again."""

    def adopt(self, checkpoint: Any) -> None:
        """Be measured with the weights of `checkpoint` from now on; training is over."""


class Refinement(Protocol):
    """A change of what the learner trains on, by what it has learned so far."""

    def is_due(self, step: int) -> bool:
        """Return whether to refine after `step` steps."""

    def apply(self, step: int) -> None:
        """Refine now, after `step` steps: measurements of before and after do not compare."""
