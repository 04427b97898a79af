"""The columns of a table whose pairs are asked for: checked once, with their kinds, without copies and constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from mmg_registry.data import Pair
from mmg_registry.data.columns import told_by_place, with_kinds
from mmg_registry.data.order import order_of
from mmg_registry.entropies.sample import read_sample
from mmg_registry.errors import DataError, MMGError, demand
from mmg_registry.kinds import Kind, KindName

FEWEST_ROWS, FEWEST_COLUMNS = 10, 2
MISSING = (
    "In {source} cells are missing in {n} columns ({names}), and all pairs are asked of the same rows: leave "
    "incomplete rows out with --drop-nan (drop_nan=True), or these columns by --columns."
)
TOO_FEW = "In {source} fewer than two columns can be paired; choose others (--columns), or add some."
COPY = (
    "The column '{copy}' repeats '{first}': what is said of '{first}' holds for it, and it is left out of the others."
)
CONSTANT = "{n} columns are constant and tell of nothing ({names}); they are left out."
UNREADABLE = "The column '{name}' is left out: {reason}"
DROPPED = "{n} of {rows} rows lack a cell and are left out."


@dataclass(frozen=True)
class ColumnRows:
    """Columns with the same complete rows.

    Attributes:
        pair: all columns as x, and as y again; finite.
        told: kinds that a person tells, by the places of columns.
        kinds: the kind of each column that is looked at, by its place: no constant, no copy, no free text.
        copies: places of a column and of one that repeats it.
        warnings: sentences for the user.
    """

    pair: Pair
    told: Mapping[int, KindName]
    kinds: Mapping[int, Kind]
    copies: tuple[tuple[int, int], ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, pair: Pair, kinds: Mapping[str, KindName], drop_nan: bool) -> ColumnRows:
        """Return the columns that are x of a pair.

        Raises:
            DataError: for missing cells unless `drop_nan`, fewer than ten rows, or fewer than two columns that vary.
        """
        whole, dropped = _complete(pair, drop_nan)
        told = told_by_place(replace(whole, y=whole.x[:, :0], y_names=(), y_labels=()), kinds)["x"]
        varying = [j for j in range(whole.x.shape[1]) if np.any(whole.x[:, j] != whole.x[0, j])]
        constant = [name for j, name in enumerate(whole.x_names) if j not in set(varying)]
        copies = _copies(whole, varying)
        repeated = {copy for _, copy in copies}
        found, unreadable = _kinds(whole, told, [j for j in varying if j not in repeated])
        names = whole.x_names
        warnings = [
            *pair.doubts, *dropped, *([CONSTANT.format(n=len(constant), names=some(constant))] if constant else []),
            *(COPY.format(first=names[i], copy=names[j]) for i, j in copies), *unreadable,
        ]  # fmt: skip
        enough = len(found) + len(copies) >= FEWEST_COLUMNS
        demand(enough, " ".join([TOO_FEW.format(source=pair.source), *warnings]), DataError)
        return cls(whole, told, found, tuple(copies), tuple(warnings))

    def __len__(self) -> int:
        return len(self.pair)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return self.pair.x_names

    @cached_property
    def remembering(self) -> frozenset[int]:
        """Columns whose rows remember those before: two of these are a series, whose rows count for fewer."""
        columns = ((j, self.pair.x[:, [j]]) for j in self.kinds)
        return frozenset(j for j, column in columns if order_of(column, column).series)

    def between(self, i: int, j: int) -> Pair:
        """Return the pair of two columns."""
        own = [(self.pair.x_labels[k],) if self.pair.x_labels and self.pair.x_labels[k] else () for k in (i, j)]
        return replace(
            self.pair, x=self.pair.x[:, [i]], y=self.pair.x[:, [j]], x_names=(self.names[i],), y_names=(self.names[j],),
            x_labels=own[0], y_labels=own[1], notes=(), doubts=(),
        )  # fmt: skip

    def told_of(self, *places: int) -> dict[str, KindName]:
        """Return the kinds that a person tells of some columns, by their names."""
        return {self.names[j]: self.told[j] for j in places if j in self.told}


def read_paired_columns(data: Any, columns: Any, groups: Any = None, **reading: Any) -> Pair:
    """Return a pair whose x are the columns, from a table or an array.

    Args:
        data: a frame, the path of a file or several; or an array `(n, d)`, also a sparse one.
        columns: columns of the table; all, if None.
        groups: a column of the table, or values; None where nobody says.
        **reading: `text` and `where`, of files; `rows` and `seed` of a draw from a table, see `read`.

    Raises:
        DataError, OptionError: as `read` and `as_pair`.
    """
    return read_sample(data, columns, None, groups, **reading)


def some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are.

    Example:
        >>> some(list("abcdefg"))
        "'a', 'b', 'c', 'd', 'e' and 2 more"
    """
    return ", ".join(f"'{name}'" for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _complete(pair: Pair, drop_nan: bool) -> tuple[Pair, list[str]]:
    """Return the rows that have all cells: one exchange of rows serves all pairs only where all have the same rows."""
    finite = np.isfinite(pair.x)
    lacking = [pair.x_names[j] for j in np.flatnonzero(~finite.all(axis=0))]
    demand(
        drop_nan or not lacking,
        MISSING.format(source=pair.source, n=len(lacking), names=some(lacking)),
        DataError,
    )
    alone = replace(pair, y=pair.x, y_names=pair.x_names, y_labels=pair.x_labels, x_shape=None, y_shape=None)
    kept = finite.all(axis=1)
    demand(
        int(kept.sum()) >= FEWEST_ROWS,
        f"In {pair.source} only {int(kept.sum())} rows are complete; {FEWEST_ROWS} are needed at least.",
        DataError,
    )
    n = int((~kept).sum())
    return (alone.take(kept), [DROPPED.format(n=n, rows=len(pair))]) if n else (alone, [])


def _copies(pair: Pair, places: Sequence[int]) -> list[tuple[int, int]]:
    """Return pairs of a column and one that repeats it, found by the bytes of columns."""
    first: dict[bytes, int] = {}
    found = []
    for j in places:
        labels = repr(pair.x_labels[j]).encode() if pair.x_labels else b""
        i = first.setdefault(labels + (pair.x[:, j] + 0.0).tobytes(), j)
        found += [(i, j)] if i != j else []
    return found


def _kinds(pair: Pair, told: Mapping[int, KindName], places: Sequence[int]) -> tuple[dict[int, Kind], list[str]]:
    """Return the kinds of columns, and sentences of those that have none, as of free text, and of what is doubtful."""
    found, sentences = {}, []
    for j in places:
        labels = (pair.x_labels[j],) if pair.x_labels and pair.x_labels[j] else ()
        own = replace(
            pair,
            x=pair.x[:, [j]],
            x_names=(pair.x_names[j],),
            x_labels=labels,
            y=pair.x[:, :0],
            y_names=(),
            y_labels=(),
        )
        asked = {"x": {0: told[j]} if j in told else {}, "y": {}}
        try:
            known, doubts = with_kinds(own, {"x": np.arange(1), "y": np.arange(0)}, asked)
        except MMGError as error:
            sentences.append(UNREADABLE.format(name=pair.x_names[j], reason=error))
            continue
        found[j], sentences = known.x_kinds[0], [*sentences, *doubts]
    return found, sentences
