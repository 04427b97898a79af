"""The rows of a question about a series: the target at t, beside the source at t - l and the past of both.

A row is used where all that belongs to it lies in one trial, at its distance in time, and is not missing. All lags of a
question have the same rows, so that they can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.data.reading.faults import counted
from mmg_registry.errors import DataError, demand
from mmg_registry.series.recording import Recording

FEWEST_ROWS = 50
"""Rows of an embedding. Lower: circular shifts of so few rows say nothing. Higher: short experiments are refused.

Evidence: chosen; with 50 rows and no memory some 40 shifts remain, and no p-value is below 1 / 41.
"""


@dataclass(frozen=True)
class Reach:
    """What belongs to a row, in steps of time before the target.

    Attributes:
        lags: of the source, "x"; a negative one lies after the target.
        own: steps of the target's own past, "y".
        given: steps of the past of "given".
    """

    lags: tuple[int, ...]
    own: int = 0
    given: int = 0

    @property
    def longest(self) -> int:
        """Steps between the first and the last value of a row, both included."""
        before = max(0, *self.lags, self.own, self.given) if self.lags else max(self.own, self.given)
        return before + max(0, *(-lag for lag in self.lags), 0) + 1

    @property
    def past(self) -> tuple[tuple[str, int], ...]:
        """The sides whose past is given, with the steps of each."""
        return ("y", self.own), ("given", self.given)

    def needed(self) -> list[tuple[str, int]]:
        """Return the sides and the distances of all that belongs to a row."""
        past = [(side, lag) for side, steps in self.past for lag in range(1, steps + 1)]
        return [("y", 0), *past, *(("x", lag) for lag in self.lags)]


def rows_of(recording: Recording, reach: Reach) -> Index:
    """Return the rows of `recording` that are targets of `reach`, rising.

    Raises:
        DataError: where the reach is longer than every trial, or few rows have all that belongs to them.

    Example:
        >>> from mmg_registry.series.recording import of_arrays
        >>> of_two = of_arrays({"x": np.arange(80.0), "y": np.arange(80.0)}, trial=np.repeat([0, 1], 40))
        >>> rows = rows_of(of_two, Reach(lags=(1, 3), own=2))
        >>> rows[:3].tolist(), len(rows)
        ([3, 4, 5], 74)
    """
    _refuse_long(recording, reach)
    whole = np.ones(len(recording), dtype=bool)
    for side, lag in reach.needed():
        whole &= recording.has(side, lag)
    rows = np.flatnonzero(whole)
    demand(
        len(rows) >= FEWEST_ROWS,
        f"Only {len(rows)} of the {len(recording)} rows of {recording.source} have all that belongs to them over "
        f"{reach.longest} steps of time, and {FEWEST_ROWS} are needed; {_way_out(recording)}.",
        DataError,
    )
    return rows


def _way_out(recording: Recording) -> str:
    """Return what to do about too few rows: missing values come first where they are many, for lags change little."""
    side = min(recording.sides.values(), key=lambda each: int(each.there.sum()))
    missing = int((~side.there).sum())
    if missing * 2 > len(recording):
        return f"{missing} miss a value of '{', '.join(side.names)}': fill them, or take another column"
    return "give shorter lags and history or longer trials"


def _refuse_long(recording: Recording, reach: Reach) -> None:
    sizes = np.bincount(recording.trial)
    each = "every trial" if len(sizes) > 1 else "the series"
    demand(
        reach.longest <= sizes.max(),
        f"Lags and history reach over {reach.longest} steps of time, which is longer than {each} of "
        f"{recording.source} ({counted(int(sizes.max()), 'row')}); give shorter ones.",
        DataError,
    )


def left_out(recording: Recording, rows: Index, reach: Reach) -> list[str]:
    """Return a sentence where trials are shorter than the reach, and one where values are missing."""
    short = int((np.bincount(recording.trial) < reach.longest).sum())
    told = []
    if short:
        told.append(
            f"{short} of {recording.trials} trials {'is' if short == 1 else 'are'} shorter than {reach.longest} steps, "
            f"over which lags and history reach, and {'is' if short == 1 else 'are'} left out."
        )
    missing = recording.missing
    if missing:
        told.append(
            f"{missing} of {len(recording)} rows {'misses' if missing == 1 else 'miss'} a value, and every row whose "
            f"lags or history reach {'it' if missing == 1 else 'them'} is left out: {len(rows)} remain."
        )
    return told


def columns_at(recording: Recording, rows: Index, places: Sequence[tuple[str, int]]) -> tuple[F64, tuple[str, ...]]:
    """Return the values at `places` (side, lag) of target `rows`, `(len(rows), d)`, and their names, as `a[t-2]`."""
    if not places:
        return np.empty((len(rows), 0)), ()
    values = [recording.side(side).values[recording.back(lag)[rows]] for side, lag in places]
    names = [f"{name}{at_lag(lag)}" for side, lag in places for name in recording.side(side).names]
    return np.concatenate(values, axis=1), tuple(names)


def at_lag(lag: int) -> str:
    """Return a lag as names of columns have it.

    Example:
        >>> at_lag(0), at_lag(3), at_lag(-2)
        ('[t]', '[t-3]', '[t+2]')
    """
    return "[t]" if lag == 0 else f"[t{-lag:+d}]"
