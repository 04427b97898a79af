"""Trains MMGEstimator of `diffusion-mi` at its defaults and writes one JSON line for each look at it.

Runs in the environment that `benchmarks.peers.diffusion_mi` makes, where this repository is not installed:

    python diffusion_mi_worker.py DATA.npz CAP_CPU_SECONDS SEED OUTPUT.jsonl

Looks (estimates on held-out rows) are taken at steps that grow by a quarter; the CPU time they cost is not counted.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytorch_lightning  # noqa: F401  before the stand-in below, which would mislead its own check for torchvision
import torch

sys.modules["torchvision"] = ModuleType("torchvision")  # imported by the package and never used
sys.modules["torchvision"].transforms = None  # type: ignore[attr-defined]

from dmi.estimators import MMGEstimator  # noqa: E402

FIRST_LOOK, GROWTH, REPEATS = 100, 1.25, 10
VALIDATION_ROWS = 1000  # `fit` demands some; few of them, because validating costs it time


class Clock:
    """CPU seconds of this process, less those spent while paused."""

    def __init__(self) -> None:
        self.start, self.excluded = time.process_time(), 0.0

    def seconds(self) -> float:
        return time.process_time() - self.start - self.excluded

    def exclude_since(self, moment: float) -> None:
        self.excluded += time.process_time() - moment


class Watched(MMGEstimator):
    """MMGEstimator as it is, looked at from the outside after some of its steps."""

    def watch(self, x: np.ndarray, y: np.ndarray, cap: float, output: Path) -> None:
        self.rows, self.cap, self.output = (x, y), cap, output
        self.next_look, self.clock = FIRST_LOOK, Clock()

    def on_train_batch_end(self, *_: Any) -> None:
        if self.global_step >= self.next_look or self.clock.seconds() >= self.cap:
            moment = time.process_time()
            self.look()
            self.next_look = int(self.next_look * GROWTH)
            self.clock.exclude_since(moment)
            self.trainer.should_stop = self.clock.seconds() >= self.cap

    def look(self) -> None:
        seconds = self.clock.seconds()
        direct = self.estimate(*self.rows)
        found = {"steps": self.global_step, "cpu_seconds": seconds, "mi": direct, "orthogonal": self.orthogonal()}
        self.train()
        say(self.output, found)

    @torch.no_grad()
    def orthogonal(self) -> float:
        """The orthogonal estimate, which `estimate` computes in the same way and does not return."""
        kept, self.model = self.model, self.model_ema.module
        x, y = (torch.as_tensor(rows, dtype=torch.float32) for rows in self.rows)
        values = [self.estimate_x_y(x, y).item() for _ in range(REPEATS)]
        self.model = kept
        return float(np.mean(values))


def say(path: Path, content: dict[str, Any]) -> None:
    """Append a line; standard output belongs to Lightning's progress bar."""
    with path.open("a") as output:
        output.write(json.dumps(content) + "\n")


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


def standardised(data: Any) -> tuple[np.ndarray, ...]:
    """All four arrays in units of the training rows, as its own demonstration does."""
    out = []
    for name in ("x", "y"):
        mean, sd = data[name].mean(axis=0), data[name].std(axis=0)
        out += [(data[name] - mean) / sd, (data[f"{name}_eval"] - mean) / sd]
    return out[0], out[2], out[1], out[3]


def main(path: Path, cap: float, seed: int, output: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y, x_eval, y_eval = standardised(np.load(path))
    estimator = Watched(seed=seed)
    estimator.watch(x_eval, y_eval, cap, output)
    estimator.fit(x, y, x_eval[:VALIDATION_ROWS], y_eval[:VALIDATION_ROWS])
    parameters = sum(p.numel() for p in estimator.model.parameters())
    size = {"n_parameters": parameters, "multiply_adds": multiply_adds(estimator.model, x.shape[1], y.shape[1])}
    say(output, {"done": True, **size, "batch": estimator.hparams.batch_size, "torch": torch.__version__})


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
