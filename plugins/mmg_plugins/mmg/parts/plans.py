"""Training plans: the optimiser and the schedule of the default recipe, and those of the published one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mmg_plugins.mmg.options import MMGOptions
from mmg_plugins.mmg.thresholds import (
    DEFAULT_STEPS,
    EVALUATE_EVERY_FEW_ROWS,
    EVALUATE_EVERY_MANY_ROWS,
    LEAST_PLATEAU_STEPS,
    MANY_ROWS,
    WARMUP_STEPS,
)
from mmg_registry.core import TrainPlan
from mmg_registry.diffusion import Schedule
from mmg_registry.training.optimiser import WEIGHT_DECAY

MakePlan = Callable[[int, int], tuple[TrainPlan, Schedule]]  # from noised columns and the rows given to fit

SMALL_DIM_X = 5  # columns up to which the published optimiser is the one for small pairs


@dataclass(frozen=True)
class DefaultPlan:
    """A constant learning rate up to a plateau of the held-out loss, then a cosine decay to zero.

    Held-out rows are evaluated more often where rows are few.

    Attributes:
        options: batch, rate, tolerance and the most steps.
        least_look: least number of steps between two evaluations of held-out rows.
    """

    options: MMGOptions
    least_look: int = 1

    def __call__(self, dim_x: int, n_rows: int) -> tuple[TrainPlan, Schedule]:
        look = EVALUATE_EVERY_MANY_ROWS if n_rows >= MANY_ROWS else EVALUATE_EVERY_FEW_ROWS
        most, tolerance = self.options.steps or DEFAULT_STEPS, self.options.tolerance
        schedule = Schedule(most, LEAST_PLATEAU_STEPS, check_every=max(self.least_look, look), tolerance=tolerance)
        warmup = min(WARMUP_STEPS, most // 10)
        plan = TrainPlan(self.options.batch, self.options.lr, warmup, weight_decay=WEIGHT_DECAY)
        return plan, schedule


@dataclass(frozen=True)
class PublishedPlan:
    """The published optimiser and number of epochs: a constant rate to the end, no early stopping (arXiv 2509.20609).

    Attributes:
        steps: number of steps in place of the published epochs, or None.
        weight_decay: the published weight decay: MMG's 1e-5, or 0 for MINDE.
    """

    steps: int | None = None
    weight_decay: float = 1e-5

    def __call__(self, dim_x: int, n_rows: int) -> tuple[TrainPlan, Schedule]:
        lr, batch, epochs = (1e-3, 128, 500) if dim_x <= SMALL_DIM_X else (2e-3, 256, 750)
        most = self.steps or epochs * -(-n_rows // batch)
        # the decay is one step, and no plateau ends the training
        schedule = Schedule(max_steps=most, min_steps=most, check_every=1_000, decay=1e-6, keep_last=True)
        return TrainPlan(batch=batch, lr=lr, warmup=0, beta2=0.999, weight_decay=self.weight_decay), schedule
