"""Rows held out of a training, and what looks at them say: whether it still pays, which weights to keep, what is left.

A look measures every held-out row; two looks are compared row by row, so that most of the rows' spread cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

RATE = 0.75  # power of one over the steps that the error of these networks falls with, or so

Pair = tuple[Tensor, Tensor]


@dataclass
class Look:
    """Held-out rows after a number of steps, `(n, 2)`: each row's share of the objective (more is better) and of the
    estimate (nats)."""

    step: int
    rows: Tensor

    def gain(self, since: Look, column: int = 0) -> tuple[float, float]:
        """Mean and standard error of the objective's gain since another look, or of the estimate's (column 1)."""
        return gained(since.rows[:, column], self.rows[:, column])


def gained(before: Tensor, after: Tensor) -> tuple[float, float]:
    """Mean and standard error of a held-out gain, row by row, `(n,)` each; never a gain where something is not finite.

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


def settled(looks: Sequence[Look], tolerance: float) -> str:
    """What the last look says beside that of a third of the training ago: "plateau", "overfitting", or nothing.

    Args:
        tolerance: nats; a plateau is a gain of less.
    """
    last = looks[-1]
    earlier = [look for look in looks if look.step <= last.step * 2 / 3]
    if not earlier:
        return ""
    gain, error = last.gain(earlier[-1])
    if gain < -3 * error and gain < -tolerance:
        return "overfitting"
    return "plateau" if gain < tolerance else ""


def choice_error(kept: Look, last: Look) -> float:
    """Standard error of what the last weights would have given, unless they are surely worse: then none was chosen."""
    gain, error = last.gain(kept)
    return 0.0 if kept is last or gain < -2 * error else last.gain(kept, column=1)[1]


def carried_on(gain: float, error: float, growth: float) -> float:
    """What is left to gain where what is left falls like `steps ** -RATE`.

    Args:
        gain, error: what was gained while the steps grew by the factor `growth`, and the standard error of that.

    Example:
        >>> round(carried_on(0.1 - 0.1 * 2**-0.75, 0.0, 2.0), 4), carried_on(0.01, 0.02, 2.0)  # 0.1 * 2**-0.75 is left
        (0.0595, 0.0)
    """
    if not error < gain < math.inf:
        return 0.0
    return math.sqrt(gain**2 - error**2) / float(growth**RATE - 1)


def hold_back(x: Tensor, y: Tensor, seed: int) -> tuple[Pair, Pair]:
    """Split rows into (training, held out) for stopping: a tenth, at most 10,000, drawn at random.

    The drawn rows change places with the last ones in `x` and `y` themselves: no copy of large data is made.
    """
    n = len(x)
    size = max(1, min(10_000, n // 10))
    picked = torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:size].sort().values
    last = torch.arange(n - size, n)
    incoming, outgoing = picked[picked < n - size], last[~torch.isin(last, picked)]
    for rows in (x, y):
        rows[incoming], rows[outgoing] = rows[outgoing].clone(), rows[incoming].clone()
    return (x[: n - size], y[: n - size]), (x[n - size :], y[n - size :])
