"""What a critic's estimator is made of: a frozen recipe of functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mmg_plugins.critics.networks import Critic, LogMeans, log_means
from mmg_plugins.critics.objectives import CriticObjective
from mmg_plugins.critics.readings import heavy_row, partition_words
from mmg_plugins.neural import Reading

Compare = Callable[[Critic, Tensor, Tensor], LogMeans]


@dataclass(frozen=True)
class CriticRecipe:
    """The functions by which critics' estimators differ.

    Attributes:
        judged_by: name of the objective in `objectives.OBJECTIVES`, for training and for held-out rows.
        read: the estimate from the scores of evaluation rows.
        compare: scores of evaluation rows x `(n, dim_x)`, y `(n, dim_y)`.
        describe: entries of the diagnostics.
        doubt: warnings, from the scores and the estimate.
        calibrate: what is set on held-out training rows after training.
        value: the running estimate; None where it is the objective itself.
        temperature: divides all scores.
        smoothing: weight of the past in the moving average of the partition.
    """

    judged_by: str
    read: Callable[[LogMeans], Reading]
    compare: Compare
    describe: Callable[[LogMeans], dict[str, Any]] = partition_words
    doubt: Callable[[LogMeans, float], list[str]] = heavy_row
    calibrate: Callable[[Critic, Tensor, Tensor], None] | None = None
    value: CriticObjective | None = None
    temperature: float = 1.0
    smoothing: float = 0.0


def in_blocks(size: int) -> Compare:
    """Compare rows with one another within blocks of `size` rows."""
    return lambda critic, x, y: log_means(critic, x, y, size)
