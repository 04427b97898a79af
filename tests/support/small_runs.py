"""Small pairs of known MI and short trainings on them, for tests of the neural estimators."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mmg_registry.contracts import Run
from mmg_registry.results import Estimate

SMALL: dict[str, Any] = {"steps": 60, "width": 32, "batch": 64, "lr": 5e-3}
RUN = Run(seed=0, threads=1)
MI = -0.5 * math.log(1 - 0.64)  # of `pair()`, in nats
Pair = tuple[np.ndarray, np.ndarray]


def pair(n: int = 2_000, rho: float = 0.8, dim_x: int = 1, dim_y: int = 1, seed: int = 0) -> Pair:
    """Return normal rows whose first columns are correlated by `rho`."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, dim_x)), rng.standard_normal((n, dim_y))
    y[:, 0] = rho * x[:, 0] + math.sqrt(1 - rho**2) * y[:, 0]
    return x, y


def folded(n: int = 3_000, seed: int = 0) -> Pair:
    """Return x and |x| with noise: 0.81 nats and no correlation, so that the network has everything to learn."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 1))
    return x, np.abs(x) + 0.3 * rng.standard_normal((n, 1))


def estimate(cls: type[Any], train: Pair, new: Pair, run: Run = RUN, **options: Any) -> Estimate:
    """Return the estimate of a short training on `train`, of the rows `new`."""
    return cls(run=run, **{**SMALL, **options}).fit(*train).estimate(*new)
