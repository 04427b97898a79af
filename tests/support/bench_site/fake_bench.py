"""A suite of three tiny tasks through the hook, and estimators that are right, slow, or fail in every way."""

from __future__ import annotations

import math
import os
import sys
import time
from typing import ClassVar

import numpy as np
from pydantic import Field

from mmg_registry import hookimpl
from mmg_registry.benchmark.tasks import Task
from mmg_registry.contracts import Array, Estimator, Options
from mmg_registry.results import Curve, Estimate
from mmg_registry.samplers import gaussian, independent


@hookimpl
def mmg_tasks() -> list[Task]:
    return [
        Task("tiny", "paired", gaussian(1, 0.25)),
        Task("tiny", "paired", gaussian(2, 0.5)),
        Task("tiny", "apart", independent(1)),
    ]


class Right(Estimator):
    """-1/2 log(1 - rho^2), summed over pairs of columns, plus `shift`."""

    name = "bench-right"
    summary = "Gaussian MI of the tiny tasks."
    reference = "Cover and Thomas, Elements of Information Theory, 2006."
    has_curve = True

    class Options(Options):
        shift: float = Field(0.0, ge=-5, le=5, description="Added to the estimate.")

    def fit(self, x: Array, y: Array) -> Right:
        rho = [np.corrcoef(x[:, k], y[:, k])[0, 1] for k in range(x.shape[1])]
        self.mi = float(-0.5 * np.sum(np.log1p(-np.square(rho)))) + self.options.shift
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        mmse = [0.1, 0.5, 0.9]
        gap = [0.0, self.mi, 0.0]
        cond = [a - 2 * b for a, b in zip(mmse, gap, strict=True)]
        small, none = [0.01] * 3, [0.0] * 3
        curve = Curve([-1.0, 0.0, 1.0, 2.0], gap, gap, none, small, small, small, [9] * 3, mmse, cond)
        return Estimate(mi=self.mi, std_error=1 / math.sqrt(len(x)), curve=curve)


class Nap(Right):
    """Right, after a nap that ends when a file is there."""

    name = "bench-nap"

    class Options(Options):
        until: str = Field(".", description="The file to sleep until.")
        shift: float = 0.0

    def fit(self, x: Array, y: Array) -> Nap:
        while not os.path.exists(self.options.until):
            time.sleep(0.02)
        super().fit(x, y)
        return self


class Raise(Right):
    name = "bench-raise"

    def fit(self, x: Array, y: Array) -> Raise:
        raise ValueError("singular <matrix> & worse")


class Narrow(Right):
    """Takes one column of x and says so."""

    name = "bench-narrow"
    max_dim_x: ClassVar[int | None] = 1


class Die(Right):
    """Takes its process along, as a segmentation fault would."""

    name = "bench-die"

    def fit(self, x: Array, y: Array) -> Die:
        print("last words", flush=True)
        os._exit(7)


class Quit(Right):
    name = "bench-quit"

    def fit(self, x: Array, y: Array) -> Quit:
        sys.exit("I quit")
