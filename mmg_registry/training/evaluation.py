"""Evaluations of the held-out rows, and the gain from one evaluation to another.

Two evaluations are compared row by row. Both use the same rows (and the same noise, where there is any), so most of
the variation between rows cancels in the difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mmg_registry.results import widened

OBJECTIVE, ESTIMATE = 0, 1  # columns of an evaluation


@dataclass(frozen=True)
class Evaluation:
    """The held-out rows' values under the weights after a number of steps.

    Attributes:
        step: number of optimiser steps that led to the weights.
        rows: `(n, 2)`, each row's contribution to the objective (larger is better) and to the running estimate (nats).
    """

    step: int
    rows: Tensor

    def gain(self, since: Evaluation, column: int = OBJECTIVE) -> tuple[float, float]:
        """Return the mean gain since another evaluation, and its standard error.

        Args:
            since: the evaluation to compare with, of the same rows.
            column: `OBJECTIVE`, or `ESTIMATE` for the gain of the estimate (nats).
        """
        return gained(since.rows[:, column], self.rows[:, column])


def gained(before: Tensor, after: Tensor) -> tuple[float, float]:
    """Return the mean of the row-by-row gain from `before` to `after`, both `(n,)`, and its standard error.

    The error of few rows is as much larger as Student's quantile is, or they would keep weights by chance.

    Weights under which a row has no finite value never gain: the mean is minus infinity where `after` holds such
    values, and plus infinity where only `before` does.

    Example:
        >>> gained(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 2.0]))
        (1.0, 0.0)
    """
    gain = (after - before).double()
    if not bool(torch.isfinite(gain).all()):
        finite_now = bool(torch.isfinite(after).all())
        return (math.inf, 0.0) if finite_now else (-math.inf, 0.0)
    error = widened(float(gain.std()) / math.sqrt(len(gain)), len(gain)) if len(gain) > 1 else math.inf
    return float(gain.mean()), error
