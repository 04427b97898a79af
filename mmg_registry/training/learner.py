"""The learner protocol: whatever can take steps, be measured on held-out rows, and return to a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from mmg_registry.training.decay import Horizon


class Measurement(NamedTuple):
    """The held-out rows' values under the present weights.

    Attributes:
        rows: `(n, 2)`, each row's contribution to the objective (larger is better) and to the running estimate (nats).
        means: means over the rows by name, for the report's history.
        mi: the running estimate (nats) that is shown during training.
    """

    rows: Tensor
    means: Mapping[str, float]
    mi: float


class Learner(Protocol):
    """A network (or several) in training, together with its training rows, optimiser and held-out rows."""

    def train(self, first_step: int, n_steps: int, horizon: Horizon) -> None:
        """Run the optimiser steps `first_step` to `first_step + n_steps - 1` at the rates that `horizon` sets."""

    def measure(self) -> Measurement:
        """Measure the present weights on the held-out rows, with the same noise every time."""

    def checkpoint(self) -> Any:
        """Return a copy of everything that `resume` needs."""

    def resume(self, checkpoint: Any) -> None:
        """Go back to `checkpoint` for further training and measuring; leave it intact, for it may be used again."""

    def adopt(self, checkpoint: Any) -> None:
        """Take the weights of `checkpoint` for good, after the last training step."""


class Refinement(Protocol):
    """A change of the distribution that the learner samples from, based on what it has learned so far."""

    def is_due(self, step: int) -> bool:
        """Return whether a refinement is due after `step` steps."""

    def apply(self, step: int) -> None:
        """Refine after `step` steps; measurements from before and after cannot be compared with each other."""
