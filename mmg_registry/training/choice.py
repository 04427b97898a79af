"""Rules for which weights to keep, and the standard error that comes from having to choose by noisy evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mmg_registry.training.evaluation import ESTIMATE, Evaluation

SURELY_WORSE = 2  # standard errors by which the last weights must be worse for the choice to be certain


class ChoiceRule(Protocol):
    """A rule that decides whether the latest weights replace the kept ones."""

    def replaces(self, latest: Evaluation, kept: Evaluation) -> bool:
        """Return whether to keep the weights of `latest` from now on."""


@dataclass(frozen=True)
class EarliestUnbeaten:
    """The rule that keeps the earliest weights that no later ones beat by more than the difference's standard error.

    The earliest weights are the least fitted to the training rows: with few rows, where the held-out objective is too
    noisy to choose by, the result stays near the closed form that training started from.
    """

    def replaces(self, latest: Evaluation, kept: Evaluation) -> bool:
        gain, error = latest.gain(kept)
        return gain > error


@dataclass(frozen=True)
class Latest:
    """The rule that keeps the last weights whatever the held-out rows say, as published recipes do."""

    def replaces(self, latest: Evaluation, kept: Evaluation) -> bool:
        return True


def surely_worse(last: Evaluation, kept: Evaluation) -> bool:
    """Return whether the last weights are worse than the kept ones by more than `SURELY_WORSE` standard errors."""
    gain, error = last.gain(kept)
    return gain < -SURELY_WORSE * error


def choice_error(kept: Evaluation, last: Evaluation) -> float:
    """Return the standard error (nats) of the difference between the estimates of the last and of the kept weights.

    It is 0 where the last weights are the kept ones, or are surely worse: then noise did not make the choice.
    """
    return 0.0 if kept is last or surely_worse(last, kept) else last.gain(kept, ESTIMATE)[1]
