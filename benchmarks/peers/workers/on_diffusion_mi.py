"""`diffusion-mi`: every estimator of the package, at its defaults.

Its diffusion estimators end after a thousand epochs only, so the budget ends them. `mmg-watched` records the estimate
while training, after numbers of steps that grow by a quarter; the time of recording does not count.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import frame
import numpy as np
import pytorch_lightning  # noqa: F401  before the stand-in below, which would mislead its own check for torchvision
import torch

sys.modules["torchvision"] = ModuleType("torchvision")  # the package imports it and never uses it
sys.modules["torchvision"].transforms = None  # type: ignore[attr-defined]

from dmi import estimators  # noqa: E402

FIRST_LOOK, GROWTH, REPEATS = 100, 1.25, 10
VALIDATION_ROWS = 1000  # MMG needs some; only few, because validation takes time


def fitted(estimator: Any, rows: frame.PeerRows, budget: frame.Budget, seed: int) -> float:
    """Train until the budget ends, and return the estimate."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y, x_eval, y_eval = rows.standardised()
    with budget.ends():
        estimator.fit(x, y, x_eval[:VALIDATION_ROWS], y_eval[:VALIDATION_ROWS])
    return float(estimator.estimate(x_eval, y_eval))


class Watched(estimators.MMGEstimator):
    """MMGEstimator as it is, evaluated from the outside after some of its steps."""

    def watch(self, rows: frame.PeerRows, budget: frame.Budget) -> None:
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
        """Return the orthogonal estimate in nats, computed as in `estimate`, which does not return it."""
        kept, self.model = self.model, self.model_ema.module
        x, y = (torch.as_tensor(rows, dtype=torch.float32) for rows in self.rows[2:])
        values = [self.estimate_x_y(x, y).item() for _ in range(REPEATS)]
        self.model = kept
        return float(np.mean(values))


def watched(rows: frame.PeerRows, budget: frame.Budget, seed: int) -> dict[str, Any]:
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
    """Return the multiply-adds of all linear layers on one row."""
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


def at(name: str, seeded: bool = True, **options: Any) -> frame.PeerMethod:
    """Return the method that runs the estimator `name`, made with `options` and, if `seeded`, the seed."""

    def method(rows: frame.PeerRows, budget: frame.Budget, seed: int) -> float:
        given = {**options, "seed": seed} if seeded else options
        return fitted(getattr(estimators, name)(**given), rows, budget, seed)

    return method


METHODS = {
    "mmg": at("MMGEstimator"),
    "minde-c": at("MINDEEstimator", type="c"),
    "minde-j": at("MINDEEstimator", type="j"),
    "mine": at("MINEEstimator", max_n_steps=3000),  # as in the README; the default is a thousand epochs
    "infonce": at("CPCEstimator", seeded=False),
    "nwj": at("NWJEstimator", seeded=False),
    "smile": at("SMILEEstimator", seeded=False),
    "doe": at("DoEEstimator"),
    "f-dime": at("DIMEEstimator"),
    "mmg-watched": watched,
}

if __name__ == "__main__":
    frame.main(METHODS, "diffusion-mi", "torch", "lightning", "numpy")
