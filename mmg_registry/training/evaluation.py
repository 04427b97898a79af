"""An evaluation of the held-out rows, and the gain from one evaluation to another.

Two evaluations are compared row by row: both see the same rows (and the same noise, where there is any), so that most
of the spread of the rows cancels in their difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

OBJECTIVE, ESTIMATE = 0, 1  # columns of an evaluation


@dataclass(frozen=True)
class Evaluation:
    """Held-out rows as the weights after a number of steps see them.

    Attributes:
        step: optimiser steps behind the weights.
        rows: `(n, 2)`, each row's share of the objective (more is better) and of the running estimate (nats).
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
    """Return mean and standard error of a held-out gain, row by row, of shares `(n,)` each.

    Weights that give a row no finite share never gain: the mean is then minus infinity, or infinity where such weights
    were left behind.

    Example:
        >>> gained(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 2.0]))
        (1.0, 0.0)
    """
    gain = (after - before).double()
    if not bool(torch.isfinite(gain).all()):
        finite_now = bool(torch.isfinite(after).all())
        return (math.inf, 0.0) if finite_now else (-math.inf, 0.0)
    error = float(gain.std() / math.sqrt(len(gain))) if len(gain) > 1 else math.inf
    return float(gain.mean()), error
