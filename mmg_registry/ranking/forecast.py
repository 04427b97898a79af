"""How long a ranking takes and how much memory, from a few of its features."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mmg_registry import memory
from mmg_registry.ranking.answer import Ranking

PILOT = 3  # features that are answered to time them, evenly spread, after one that loads what is needed


@dataclass(frozen=True)
class RankForecast:
    """What a ranking will take.

    Attributes:
        features, rows: of the table.
        seconds_each: for a feature.
        gigabytes: most memory of this process so far, which the rest of the features does not raise.
    """

    features: int
    rows: int
    seconds_each: float
    gigabytes: float

    @property
    def minutes(self) -> float:
        """The time of all features; the steps of a greedy search come on top."""
        return self.features * self.seconds_each / 60


def forecast_ranking(ranking: Ranking) -> RankForecast:
    """Return what a ranking will take, by answering a few of its features.

    Example:
        >>> import numpy as np
        >>> from mmg_registry.data import as_pair
        >>> from mmg_registry.ranking.answer import RankOptions
        >>> from mmg_registry.request import Request
        >>> x, y = np.random.default_rng(0).standard_normal((200, 5)), np.arange(200)
        >>> ranking = Ranking.of(as_pair(x, y), Request(plugin="ksg"), RankOptions())
        >>> found = forecast_ranking(ranking)
        >>> found.features, found.seconds_each > 0
        (5, True)
    """
    many = len(ranking.rows.names)
    valued = ranking.options.top is None or ranking.options.greedy
    ranking.row(0, valued)
    chosen = sorted({i * many // PILOT for i in range(PILOT)})
    started = time.perf_counter()
    for feature in chosen:
        ranking.row(feature, valued)
    each = (time.perf_counter() - started) / len(chosen)
    return RankForecast(many, len(ranking.rows), each, memory.peak() / 1e9)
