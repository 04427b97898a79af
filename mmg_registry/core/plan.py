"""The optimiser settings of a training inside the core."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class TrainPlan:
    """The optimiser's settings: Adam with linear warm-up, a constant rate, a cosine decay, and averaged weights.

    Attributes:
        batch: rows per step; each row passes through the network with and without y.
        lr: peak learning rate.
        warmup: steps of linear warm-up.
        hold_until: step at which the cosine decay starts.
        total: step at which the learning rate reaches zero.
        beta1, beta2, eps: Adam's settings.
        weight_decay: decoupled weight decay, relative to the learning rate.
        ema_decay: decay of the weights' exponential moving average, which grows to this value from 0.1.

    Raises:
        ValueError: for settings that no training can use, listing all bounds.
    """

    batch: int = 512
    lr: float = 2e-3
    warmup: int = 200
    hold_until: int = 2_000
    total: int = 2_000
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0
    ema_decay: float = 0.999

    def __post_init__(self) -> None:
        steps = self.batch >= 1 and self.warmup >= 0 and 0 <= self.hold_until <= self.total
        rates = 0 <= self.lr < math.inf and 0 < self.eps < math.inf and 0 <= self.weight_decay < math.inf
        memory = 0 <= self.beta1 < 1 and 0 <= self.beta2 < 1 and 0 <= self.ema_decay <= 1
        if not (steps and rates and memory):  # every comparison with NaN is false
            raise ValueError(
                "A training plan needs batch >= 1, warmup >= 0, 0 <= hold_until <= total, finite lr >= 0, eps > 0 and "
                "weight_decay >= 0, and 0 <= beta1, beta2 < 1 and 0 <= ema_decay <= 1."
            )

    def lr_at(self, step: int) -> float:
        """Return the learning rate of step number `step`."""
        warm = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        if step < self.hold_until:
            return self.lr * warm
        done = min(1.0, (step - self.hold_until + 1) / (self.total - self.hold_until + 1))
        return self.lr * warm * 0.5 * (1 + math.cos(math.pi * done))


def step_rates(plan: TrainPlan, steps: range) -> Tensor:
    """Return the settings that change from step to step, as the compiled cores take them on both devices.

    The plan's numbers are rounded to float32 first, because the cores take them in that precision. All but the decay
    of the average is then computed in float64 and rounded to float32.

    Returns:
        `(len(steps), 4)` float32: learning rate, both bias corrections of Adam, and the decay of the averaged weights.

    Example:
        >>> [round(rate, 3) for rate in step_rates(TrainPlan(warmup=4, lr=1.0), range(1))[0].tolist()]
        [0.25, 10.0, 100.0, 0.1]
    """
    lr, beta1, beta2 = torch.tensor([plan.lr, plan.beta1, plan.beta2]).tolist()
    rounded = replace(plan, lr=lr)
    rows = [[rounded.lr_at(step), beta1 ** (step + 1), beta2 ** (step + 1)] for step in steps]
    found = torch.tensor(rows, dtype=torch.float64).reshape(len(steps), 3)
    found[:, 1:] = 1 / (1 - found[:, 1:])
    number = torch.arange(steps.start, steps.stop).float()
    decay = ((1 + number) / (10 + number)).clamp(max=plan.ema_decay)
    return torch.cat([found.float(), decay[:, None]], 1)
