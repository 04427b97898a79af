"""How long all pairs take and how much memory, from a look at a few columns and one estimate."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from mmg_registry import memory
from mmg_registry.allpairs.answer import AllPairs
from mmg_registry.allpairs.look import look

T = TypeVar("T")

SECONDS_A_CELL = 6.5e-10  # of a row of a pair: 81 CPU s for 12.5 million pairs of 10,000 rows (benchmarks/screen.py)
PILOT = 30  # columns that are screened to time it; of fewer, all
BYTES_A_PAIR = 80  # places, score, p-value and q-value, and what sorting them takes


@dataclass(frozen=True)
class PairsForecast:
    """What all pairs will take.

    Attributes:
        pairs: to be screened.
        valued: those that get a value.
        screen_seconds: of the screen.
        seconds_each: of an estimate.
        gigabytes: most memory.
    """

    pairs: int
    valued: int
    screen_seconds: float
    seconds_each: float
    gigabytes: float

    @property
    def minutes(self) -> float:
        """The time of the screen and of all estimates, one after the other."""
        return (self.screen_seconds + self.valued * self.seconds_each) / 60


def forecast_pairs(question: AllPairs) -> PairsForecast:
    """Return what a question will take, from a screen of a few columns and the estimate of their first pair.

    Example:
        >>> import numpy as np
        >>> from mmg_registry.allpairs.answer import PairsOptions
        >>> from mmg_registry.data import as_pair
        >>> from mmg_registry.request import Request
        >>> x = np.random.default_rng(0).standard_normal((200, 5))
        >>> found = forecast_pairs(AllPairs.of(as_pair(x, x), Request(plugin="ksg"), PairsOptions()))
        >>> found.pairs, found.valued, found.minutes > 0
        (10, 10, True)
    """
    columns = len(question.rows.kinds)
    few = replace(question.rows, kinds=dict(list(question.rows.kinds.items())[:PILOT]))
    first, looked = _timed(lambda: look(few, replace(question.request, progress=None), 0.05, "independent", 1))
    each = _timed(lambda: question.cells((int(first.i[0]), int(first.j[0]))))[1] if len(first.i) else 0.0
    pairs = columns * (columns - 1) // 2
    valued = min(pairs, question.options.top)
    screen = looked + pairs * len(question.rows) * SECONDS_A_CELL
    return PairsForecast(pairs, valued, screen, each, (memory.peak() + pairs * BYTES_A_PAIR) / 1e9)


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    return call(), time.perf_counter() - started
