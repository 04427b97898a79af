"""A recording: the channels of a series beside their places in time, from a table or from arrays."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data.labels import Labels
from mmg_registry.data.matrices import Matrix, to_matrix
from mmg_registry.data.reading.columns import Columns
from mmg_registry.data.split import coded
from mmg_registry.errors import DataError, demand
from mmg_registry.series.times import clock_places, seconds_of


@dataclass(frozen=True)
class Channels:
    """Channels that are one variable.

    Attributes:
        values: `(n, d)`, NaN where a value is missing.
        names: of the channels.
        labels: names of each channel's codes, () for numbers; empty where all are numbers.
        there: `(n,)` whether no value of a row is missing.
    """

    values: Array
    names: tuple[str, ...]
    labels: tuple[Labels, ...] = ()

    @functools.cached_property
    def there(self) -> NDArray[np.bool_]:
        """Whether no value of a row is missing, `(n,)`."""
        return np.asarray(np.isfinite(self.values).all(axis=1))


@dataclass(frozen=True)
class Recording:
    """Variables of a series, in the order of trials and time.

    Attributes:
        sides: the variables: "x" (the source), "y" (the target), "given".
        place: `(n,)` rising; rows whose places differ by l lie l steps of time apart, and in one trial.
        trial: `(n,)` number of each row's trial.
        source: what messages call the data.
        notes: what was guessed or put in order while reading; `doubts`: where the reading may be wrong.
    """

    sides: Mapping[str, Channels]
    place: Index
    trial: Index
    source: str = "the series"
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    _back: dict[int, Index] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.place)

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return int(self.trial.max()) + 1

    @property
    def missing(self) -> int:
        """How many rows miss a value of some side."""
        return int((~np.logical_and.reduce([side.there for side in self.sides.values()])).sum())

    def side(self, name: str) -> Channels:
        """Return a variable by its name."""
        return self.sides[name]

    def back(self, lag: int) -> Index:
        """Return for each row the row `lag` steps of time before it, `(n,)`; -1 where there is none."""
        if lag not in self._back:
            wanted = self.place - lag
            found = np.minimum(np.searchsorted(self.place, wanted), len(self.place) - 1)
            self._back[lag] = np.where(self.place[found] == wanted, found, -1)
        return self._back[lag]

    def has(self, side: str, lag: int) -> NDArray[np.bool_]:
        """Return whether each row has a value of `side` that lies `lag` steps before it, `(n,)`."""
        earlier = self.back(lag)
        return np.asarray((earlier >= 0) & self.sides[side].there[earlier])

    def between(self, x: Channels, y: Channels) -> Recording:
        """Return the recording of another source and target at the same places."""
        return replace(self, sides={**self.sides, "x": x, "y": y})


def of_arrays(sides: Mapping[str, Any], time: Any = None, trial: Any = None) -> Recording:
    """Return the recording of arrays, `(n,)` or `(n, d)` each, whose rows are samples at the same times.

    Args:
        sides: the variables by name; text and truth values become labels.
        time: `(n,)` numbers or dates; None for rows that follow one another, or that pandas' index of dates places.
        trial: `(n,)` numbers or text, the trial of each row; None for one trial.

    Raises:
        DataError: for different lengths, missing times or trials, or times without a regular step.

    Example:
        >>> found = of_arrays({"x": [1.0, 2.0, 3.0]}, time=["2024-01-01", "2024-01-02", "2024-01-04"])
        >>> found.back(1).tolist(), found.back(2).tolist()
        ([-1, 0, -1], [-1, -1, 1])
    """
    index = next((found for each in sides.values() if (found := dates_of(each)) is not None), None)
    matrices = {name: to_matrix(each, name) for name, each in sides.items()}
    return of_matrices(matrices, index if time is None else np.asarray(time), trial)


def dates_of(data: Any) -> NDArray[Any] | None:
    """Return the index of a pandas object where it is of dates."""
    values = getattr(getattr(data, "index", None), "values", None)
    return values if isinstance(values, np.ndarray) and values.dtype.kind in "mM" else None


def of_matrices(
    matrices: Mapping[str, Matrix],
    time: NDArray[Any] | None,
    trial: Any,
    names: Mapping[str, str] | None = None,
    origin: Columns | None = None,
) -> Recording:
    """Return the recording of matrices with a row for each time.

    Args:
        matrices: the variables.
        time, trial: `(n,)` as those of `of_arrays`.
        names: what messages call "time" and "trial".
        origin: the columns of a table that all this was read from.

    Raises:
        DataError: as `of_arrays`, and where a condition left gaps that no times tell.
    """
    called = {"time": "time", "trial": "trial", **(names or {})}
    sizes = {name: len(each.values) for name, each in matrices.items()}
    sizes |= {called[key]: len(each) for key, each in (("time", time), ("trial", trial)) if each is not None}
    lengths = ", ".join(f"'{name}' {size}" for name, size in sizes.items())
    demand(len(set(sizes.values())) == 1, f"Rows of a series belong together, and these differ: {lengths}.", DataError)
    n = next(iter(sizes.values()))
    number = np.zeros(n, dtype=np.int64) if trial is None else _numbered(trial, called["trial"])
    order, place = clock_places(None if time is None else seconds_of(time, called["time"]), number, called["time"])
    told = Columns({}, {}, "the series") if origin is None else origin
    if time is None and told.rows is not None:
        _refuse_gaps(told.rows[order], number[order], told.source)
    sides = {name: Channels(each.values[order], each.names, each.labels) for name, each in matrices.items()}
    moved = () if np.array_equal(order, np.arange(n)) else ("The rows are put in the order of trials and time.",)
    return Recording(sides, place, number[order], told.source, (*told.notes, *moved), told.doubts)


def _refuse_gaps(rows: Index, trial: Index, source: str) -> None:
    """Refuse rows that a condition chose here and there, for without times their gaps would be joined."""
    steps = np.diff(rows)[np.diff(trial) == 0]
    demand(
        len(np.unique(steps)) <= 1,
        f"The condition leaves gaps among the rows of {source}, across which lags would be wrong; name the column of "
        "times by --time (time=), so that gaps are seen.",
        DataError,
    )


def _numbered(trial: Any, name: str) -> Index:
    values = np.asarray(trial, dtype=object).reshape(len(trial))
    words = np.array(["" if each is None or each != each else str(each) for each in values.tolist()])
    missing = sum(not word.strip() for word in words)
    demand(
        not missing,
        f"The trials '{name}' are missing in {missing} of {len(words)} rows; fill or drop these rows.",
        DataError,
    )
    return coded(words)[0]
