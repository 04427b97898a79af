"""Information of drawn pairs by Monte Carlo, from the law of y given x alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mmg_registry.samplers import Sampler

LogLaw = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Mean(NamedTuple):
    """A mean and its standard error."""

    value: float
    error: float

    def holds(self, truth: float, bias: float = 0.008) -> bool:
        """Whether `truth` is within four standard errors, and the bias that the inner mean may have."""
        return abs(self.value - truth) < 4 * self.error + bias


def mean(values: np.ndarray) -> Mean:
    """The mean of independent values."""
    return Mean(float(values.mean()), float(values.std() / np.sqrt(values.size)))


def by_channel(sampler: Sampler, log_law: LogLaw, rows: int = 3000, others: int = 1500) -> Mean:
    """I(X; Y) as the mean of log p(y | x) - log p(y), where p(y) is the mean of p(y | x') over other rows x'.

    `log_law(x, y)` broadcasts over rows: x has the shape (1, n, dim) or (n, 1, dim), y likewise; it returns `(n, m)`.
    """
    x, y = sampler.sample(rows, seed=1)
    drawn, _ = sampler.sample(others, seed=2)
    own = log_law(x[:, None], y[:, None])[:, 0]
    with np.errstate(divide="ignore"):
        margin = [np.log(np.exp(log_law(drawn[None], part[:, None])).mean(1)) for part in np.array_split(y, 10)]
    return mean(own - np.concatenate(margin))
