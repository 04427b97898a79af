"""What a side's columns are made of: labels, and a continuous rest, which together are the columns.

A category is all label. A mixed column is a label (which of its atoms, or none) and a value where it is none. Every
other column is all rest. Estimators that add noise to a side, or model its density, take the rest; the other side is
given as values with an indicator for each label, so that no code, order or name of a label means anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array
from mmg_registry.data.kinds import kind_of
from mmg_registry.kinds import Kind

QUANTILES = 257  # points that the law of a mixed column's values is kept by
ROUND = 1e-5  # largest relative spread of the radii on a circle: what six digits of text leave
MOST_COLUMNS = 32  # of a side whose pairs are looked at for circles
LEAST_ROWS = 5  # training rows of a label with an indicator of its own: a rarer one would be an outlier after scaling


@dataclass(frozen=True)
class ColumnParts:
    """One column, as a label and a rest.

    Attributes:
        has_rest: whether some values are no labels.
        values: the values that are labels, in rising order; empty where there are none.
        shown: those with an indicator of their own; of a category all but the commonest and rare ones, by their rows.
        rest: quantiles of the values that are no labels, where the column has both.
        grain: width of the noise that the rest is spread by before it is noised; 0 for none.
        ordered: whether the labels are counts, whose order means something.
    """

    has_rest: bool = True
    values: tuple[float, ...] = ()
    shown: tuple[float, ...] = ()
    rest: tuple[float, ...] = ()
    grain: float = 0.0
    ordered: bool = False

    def labels(self, column: Array) -> Index:
        """Return the place of each row's label among `values` `(n,)`; -1 for the rest, and for labels never seen."""
        if not self.values:
            return np.full(len(column), -1, dtype=np.int64)
        known = np.array(self.values)
        place = np.minimum(np.searchsorted(known, column), len(known) - 1)
        found: Index = np.where(known[place] == column, place, -1).astype(np.int64)
        return found

    def indicators(self, column: Array) -> F64:
        """Return `(n, len(shown))` columns of 0 and 1."""
        found: F64 = (np.asarray(column)[:, None] == np.array(self.shown)[None]).astype(np.float64)
        return found

    def value(self, column: Array) -> F64:
        """Return the rest `(n,)`, with its median in the place of labels."""
        return self._filled(column, np.full(len(column), 0.5))

    def spread(self, column: Array, draw: np.random.Generator) -> F64:
        """Return the rest `(n,)` with noise within its grain, and with draws of its own law in the place of labels.

        Given the labels neither tells anything of the other side, so that no information is won or lost.
        """
        shaken = column + self.grain * draw.uniform(-0.5, 0.5, len(column)) if self.grain else column
        return self._filled(column, draw.random(len(column)), shaken)

    def _filled(self, column: Array, at: F64, rest: Array | None = None) -> F64:
        kept = np.asarray(column if rest is None else rest, dtype=np.float64)
        if not self.values:
            return kept
        fill = np.interp(at, np.linspace(0, 1, len(self.rest)), self.rest)
        return np.where(self.labels(column) >= 0, fill, kept)


@dataclass(frozen=True)
class SideParts:
    """The columns of x or of y.

    Two columns on a circle around zero, such as a cosine and a sine, are one angle, which is noised in their place: of
    noise on the columns themselves a denoiser knows the part across the circle, which tells nothing of the other side
    and takes most of the training to learn.

    Attributes:
        columns: what each column is made of.
        circles: pairs of columns that lie on a circle; no column is in two.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> zeros = np.where(rng.random(500) < 0.3, 0.0, rng.standard_normal(500))
        >>> side = SideParts.of(np.stack([rng.standard_normal(500), zeros, np.arange(500) % 3], axis=1))
        >>> side.has_labels, side.rest_columns, side.given(np.array([[1.5, 0.0, 2.0]]))[:, 2:].tolist()
        (True, 2, [[1.0, 0.0, 1.0]])
    """

    columns: tuple[ColumnParts, ...]
    circles: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, rows: Array, kinds: Sequence[Kind] = (), count_as_labels: bool = False) -> SideParts:
        """Describe the columns of training rows `(n, dim)`; kinds that are not given are found from the values."""
        known = kinds or [kind_of(rows[:, j]) for j in range(rows.shape[1])]
        columns = tuple(_column(rows[:, j], kind, count_as_labels) for j, kind in enumerate(known))
        return cls(columns, _circles(rows, [j for j, column in enumerate(columns) if column == ColumnParts()]))

    @property
    def has_labels(self) -> bool:
        """Return whether some column is a label, or is one in some rows."""
        return any(column.values for column in self.columns)

    @property
    def rest_columns(self) -> int:
        """Return the number of columns that `spread` returns: those that are not all label, a circle's two as one."""
        return sum(column.has_rest for column in self.columns) - len(self.circles)

    @property
    def indicator_columns(self) -> int:
        """Return the number of columns that `indicators` returns."""
        return sum(len(column.shown) for column in self.columns)

    @property
    def given_columns(self) -> int:
        """Return the number of columns that `given` returns."""
        return sum(column.has_rest for column in self.columns) + self.indicator_columns

    @property
    def is_rounded(self) -> bool:
        """Return whether the rest of some column has a grain."""
        return any(column.grain for column in self.columns)

    def labels(self, rows: Array) -> Index:
        """Return the labels `(n, k)` of the columns that have any."""
        return np.stack([c.labels(v) for c, v in self._with(rows) if c.values], axis=1)

    def indicators(self, rows: Array) -> F64:
        """Return 0 and 1 `(n, k)` for the labels of all columns."""
        return np.concatenate([c.indicators(v) for c, v in self._with(rows) if c.values], axis=1)

    def given(self, rows: Array) -> Array:
        """Return the side as an estimator is given it, `(n, k)`: values, then indicators; rows without labels as is."""
        if not self.has_labels:
            return rows
        values = [c.value(v)[:, None] for c, v in self._with(rows) if c.has_rest]
        return np.concatenate([*values, self.indicators(rows)], axis=1)

    def spread(self, rows: Array, seed: Sequence[int]) -> Array:
        """Return the rest `(n, rest_columns)` for noise to be added to; rows of plain numbers as they are."""
        if not (self.has_labels or self.is_rounded or self.circles):
            return rows
        draw, second = np.random.default_rng(list(seed)), {j for _, j in self.circles}
        spread = {j: c.spread(v, draw) for j, (c, v) in enumerate(self._with(rows)) if c.has_rest}
        angles = {i: np.arctan2(spread[j], spread[i]) for i, j in self.circles}
        return np.stack([each for j, each in {**spread, **angles}.items() if j not in second], axis=1)

    @property
    def words(self) -> list[str]:
        """Return in words what the columns are, where they are more than numbers."""
        counts = {
            "{} as labels, with an indicator each": sum(not c.has_rest for c in self.columns),
            "{} as a value and an indicator of its atoms": sum(bool(c.has_rest and c.values) for c in self.columns),
            "{} with noise within its grain where it is noised": sum(bool(c.grain) for c in self.columns),
            "{} on circles, whose angles are noised": 2 * len(self.circles),
        }
        return [text.format(f"{n} column{'s' if n > 1 else ''}") for text, n in counts.items() if n]

    def state(self) -> dict[str, Any]:
        """Return a JSON-serialisable mapping, from which `restored` rebuilds the side."""
        return asdict(self)

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> SideParts:
        """Rebuild a side from what `state` returned."""
        columns: list[dict[str, Any]] = [
            {key: tuple(value) if isinstance(value, (list, tuple)) else value for key, value in each.items()}
            for each in state["columns"]
        ]
        return cls(tuple(ColumnParts(**each) for each in columns), tuple((i, j) for i, j in state["circles"]))

    def _with(self, rows: Array) -> list[tuple[ColumnParts, Array]]:
        return [(column, rows[:, j]) for j, column in enumerate(self.columns)]


@dataclass(frozen=True)
class PairParts:
    """The columns of x and of y, and of z where something is given."""

    x: SideParts
    y: SideParts
    z: SideParts | None = None

    @classmethod
    def of(cls, x: Array, y: Array, x_kinds: Sequence[Kind] = (), y_kinds: Sequence[Kind] = ()) -> PairParts:
        """Describe the columns of training rows x `(n, dim_x)` and y `(n, dim_y)`."""
        return cls(SideParts.of(x, x_kinds), SideParts.of(y, y_kinds))

    @property
    def counted(self) -> bool:
        """Return whether a side is of labels alone, whose information is finite however well it is known."""
        return not (self.x.rest_columns and self.y.rest_columns)

    @property
    def words(self) -> dict[str, Any]:
        """Return what the columns are, for the diagnostics; nothing where all are plain numbers."""
        found = {"x": self.x.words, "y": self.y.words, **({"z": self.z.words} if self.z else {})}
        return {"columns": found} if any(found.values()) else {}

    def state(self) -> dict[str, Any]:
        """Return a JSON-serialisable mapping, from which `restored` rebuilds all sides."""
        return {"x": self.x.state(), "y": self.y.state(), "z": self.z.state() if self.z else None}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> PairParts:
        """Rebuild all sides from what `state` returned."""
        given = SideParts.restored(state["z"]) if state["z"] else None
        return cls(SideParts.restored(state["x"]), SideParts.restored(state["y"]), given)


def _circles(rows: Array, plain: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return pairs of `plain` columns whose squares have the same sum in all rows; each column in one pair at most."""
    found: list[tuple[int, int]] = []
    for i, j in combinations(plain if len(plain) <= MOST_COLUMNS else (), 2):
        taken = {k for pair in found for k in pair}
        if not {i, j} & taken and _round(rows[:LEAST_ROWS], i, j) and _round(rows, i, j):
            found.append((i, j))
    return tuple(found)


def _round(rows: Array, i: int, j: int) -> bool:
    radius = np.hypot(rows[:, i].astype(np.float64), rows[:, j].astype(np.float64))
    return bool(np.ptp(radius) <= ROUND * radius.mean())


def _column(column: Array, kind: Kind, count_as_labels: bool) -> ColumnParts:
    if kind.name == "category" or (count_as_labels and kind.name == "count"):
        return replace(_category(column), ordered=kind.name == "count")
    grain = kind.grain or (1.0 if kind.name == "count" else 0.0)
    rest = column[~np.isin(column, kind.atoms)]
    if not kind.atoms or not len(rest):
        return ColumnParts(grain=grain) if len(rest) else _category(column)
    quantiles = np.quantile(rest.astype(np.float64), np.linspace(0, 1, QUANTILES))
    atoms = tuple(sorted(kind.atoms))
    return ColumnParts(True, atoms, atoms, tuple(quantiles.tolist()), grain)


def _category(column: NDArray[Any]) -> ColumnParts:
    """Describe labels; those shown are in the order of their number of rows, so that codes change nothing."""
    values, first, counts = np.unique(column, return_index=True, return_counts=True)
    order = np.lexsort([first, -counts])
    shown = [float(values[i]) for place, i in enumerate(order) if place == 1 or (place > 1 and counts[i] >= LEAST_ROWS)]
    return ColumnParts(False, tuple(values.astype(float).tolist()), tuple(shown))
