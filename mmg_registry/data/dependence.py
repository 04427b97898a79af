"""Exact relations between columns: linear dependence, monotone functions; and columns that look discrete.

"Exact" means: up to the rounding of the numbers as they are stored, row by row. Rounding errors shrink with the values
they belong to and noise does not, which tells y = fl(2 x + 1) in float32 from a dependence that is merely very strong.
Everything is read in chunks of scaled float64 rows, so that neither memory nor huge values are a problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64
from mmg_registry.contracts import Array

RowSelection = slice | NDArray[np.int64]

CHUNK = 1 << 20  # numbers, i.e. 8 MB of float64
MAX_COLUMNS = 1_000  # above, a QR of the columns would take longer than it is worth
SPARE_ROWS = 6  # with fewer rows than columns everything is "dependent"
_SAMPLE = 100_000
_FLOAT32, _FLOAT64 = 2.0**-22, 2.0**-44  # what rounding may do to a value: 2 eps, and 256 eps (nobody's noise)


@dataclass(frozen=True)
class ScaledColumns:
    """Columns of one or more arrays of equally many rows, read in float64, each divided by its largest magnitude.

    Attributes:
        parts: arrays `(n, d_i)`.
        scale: `(sum d_i,)` largest magnitudes.
        rounding: `(sum d_i,)` relative size of what rounding may do to a value.
    """

    parts: tuple[Array, ...]
    scale: F64
    rounding: F64

    def __len__(self) -> int:
        return len(self.parts[0])

    @property
    def dim(self) -> int:
        return len(self.scale)

    def take(self, rows: RowSelection) -> F64:
        """Scaled rows `(len(rows), dim)`."""
        return np.concatenate([part[rows] for part in self.parts], axis=1, dtype=np.float64) / self.scale

    def chunks(self) -> Iterator[F64]:
        """All scaled rows, a chunk at a time."""
        step = max(1, CHUNK // max(self.dim, 1))
        return (self.take(slice(start, start + step)) for start in range(0, len(self), step))


@dataclass(frozen=True)
class Relation:
    """Column `column` is a linear function of the columns `on`, with standardised coefficients `weights`."""

    column: int
    on: NDArray[np.int64]
    weights: F64


def block_of(*parts: Array) -> ScaledColumns:
    """A block over `parts`, none of whose columns may be constant zero."""
    scale = np.concatenate([np.maximum(np.abs(part.min(axis=0)), np.abs(part.max(axis=0))) for part in parts])
    rounding = np.concatenate([_rounding(part) for part in parts])
    return ScaledColumns(parts, scale.astype(np.float64), rounding)


def sample_rows(n: int, size: int = _SAMPLE) -> NDArray[np.int64]:
    """Up to `size` distinct rows, always the same ones, in order."""
    if n <= size:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, size, replace=False))


def linear_relations(block: ScaledColumns, first: int = 0) -> list[Relation]:
    """Columns from `first` on that are exact linear functions of others before them (never of each other).

    A QR of some rows in column order finds candidates; least squares on those rows and a pass over all rows confirm
    or refute them. Without enough rows for the columns nothing is claimed.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(100, 2))
        >>> [relation.column for relation in linear_relations(block_of(x, x @ [[1.0], [2.0]]))]
        [2]
    """
    if len(block) < block.dim + SPARE_ROWS or block.dim > MAX_COLUMNS:
        return []
    rows = block.take(sample_rows(len(block), 2_000 + 2 * block.dim))
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    varying = np.flatnonzero(spread > 0)
    floor = 100 * block.rounding[varying].max(initial=0) / spread[varying].min(initial=1)
    diagonal = np.abs(np.diag(np.linalg.qr((rows[:, varying] - centre[varying]) / spread[varying], mode="r")))
    suspects = varying[diagonal <= floor * np.sqrt(len(rows))]
    suspects = suspects[suspects >= first]
    base = np.setdiff1d(varying, suspects)
    found: list[Relation] = []
    for _ in range(3):  # a refuted suspect may itself be what a later one depends on
        confirmed, refuted = _confirm(block, rows, base, suspects)
        found += confirmed
        if refuted.size < 2:
            break
        base, suspects = np.sort([*base, refuted[0]]), refuted[1:]
    return sorted(found, key=lambda relation: relation.column)


def _confirm(
    block: ScaledColumns, rows: F64, base: NDArray[np.int64], suspects: NDArray[np.int64]
) -> tuple[list[Relation], NDArray[np.int64]]:
    """Which suspects are linear functions of `base` in all rows, and which are not."""
    if not (base.size and suspects.size):
        return [], suspects
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    z = (rows - centre) / spread
    weights = np.linalg.lstsq(z[:, base], z[:, suspects], rcond=None)[0]
    violations, worst = np.zeros(len(suspects)), np.zeros(len(suspects))
    fits = _signed(weights, base, suspects, block.dim)
    # the fitted coefficients carry rounding errors of the data, and our own arithmetic some of float64
    slack = block.rounding[suspects] / np.sqrt(len(rows)) + _FLOAT64 * (1 + np.abs(centre) / spread) @ np.abs(fits)
    for chunk in block.chunks():
        residual = np.abs((chunk - centre) / spread @ fits)
        bound = np.abs(chunk) * (block.rounding / spread) @ np.abs(fits) + slack
        violations += (residual > bound).sum(axis=0)
        worst = np.maximum(worst, (residual / (bound + block.rounding[suspects])).max(axis=0))
    exact = (violations <= 0.02 * len(block)) & (worst <= 8)
    noise = np.maximum(10 * (block.rounding / spread)[suspects], 1e-6 * np.abs(weights).max(axis=0))
    return [_relation(int(suspects[i]), base, weights[:, i], noise[i]) for i in np.flatnonzero(exact)], suspects[~exact]


def _signed(weights: F64, base: NDArray[np.int64], suspects: NDArray[np.int64], dim: int) -> F64:
    """`(dim, n_suspects)` coefficients of "suspect minus its fit"."""
    matrix = np.zeros((dim, len(suspects)))
    matrix[base] = -weights
    matrix[suspects, np.arange(len(suspects))] = 1.0
    return matrix


def _relation(column: int, base: NDArray[np.int64], weights: F64, noise: float) -> Relation:
    counts = np.abs(weights) > noise  # what rounding alone may give a column that has no part in it
    return Relation(column, base[counts], weights[counts])


def copies(array: Array) -> dict[int, int]:
    """Columns that repeat an earlier one bit by bit, and which; for data with too few rows for `linear_relations`."""
    seen: dict[bytes, int] = {}
    return {j: first for j in range(array.shape[1]) if (first := seen.setdefault(array[:, j].tobytes(), j)) != j}


def monotone_pair(x: Array, y: Array, x_columns: Sequence[int], y_columns: Sequence[int]) -> tuple[int, int] | None:
    """The first column of `x` and column of `y` that are in the same (or opposite) order in every row, if any.

    A pair whose distance from a straight line looks like noise is passed over: with few rows a very strong but finite
    dependence keeps the order too.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(50, 1))
        >>> monotone_pair(x, np.exp(-x), [0], [0])
        (0, 0)
    """
    if not (len(x_columns) and len(y_columns)):
        return None
    few = sample_rows(len(x), 256)
    x_few, y_few = np.asarray(x[few]), np.asarray(y[few])[:, list(y_columns)]
    for i in x_columns:
        for k in _agreeing(x_few[:, i], y_few):
            if _same_order(x[:, i], y[:, y_columns[k]]):
                return i, y_columns[k]
    return None


def _agreeing(a: NDArray[Any], columns: NDArray[Any]) -> list[int]:
    """Which columns rise, or fall, with `a` throughout; equal values of `a` are no evidence."""
    order = np.argsort(a, kind="stable")
    steps = np.sign(np.diff(columns[order], axis=0))[np.diff(a[order]) > 0]
    agree: list[int] = np.flatnonzero(np.all(steps >= 0, axis=0) | np.all(steps <= 0, axis=0)).tolist()
    return agree


def _same_order(a: Array, b: Array) -> bool:
    for sign in (1, -1):
        order = np.lexsort((sign * b, a))  # among equal values of a, any order of b will do
        if np.all(np.diff(sign * b[order]) >= 0):
            return not _noise_around_line(a[order], b[order])
    return False


def _noise_around_line(a: Array, b: Array) -> bool:
    """Whether b - c a, in the order of a, is more than rounding and as rough as noise.

    Rough by the rank version of von Neumann's ratio (Bartels, 1982), which is 2 for noise and 0 for a smooth curve,
    and which no outlier can sway.
    """
    u, v = _standard(a), _standard(b)
    residual = v - u * (u @ v / len(u))
    rounding = sum(float(_rounding(c[:, None])[0] / np.ptp(c / np.abs(c).max())) for c in (a, b))
    ranks = np.argsort(np.argsort(residual, kind="stable"), kind="stable")
    rough = float(np.sum(np.diff(ranks) ** 2)) > len(ranks) * float(np.var(ranks))
    return rough and float(residual @ residual) > len(u) * (4 * rounding) ** 2


def _standard(column: Array) -> F64:
    scaled: F64 = column.astype(np.float64) / np.abs(column).max()
    standard: F64 = (scaled - scaled.mean()) / scaled.std()
    return standard


@dataclass(frozen=True)
class Grain:
    """How discrete a column looks, from some of its rows.

    Attributes:
        rows: how many rows were looked at.
        distinct: number of different values.
        whole: whether all are whole numbers.
        top, share: the commonest value, and the share of the rows that have it.
    """

    rows: int
    distinct: int
    whole: bool
    top: float
    share: float

    @property
    def variety(self) -> float:
        """Different values per row, the commonest value aside: 1 for a continuous column, even with many zeros."""
        others = self.rows * (1 - self.share)
        return (self.distinct - 1) / others if others >= 1 else 0.0

    @property
    def discrete(self) -> bool:
        """Whether few values come again and again."""
        few = self.distinct <= min(8, self.rows / 2)
        return few or self.variety <= 0.1 or (self.whole and self.variety < 0.9)

    @property
    def mixed(self) -> bool:
        """Whether one value stands out of an otherwise continuous column."""
        return not self.discrete and self.share >= 0.05 and self.share * self.rows >= 5


def grain(column: NDArray[Any]) -> Grain:
    """How discrete `column` looks.

    Example:
        >>> grain(np.array([0.0, 1.0, 1.0, 1.0] * 10)).discrete
        True
    """
    values, counts = np.unique(column[sample_rows(len(column))], return_counts=True)
    rows, most = int(counts.sum()), int(counts.argmax())
    whole = bool(np.all(values == np.rint(values)))
    return Grain(rows, len(values), whole, float(values[most]), float(counts[most]) / rows)


def row_prints(block: ScaledColumns) -> F64:
    """One number a row: equal rows have equal ones, others practically never."""
    weights = np.random.default_rng(0).uniform(0.5, 1.5, block.dim)
    # a plain sum along each row: a matrix product may round equal rows differently
    return np.concatenate([(chunk * weights).sum(axis=1) for chunk in block.chunks()])


def _rounding(array: Array) -> F64:
    """Per column; float64 columns that only hold float32 numbers are as coarse as those."""
    if array.dtype == np.float32:
        return np.full(array.shape[1], _FLOAT32)
    some = array[sample_rows(len(array), 2_000)]
    with np.errstate(over="ignore", under="ignore"):
        stored_as_float32 = np.all(some == some.astype(np.float32), axis=0) & ~np.all(some == np.rint(some), axis=0)
    return np.where(stored_as_float32, _FLOAT32, _FLOAT64)
