"""Information of drawn pairs by Monte Carlo from the law of y given x, and by counting."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.tables import table_mi

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


def by_counts(sampler: Sampler, rows: int = 400_000) -> float:
    """I(X; Y) of two discrete columns from the table of drawn rows.

    It is too large by the degrees of freedom over twice the rows (Miller 1955), which is taken off.
    """
    x, y = (np.unique(side, return_inverse=True)[1].ravel() for side in sampler.sample(rows))
    table = np.zeros((x.max() + 1, y.max() + 1))
    np.add.at(table, (x, y), 1.0)
    freedom = (table > 0).sum() - (table.sum(1) > 0).sum() - (table.sum(0) > 0).sum() + 1
    return table_mi(table) - float(freedom) / (2 * rows)
