"""From times to places on a regular clock: rows whose places differ by l lie l steps of time apart, and no others.

A gap moves the places on, so that nothing is joined across it, and rows on both sides of it are still paired where they
lie a lag apart. Trials begin so far from one another that no lag reaches from one to the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64, Index
from mmg_registry.errors import DataError, demand

APART = 1 << 32  # steps between trials: beyond any lag
OFF_CLOCK = 0.25
"""Share of a step by which a distance may miss whole steps. Lower: jitter breaks a series. Higher: lags get blurred.

Evidence: chosen; months of 28 to 31 days are off by a tenth of a step, and half a step could be either neighbour.
"""
MOST_OFF = 0.05
"""Share of distances that may be no whole steps. Lower: few odd stamps refuse a file. Higher: what is no clock passes.

Evidence: chosen; series break at such a distance, and with one in twenty the stretches are of twenty rows.
"""
SHORT_STEPS = 1.5  # times a short distance up to which distances count as single steps


def seconds_of(times: NDArray[Any], name: str) -> F64:
    """Return times `(n,)` as numbers: numbers as they are, dates and text of dates as seconds.

    Raises:
        DataError: for missing times, and for text that is no date of ISO 8601.

    Example:
        >>> seconds_of(np.array(["2024-01-01", "2024-01-02"], dtype=object), "day").tolist()
        [1704067200.0, 1704153600.0]
    """
    column = np.asarray(times).reshape(len(times))
    if column.dtype.kind in "OUS":
        column = _from_words(column, name)
    missing = np.isnat(column) if column.dtype.kind in "mM" else ~np.isfinite(column.astype(np.float64))
    demand(
        not missing.any(),
        f"The times '{name}' are missing in {int(missing.sum())} of {len(column)} rows; fill or drop these rows.",
        DataError,
    )
    if column.dtype.kind in "mM":
        return np.asarray(column.astype(f"{column.dtype.kind}8[us]").astype(np.int64) / 1e6)
    return np.asarray(column, dtype=np.float64)


def _from_words(column: NDArray[Any], name: str) -> NDArray[Any]:
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError):
        pass
    try:
        return np.array(
            [str(getattr(each, "isoformat", lambda each=each: each)()) for each in column], "datetime64[us]"
        )
    except ValueError as error:
        raise DataError(
            f"The times '{name}' hold text that is no date, such as '{column[0]}'; write 2024-01-31 12:00, or numbers."
        ) from error


def clock_places(seconds: F64 | None, trial: Index, name: str = "time") -> tuple[Index, Index]:
    """Return the order of the rows by trial and time, and the places of the rows in that order.

    Args:
        seconds: `(n,)` times of the rows; None where the rows of each trial follow one another on a regular clock.
        trial: `(n,)` number of the trial that each row belongs to.
        name: what messages call the times.

    Raises:
        DataError: for two rows at one time of a trial, or times without a regular step.

    Example:
        >>> order, places = clock_places(np.array([3.0, 1.0, 2.0, 7.0]), np.zeros(4, dtype=int))
        >>> order.tolist(), places.tolist()
        ([1, 2, 0, 3], [0, 1, 2, 6])
    """
    if seconds is None:
        order = np.argsort(trial, kind="stable")
        same = np.diff(trial[order]) == 0
        return order, _added_up(np.ones(len(same), dtype=np.int64), same)
    order = np.lexsort((seconds, trial))
    same = np.diff(trial[order]) == 0
    steps = np.diff(seconds[order])
    demand(
        bool(np.all(steps[same] > 0)),
        f"Two rows of one trial have the same time in '{name}'; name what tells them apart by --trial, or drop copies.",
        DataError,
    )
    return order, _added_up(_whole_steps(steps, same, name), same)


def _added_up(steps: Index, same: NDArray[np.bool_]) -> Index:
    places: Index = np.concatenate([[0], np.cumsum(np.where(same, steps, APART))])
    return places


def _whole_steps(distances: F64, same: NDArray[np.bool_], name: str) -> Index:
    """Return distances in steps of the clock; one that is no whole number of steps ends a stretch, as a long gap does.

    Raises:
        DataError: when too many distances are none.
    """
    within = distances[same]
    if not len(within):
        return np.ones(len(distances), dtype=np.int64)
    short = SHORT_STEPS * float(np.quantile(within, 0.1))
    in_steps = distances / float(np.median(within[within <= short]))
    off = np.abs(in_steps - np.rint(in_steps)) > OFF_CLOCK
    share = float(off[same].mean())
    demand(
        share <= MOST_OFF,
        f"The times '{name}' have no regular step: {100 * share:.0f} % of the distances are no whole number of the "
        "usual one; bring the series to a regular clock first, by means over equal stretches of time.",
        DataError,
    )
    steps: Index = np.where(off, APART, np.clip(np.rint(in_steps), 1, APART)).astype(np.int64)
    return steps
