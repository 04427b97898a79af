"""Which rows belong together: copies of a row, blocks of a series, groups that a person names; else every row alone.

What belongs together stays on one side of every split and in one fold, and the error counts units rather than rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data import dependence
from mmg_registry.data.columns import of_labels_alone
from mmg_registry.data.kinds import FEW_VALUES, ROWS_A_VALUE
from mmg_registry.data.order import FEW_MEMORIES, Order, order_of
from mmg_registry.data.pair import Pair
from mmg_registry.data.split import away_from, blocks, coded, folds, hold_out
from mmg_registry.errors import DataError, DataWarning, about, demand

By = Literal["rows", "copies", "blocks", "groups"]
Blocks = int | str  # rows a block, "auto" or "none"

MEMORIES_A_BLOCK = 5  # so that a block's rows depend on others near its ends alone
FEWEST_BLOCKS = 10  # of a series, however long it remembers: two of them evaluate
GAP_OF_A_BLOCK = 4  # a quarter of a block at most is left out beside evaluation rows
COPIES = 0.01  # share of rows that repeat others, from which they are copies
TIE_FREE = 0.9  # different values a different row, in some column: else repeated rows are ties of rounded columns
COPIES_A_TIE = 3.0  # at least, and so many more: where labels are few, one in two ties of a column looks like a copy
GRID = 2.0  # times their number that whole numbers without gaps span at most: every other one is there

SORTED = (
    "Neighbouring rows are alike in x and in y, as in a sorted file, and are taken for independent; if they are a time "
    "series or repeated measurements, give --blocks or --groups."
)
IN_TURN = (
    "Rows {period} apart are alike in x and in y, as in measurements of the same subjects in turn, and are taken for "
    "independent; if they are, name the subjects by --groups: the order of the rows tells no more."
)
SERIES = (
    "The order of the rows matters: neighbouring rows depend on one another as in a time series, over some "
    "{memory:.0f} rows. Splits are by blocks of {length} rows, and the error counts some {worth:.0f} independent rows; "
    "say by --blocks N or --groups how rows depend, or shuffle them (or --blocks none) if their order means nothing."
)
FEW = (
    "The rows are a series that hardly forgets (over some {memory:.0f} of {n} rows), like a random walk: x and y may "
    "seem dependent by chance, and the error is itself uncertain; compare with differences of neighbouring rows."
)
REPEATED = (
    "{copies} of {n} rows are exact copies of others; copies stay on one side of every split, and the error counts the "
    "{distinct} different rows."
)


@dataclass(frozen=True)
class Units:
    """Which of `n` rows belong together.

    Attributes:
        n: number of rows.
        by: what they are told by.
        labels: `(n,)` the number of each row's unit; None where every row is its own.
        memory: rows of a series after which it has forgotten; 1 elsewhere.
        inflation: factor by which the dependence of rows widens the variance of a cross moment; 1 where not measured.
        told: sentences for the user, as `DataWarning`.
    """

    n: int
    by: By = "rows"
    labels: Index | None = None
    memory: float = 1.0
    inflation: float = 1.0
    told: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "told", tuple(about(DataWarning, self.told)))

    @property
    def count(self) -> int:
        """How many units there are."""
        return self.n if self.labels is None else len(np.unique(self.labels))

    @property
    def gap(self) -> int:
        """Rows between evaluation rows and those that are fitted: what a series remembers, in part of a block."""
        if self.by != "blocks" or self.labels is None:
            return 0
        return min(round(self.memory), self.n // self.count // GAP_OF_A_BLOCK) if self.memory > 1 else 0

    def hold_out(self, fraction: float, seed: int) -> tuple[Index, Index]:
        """Split as `data.hold_out` does, with whole units, and with the gap between both parts."""
        fit, evaluate = hold_out(self.n, fraction, seed, self.labels)
        return (away_from(fit, evaluate, self.gap) if self.gap else fit), evaluate

    def folds(self, k: int, seed: int) -> list[tuple[Index, Index]]:
        """Return the fitting and the evaluation rows of each of `k` folds, which are those of `data.folds`."""
        evaluated, everything = folds(self.n, k, seed, self.labels), np.arange(self.n)
        others = (np.setdiff1d(everything, rows, assume_unique=True) for rows in evaluated)
        return [
            (away_from(fit, rows, self.gap) if self.gap else fit, rows)
            for fit, rows in zip(others, evaluated, strict=True)
        ]

    def take(self, rows: Index) -> Units:
        """Return the units of the rows with the indices `rows`."""
        return replace(self, n=len(rows), labels=None if self.labels is None else self.labels[rows])

    def to_dict(self) -> dict[str, Any]:
        """Return what the JSON result says of the rows."""
        memory = {"memory": self.memory} if self.by == "blocks" else {}
        return {"split_by": self.by, "units": self.count, "gap": self.gap, **memory}


def units_of(pair: Pair, wish: Blocks = "auto") -> Units:
    """Return which rows of `pair` belong together.

    Args:
        pair: rows, perhaps with groups.
        wish: "auto" to find it out; "none" where rows are independent, whatever they look like; or a block's length.

    Raises:
        DataError: for groups together with a length of blocks, and for fewer than two blocks or groups.

    Example:
        >>> from mmg_registry.data import as_pair
        >>> walk = np.cumsum(np.random.default_rng(0).standard_normal((2, 1000)), axis=1)
        >>> units_of(as_pair(*walk)).count, units_of(as_pair(*walk), "none").count, units_of(as_pair(*walk), 250).count
        (10, 1000, 4)
    """
    if pair.groups is not None:
        demand(wish in ("auto", "none"), "Groups and blocks exclude one another; leave --groups or --blocks out.")
        return _at_least_two(Units(len(pair), "groups", coded(pair.groups)[0]))
    if wish not in ("auto", "none"):
        order = order_of(pair.x, pair.y)
        labels = blocks(len(pair), int(wish))
        return _at_least_two(Units(len(pair), "blocks", labels, order.memory, order.inflation))
    copied = _copies(pair)
    if copied is not None:
        return copied
    return Units(len(pair)) if wish == "none" else _by_order(len(pair), order_of(pair.x, pair.y))


def _at_least_two(units: Units) -> Units:
    word = "--groups names" if units.by == "groups" else "--blocks makes"
    demand(
        units.count > 1,
        f"{word} one {units.by[:-1]} of all {units.n} rows; two are needed at least to split.",
        DataError,
    )
    return units


def _by_order(n: int, order: Order) -> Units:
    if not order.series:
        in_turn = (IN_TURN.format(period=order.period),) if order.period else ()
        return Units(n, told=(SORTED,) if order.alike else in_turn)
    length = block_length(order.memory, n)
    said = SERIES.format(memory=order.memory, length=length, worth=n / order.inflation)
    few = FEW.format(memory=order.memory, n=n)
    told = (said, few) if n < FEW_MEMORIES * order.memory else (said,)
    return Units(n, "blocks", blocks(n, length), order.memory, order.inflation, told)


def block_length(memory: float, n: int) -> int:
    """Return how many rows of a series of `n` rows, which it forgets after `memory` rows, make a block.

    Example:
        >>> block_length(10.0, 10_000), block_length(10.0, 100)
        (50, 10)
    """
    return max(2, min(round(MEMORIES_A_BLOCK * memory), n // FEWEST_BLOCKS))


def _copies(pair: Pair) -> Units | None:
    """Return units of equal rows, where repeated rows are more than ties of rounded or discrete columns.

    A row of labels and atoms alone is its own, for it recurs by chance.
    """
    labels = coded(dependence.row_prints(dependence.block_of(pair.x, pair.y)))[0]
    alone = np.flatnonzero(of_labels_alone(pair, pair))
    labels[alone] = labels.max() + 1 + np.arange(len(alone))
    labels, sizes = coded(labels)
    copies = len(pair) - len(sizes)
    if copies <= COPIES * len(pair) or not _tie_free(pair, first_rows(labels)):
        return None
    told = REPEATED.format(copies=copies, n=len(pair), distinct=len(sizes))
    return Units(len(pair), "copies", labels, inflation=len(pair) / len(sizes), told=(told,))


def first_rows(labels: NDArray[np.int64]) -> Index:
    """Return the sorted indices of the first row of each unit."""
    return np.sort(np.unique(labels, return_index=True)[1])


def _tie_free(pair: Pair, rows: Index) -> bool:
    return any(_varied(side[rows], len(pair)) for side in (pair.x, pair.y))


def _varied(side: Array, n: int) -> bool:
    """Return whether some column of the different rows, of `n`, has too few ties to explain those that recur."""
    rows = len(side)
    columns = (np.unique(side[:, j]) for j in range(side.shape[1]))
    most = min((1 - TIE_FREE) * rows, (n - rows) / COPIES_A_TIE - 1)
    return any(rows - len(values) <= most and not _recur(values, n / rows) for values in columns)


def _recur(values: Array, rows_each: float) -> bool:
    """Return whether values recur by themselves: labels, or whole numbers without gaps, as ages have.

    A species beside its genus, or an age beside its group, makes no more different rows than there are species or ages.

    Args:
        values: the different values of a column, rising.
        rows_each: rows that each has, on average.
    """
    if rows_each < ROWS_A_VALUE or not np.array_equal(values, np.rint(values)):
        return False
    return len(values) <= FEW_VALUES or bool(values[-1] - values[0] < GRID * len(values))
