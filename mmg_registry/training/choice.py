"""Which weights to keep, and how far that choice is a matter of noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mmg_registry.training.evaluation import ESTIMATE, Evaluation

SURELY_WORSE = 2  # standard errors by which the last weights have to fall behind before nothing was left to choose


class ChoiceRule(Protocol):
    """Whether the latest weights take the place of the kept ones."""

    def replaces(self, latest: Evaluation, kept: Evaluation) -> bool:
        """Return whether to keep the weights of `latest` from now on."""


@dataclass(frozen=True)
class EarliestUnbeaten:
    """Keep the earliest weights that nothing later beats by more than the standard error of the difference.

    They are the least fitted ones: with few rows, when the held-out objective is too noisy to choose by, training stays
    near the closed form that it started from.
    """

    def replaces(self, latest: Evaluation, kept: Evaluation) -> bool:
        gain, error = latest.gain(kept)
        return gain > error


@dataclass(frozen=True)
class Latest:
    """Keep the last weights whatever held-out rows say, as published recipes do."""

    def replaces(self, latest: Evaluation, kept: Evaluation) -> bool:
        return True


def choice_error(kept: Evaluation, last: Evaluation) -> float:
    """Return the standard error (nats) of what the last weights would have given in place of the kept ones.

    It is 0 where the last ones are kept or are surely worse, for then nothing was left to choose.
    """
    gain, error = last.gain(kept)
    return 0.0 if kept is last or gain < -SURELY_WORSE * error else last.gain(kept, ESTIMATE)[1]
