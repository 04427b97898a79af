"""Rules for early stopping: they end training at the constant rate when held-out rows show no further gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mmg_registry.training.evaluation import Evaluation

PLATEAU, OVERFITTING = "plateau", "overfitting"
NOTHING_GAINED = "start"  # the initial weights are as good as any later ones
STEPS_SPENT, TIME_SPENT = "max_steps", "max_seconds"  # limits, which the loop itself checks
SURE = 3  # standard errors by which the held-out objective must fall to count as over-fitting


class StoppingRule(Protocol):
    """A rule that may end the constant stretch, by the evaluations alone."""

    def verdict(self, evaluations: Sequence[Evaluation]) -> str:
        """Return the reason to stop after the last of `evaluations` (at least one), or an empty string to go on."""


@dataclass(frozen=True)
class Settled:
    """The rule that stops when the last third of the training gained nothing ("plateau") or lost ("overfitting").

    The rule looks at a third of all steps rather than at the last interval because gains slow down as training goes
    on: a plateau must be one on the scale of the whole training.

    Attributes:
        tolerance: a smaller gain than this is a plateau; in nats, or units of the objective.
        least_steps: number of steps before which the rule never stops.

    Example:
        >>> import torch
        >>> seen = [Evaluation(step, torch.full((9, 2), gain)) for step, gain in ((200, 0.3), (300, 0.301))]
        >>> Settled(tolerance=0.01, least_steps=300).verdict(seen)
        'plateau'
    """

    tolerance: float
    least_steps: int = 0

    def verdict(self, evaluations: Sequence[Evaluation]) -> str:
        last = evaluations[-1]
        earlier = [each for each in evaluations if each.step <= last.step * 2 / 3]
        if not earlier or last.step < self.least_steps:
            return ""
        gain, error = last.gain(earlier[-1])
        if gain < -SURE * error and gain < -self.tolerance:
            return OVERFITTING
        return PLATEAU if gain < self.tolerance else ""


@dataclass(frozen=True)
class NothingGained:
    """The rule that stops ("start") when no evaluation beats the initial one.

    The initial weights are then kept, and no decay of the learning rate follows.

    It is for learners that start from a closed form: where that form is exact, a network can only add noise to it.

    Attributes:
        tolerance: a smaller gain than this counts as none; in nats, or units of the objective.
        least_steps: number of steps before which the rule never stops, because learning may begin late.
    """

    tolerance: float
    least_steps: int

    def verdict(self, evaluations: Sequence[Evaluation]) -> str:
        first, *later = evaluations
        if evaluations[-1].step < self.least_steps:
            return ""
        return NOTHING_GAINED if all(each.gain(first)[0] < self.tolerance for each in later) else ""


def first_verdict(rules: Sequence[StoppingRule], evaluations: Sequence[Evaluation]) -> str:
    """Return the verdict of the first of `rules` that wants to stop, or an empty string."""
    return next(filter(None, (rule.verdict(evaluations) for rule in rules)), "")
