"""The settings of a training run inside the core."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class TrainPlan:
    """The optimiser's settings: Adam, linear warm-up, a constant stretch, a cosine to zero, a moving average.

    Attributes:
        batch: rows a step; each passes the network with and without y.
        lr: peak learning rate.
        warmup: steps of linear warm-up.
        hold_until: step at which the cosine decay starts.
        total: step at which it reaches zero.
        ema_decay: of the averaged weights, reached gradually from zero.

    Raises:
        ValueError: for settings that cannot train, with all bounds.
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
        """The learning rate of a step, as the compiled core computes it."""
        warm = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        if step < self.hold_until:
            return self.lr * warm
        done = min(1.0, (step - self.hold_until + 1) / (self.total - self.hold_until + 1))
        return self.lr * warm * 0.5 * (1 + math.cos(math.pi * done))
