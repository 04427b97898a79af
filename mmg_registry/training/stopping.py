"""Stopping rules: when held-out rows say that training at the constant rate no longer pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mmg_registry.training.evaluation import Evaluation

PLATEAU, OVERFITTING = "plateau", "overfitting"
NOTHING_GAINED = "start"  # the weights of the start are as good as any later ones
MAX_STEPS, MAX_SECONDS = "max_steps", "max_seconds"  # limits, which the loop itself watches
SURE = 3  # standard errors by which a held-out objective has to fall before that is over-fitting


class StoppingRule(Protocol):
    """A reason to end the constant stretch, told from evaluations alone."""

    def verdict(self, evaluations: Sequence[Evaluation]) -> str:
        """Return the reason to stop after the last of `evaluations` (one at least), or an empty string."""


@dataclass(frozen=True)
class Settled:
    """Stop when the last third of the training gained nothing ("plateau") or did harm ("overfitting").

    A third of the steps, and not the steps since the last evaluation: gains grow slower the longer training has been
    going on, and a plateau has to be one on the scale of the whole.

    Attributes:
        tolerance: nats (or units of the objective); a plateau is a gain of less.
        least_steps: steps before which nothing is stopped.

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
    """Stop ("start") when no evaluation so far beats that of the start, which is then kept, and no decay follows.

    For learners that start from a closed form: where it is the whole truth, a network can only add noise to it.

    Attributes:
        tolerance: nats (or units of the objective); a gain of less is none.
        least_steps: steps before which nothing gained means nothing, for learning may begin late.
    """

    tolerance: float
    least_steps: int

    def verdict(self, evaluations: Sequence[Evaluation]) -> str:
        first, *later = evaluations
        if evaluations[-1].step < self.least_steps:
            return ""
        return NOTHING_GAINED if all(each.gain(first)[0] < self.tolerance for each in later) else ""


def first_verdict(rules: Sequence[StoppingRule], evaluations: Sequence[Evaluation]) -> str:
    """Return the verdict of the first of `rules` that has one, or an empty string."""
    return next(filter(None, (rule.verdict(evaluations) for rule in rules)), "")
