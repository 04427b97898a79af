"""`diffusion-mi`: every estimator it ships, at its defaults.

Its diffusion estimators know no end but a thousand epochs, so they are given the budget and stand where it ends.
`mmg-watched` looks at the estimate as it trains, after steps that grow by a quarter, not counting what looking costs.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import frame
import numpy as np
import pytorch_lightning  # noqa: F401  before the stand-in below, which would mislead its own check for torchvision
import torch

sys.modules["torchvision"] = ModuleType("torchvision")  # imported by the package and never used
sys.modules["torchvision"].transforms = None  # type: ignore[attr-defined]

from dmi import estimators  # noqa: E402

FIRST_LOOK, GROWTH, REPEATS = 100, 1.25, 10
VALIDATION_ROWS = 1000  # MMG demands some; few of them, because validating costs it time


def fitted(estimator: Any, rows: frame.Rows, budget: frame.Budget, seed: int) -> float:
    """Train as far as the budget goes, then estimate."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y, x_eval, y_eval = rows.standardised()
    with budget.ends():
        estimator.fit(x, y, x_eval[:VALIDATION_ROWS], y_eval[:VALIDATION_ROWS])
    return float(estimator.estimate(x_eval, y_eval))


class Watched(estimators.MMGEstimator):
    """MMGEstimator as it is, looked at from the outside after some of its steps."""

    def watch(self, rows: frame.Rows, budget: frame.Budget) -> None:
        self.rows, self.budget, self.next_look = rows, budget, FIRST_LOOK

    def on_train_batch_end(self, *_: Any) -> None:
        if self.global_step >= self.next_look or self.budget.is_over():
            seconds = self.budget.used
            with self.budget.paused():
                self.look(seconds)
            self.next_look = int(self.next_look * GROWTH)
            self.trainer.should_stop = self.budget.is_over()

    def look(self, seconds: float) -> None:
        direct = self.estimate(*self.rows[2:])
        self.budget.say(steps=self.global_step, cpu_seconds=seconds, mi=direct, orthogonal=self.orthogonal())
        self.train()

    @torch.no_grad()
    def orthogonal(self) -> float:
        """The orthogonal estimate, which `estimate` computes in the same way and does not return."""
        kept, self.model = self.model, self.model_ema.module
        x, y = (torch.as_tensor(rows, dtype=torch.float32) for rows in self.rows[2:])
        values = [self.estimate_x_y(x, y).item() for _ in range(REPEATS)]
        self.model = kept
        return float(np.mean(values))


def watched(rows: frame.Rows, budget: frame.Budget, seed: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rows, estimator = rows.standardised(), Watched(seed=seed)
    estimator.watch(rows, budget)
    estimator.fit(rows.x, rows.y, rows.x_eval[:VALIDATION_ROWS], rows.y_eval[:VALIDATION_ROWS])
    return {
        "estimate": float(estimator.estimate(rows.x_eval, rows.y_eval)),
        "n_parameters": sum(p.numel() for p in estimator.model.parameters()),
        "multiply_adds": multiply_adds(estimator.model, rows.x.shape[1], rows.y.shape[1]),
        "batch": estimator.hparams.batch_size,
    }


def multiply_adds(model: torch.nn.Module, dim_x: int, dim_y: int) -> int:
    """Multiply-adds of all linear layers that one row passes."""
    count = 0

    def add(layer: torch.nn.Linear, *_: Any) -> None:
        nonlocal count
        count += layer.in_features * layer.out_features

    linear = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)]
    handles = [layer.register_forward_hook(add) for layer in linear]
    model(torch.zeros(1, dim_x), torch.zeros(1), torch.zeros(1, dim_y))
    for handle in handles:
        handle.remove()
    return count


def at(name: str, seeded: bool = True, **options: Any) -> frame.Method:
    """The estimator called `name`, made with `options` and, where it takes one, the seed."""

    def method(rows: frame.Rows, budget: frame.Budget, seed: int) -> float:
        given = {**options, "seed": seed} if seeded else options
        return fitted(getattr(estimators, name)(**given), rows, budget, seed)

    return method


METHODS = {
    "mmg": at("MMGEstimator"),
    "minde-c": at("MINDEEstimator", type="c"),
    "minde-j": at("MINDEEstimator", type="j"),
    "mine": at("MINEEstimator", max_n_steps=3000),  # the README's; by default it would go on for a thousand epochs
    "infonce": at("CPCEstimator", seeded=False),
    "nwj": at("NWJEstimator", seeded=False),
    "smile": at("SMILEEstimator", seeded=False),
    "doe": at("DoEEstimator"),
    "f-dime": at("DIMEEstimator"),
    "mmg-watched": watched,
}

if __name__ == "__main__":
    frame.main(METHODS, "diffusion-mi", "torch", "lightning", "numpy")
