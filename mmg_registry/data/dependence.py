"""Exact relations between columns: linear dependence, monotone functions, copies.

"Exact" means: up to the rounding of the stored numbers, in every row. Rounding errors shrink with the values they
belong to and noise does not. This distinguishes y = fl(2 x + 1) in float32 from a dependence that is only very strong.
All rows are read in chunks of scaled float64 numbers, which bounds the memory and copes with huge values.
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

CHUNK = 1 << 20  # numbers in a chunk, i.e. 8 MB of float64
MAX_COLUMNS = 1_000  # with more columns, a QR decomposition would take longer than it is worth
LEAST_ORDERED_ROWS = 20  # rows that prove an order: chance keeps one of so many in 1 of 20! cases
MOSTLY_DISTINCT = 0.5  # share of those rows whose values differ
SPARE_ROWS = 6  # rows needed beyond the columns: with fewer rows than columns, every column is "dependent"
LOOSEST = 1e-3
"""Rounding error of a fit, in standard deviations of its column, up to which a fit within it is an exact relation.

Pixels of smooth images are nearly linear in hundreds of others, with coefficients so large that rounding alone explains
any residual. Evidence: chosen; relations among a few columns of float32 reach 1e-6.
Lower: relations with large coefficients are missed. Higher: independent columns pass for exact functions of others.
"""

_FLOAT32, _FLOAT64 = 2.0**-22, 2.0**-44  # relative rounding errors: 2 eps, and 256 eps (less than any real noise)


@dataclass(frozen=True)
class ScaledColumns:
    """The columns of one or more arrays with the same number of rows, in float64, divided by their largest magnitudes.

    Attributes:
        parts: arrays `(n, d_i)`.
        scale: `(sum d_i,)` largest magnitude of each column.
        rounding: `(sum d_i,)` largest relative rounding error of a value in each column.
    """

    parts: tuple[Array, ...]
    scale: F64
    rounding: F64

    def __len__(self) -> int:
        return len(self.parts[0])

    @property
    def dim(self) -> int:
        """The number of columns of all parts together."""
        return len(self.scale)

    def take(self, rows: RowSelection) -> F64:
        """Return the scaled rows with the indices `rows`, `(len(rows), dim)`."""
        return np.concatenate([part[rows] for part in self.parts], axis=1, dtype=np.float64) / self.scale

    def chunks(self) -> Iterator[F64]:
        """Return an iterator over all scaled rows, in chunks of at most `CHUNK` numbers."""
        step = max(1, CHUNK // max(self.dim, 1))
        return (self.take(slice(start, start + step)) for start in range(0, len(self), step))


@dataclass(frozen=True)
class Relation:
    """Column `column` as a linear function of the columns `on`, with standardised coefficients `weights`."""

    column: int
    on: NDArray[np.int64]
    weights: F64


def block_of(*parts: Array) -> ScaledColumns:
    """Return the scaled columns of `parts`, arrays `(n, d_i)`, none of whose columns may be constant zero."""
    scale = np.concatenate([np.maximum(np.abs(part.min(axis=0)), np.abs(part.max(axis=0))) for part in parts])
    rounding = np.concatenate([_rounding(part) for part in parts])
    return ScaledColumns(parts, scale.astype(np.float64), rounding)


def sample_rows(n: int, size: int) -> NDArray[np.int64]:
    """Return the sorted indices of at most `size` of `n` rows, the same on every call."""
    if n <= size:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, size, replace=False))


def linear_relations(block: ScaledColumns, first: int = 0) -> list[Relation]:
    """Return the columns from `first` on that are exact linear functions of earlier columns, never of each other.

    A QR decomposition of some rows, in column order, finds candidates; least squares on those rows and a pass over all
    rows confirm or refute them. With too few rows for the number of columns, the list is empty.

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
    for _ in range(3):  # a later suspect may depend on a refuted one
        confirmed, refuted = _confirm(block, rows, base, suspects)
        found += confirmed
        if refuted.size < 2:
            break
        base, suspects = np.sort([*base, refuted[0]]), refuted[1:]
    return sorted(found, key=lambda relation: relation.column)


def proved(block: ScaledColumns, relation: Relation, first: int) -> bool:
    """Return whether enough rows prove a relation between x and y, whose columns are those from `first` on.

    Of a column that has one value in nearly all rows only the others prove anything: in the rows where both are zero,
    any two columns of zeros agree. And where other columns of y tell the column but for rounding, x has no part in it.
    """
    return telling_rows(block, relation) >= SPARE_ROWS and _left_over(block, relation, first) > LOOSEST


def _left_over(block: ScaledColumns, relation: Relation, first: int) -> float:
    """Return the share of the column's standard deviation that the columns from `first` on do not tell."""
    rows = block.take(sample_rows(len(block), 2_000 + 2 * block.dim))
    rows = rows - rows.mean(axis=0)
    column, others = rows[:, relation.column], rows[:, relation.on[relation.on >= first]]
    left = column - others @ np.linalg.lstsq(others, column, rcond=None)[0] if others.size else column
    return float(left.std() / column.std())


def by_chance(x: Array, y: Array) -> list[int]:
    """Return the columns of `y` that are linear functions of `x` in all rows, but too few of them to prove it.

    Example:
        >>> x = np.zeros((100, 1)); x[7] = 1.0
        >>> by_chance(x, np.column_stack([2 * x, np.arange(100)]))
        [0]
    """
    rare = np.flatnonzero((y != np.median(y, axis=0)).sum(axis=0) < x.shape[1] + SPARE_ROWS)
    if not rare.size:
        return []
    block = block_of(x, y[:, rare])
    found = linear_relations(block, first=x.shape[1])
    return [int(rare[each.column - x.shape[1]]) for each in found if not proved(block, each, x.shape[1])]


def telling_rows(block: ScaledColumns, relation: Relation) -> int:
    """Count the rows in which the column does not have its commonest value, beyond one for each coefficient."""
    column = np.concatenate([chunk[:, relation.column] for chunk in block.chunks()])
    return int((column != _commonest(column)).sum()) - len(relation.on)


def _confirm(
    block: ScaledColumns, rows: F64, base: NDArray[np.int64], suspects: NDArray[np.int64]
) -> tuple[list[Relation], NDArray[np.int64]]:
    """Return the suspects that are linear functions of `base` in all rows, as relations, and those that are not."""
    if not (base.size and suspects.size):
        return [], suspects
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    z = (rows - centre) / spread
    weights = np.linalg.lstsq(z[:, base], z[:, suspects], rcond=None)[0]
    violations, worst, allowed = (np.zeros(len(suspects)) for _ in range(3))
    fits = _signed(weights, base, suspects, block.dim)
    # the fitted coefficients contain rounding errors of the data, and those of this float64 arithmetic
    slack = block.rounding[suspects] / np.sqrt(len(rows)) + _FLOAT64 * (1 + np.abs(centre) / spread) @ np.abs(fits)
    for chunk in block.chunks():
        residual = np.abs((chunk - centre) / spread @ fits)
        bound = np.abs(chunk) * (block.rounding / spread) @ np.abs(fits) + slack
        violations += (residual > bound).sum(axis=0)
        allowed += bound.sum(axis=0) / len(block)
        worst = np.maximum(worst, (residual / (bound + block.rounding[suspects])).max(axis=0))
    exact = (violations <= 0.02 * len(block)) & (worst <= 8) & (allowed <= LOOSEST)
    noise = np.maximum(10 * (block.rounding / spread)[suspects], 1e-6 * np.abs(weights).max(axis=0))
    return [_relation(int(suspects[i]), base, weights[:, i], noise[i]) for i in np.flatnonzero(exact)], suspects[~exact]


def _signed(weights: F64, base: NDArray[np.int64], suspects: NDArray[np.int64], dim: int) -> F64:
    """Return the coefficients of "suspect minus its fit", `(dim, n_suspects)`."""
    matrix = np.zeros((dim, len(suspects)))
    matrix[base] = -weights
    matrix[suspects, np.arange(len(suspects))] = 1.0
    return matrix


def _relation(column: int, base: NDArray[np.int64], weights: F64, noise: float) -> Relation:
    counts = np.abs(weights) > noise  # rounding alone can give an uninvolved column that much weight
    return Relation(column, base[counts], weights[counts])


def copies(array: Array) -> dict[int, int]:
    """Return each column that repeats an earlier one bit by bit, mapped to that earlier column.

    This replaces `linear_relations` for data with too few rows.
    """
    seen: dict[bytes, int] = {}
    return {j: first for j in range(array.shape[1]) if (first := seen.setdefault(array[:, j].tobytes(), j)) != j}


def monotone_pair(x: Array, y: Array, x_columns: Sequence[int], y_columns: Sequence[int]) -> tuple[int, int] | None:
    """Return the first column of `x` and column of `y` with the same (or opposite) order in all rows, or None.

    A pair whose deviation from a straight line looks like noise is skipped: with few rows, a very strong but finite
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
    """Return the columns that only rise, or only fall, with `a`; rows with equal values of `a` are not compared."""
    order = np.argsort(a, kind="stable")
    steps = np.sign(np.diff(columns[order], axis=0))[np.diff(a[order]) > 0]
    agree: list[int] = np.flatnonzero(np.all(steps >= 0, axis=0) | np.all(steps <= 0, axis=0)).tolist()
    return agree


def _same_order(a: Array, b: Array) -> bool:
    if not _ordered_rows(a, b) >= LEAST_ORDERED_ROWS:
        return False
    for sign in (1, -1):
        order = np.lexsort((sign * b, a))  # among equal values of a, any order of b is allowed
        if np.all(np.diff(sign * b[order]) >= 0):
            return not _noise_around_line(a[order], b[order])
    return False


def _ordered_rows(a: Array, b: Array) -> int:
    """Count rows in which neither column has its commonest value, by the different values there.

    Only these prove an order: two columns that are zero in all rows but a few keep one by chance, and so do coarsely
    rounded ones, in which most rows tie; of these none counts.
    """
    both = (a != _commonest(a)) & (b != _commonest(b))
    distinct = min(len(np.unique(a[both])), len(np.unique(b[both])))
    return distinct if distinct > MOSTLY_DISTINCT * int(both.sum()) else 0


def _commonest(column: Array) -> Any:
    values, counts = np.unique(column, return_counts=True)
    return values[counts.argmax()] if counts.max() > 1 else np.nan


def _noise_around_line(a: Array, b: Array) -> bool:
    """Return whether b - c a, in the order of a, exceeds rounding errors and is as rough as noise.

    The roughness is the rank version of von Neumann's ratio (Bartels, 1982), which is 2 for noise and 0 for a smooth
    curve, and which is robust to outliers.
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


def row_prints(block: ScaledColumns) -> F64:
    """Return one number per row, `(n,)`: equal rows have equal numbers, different rows practically never."""
    weights = np.random.default_rng(0).uniform(0.5, 1.5, block.dim)
    # a plain sum along each row: a matrix product may round equal rows differently
    return np.concatenate([(chunk * weights).sum(axis=1) for chunk in block.chunks()])


def _rounding(array: Array) -> F64:
    """Return the relative rounding error of each column; a float64 column of float32 numbers counts as float32."""
    if array.dtype == np.float32:
        return np.full(array.shape[1], _FLOAT32)
    some = array[sample_rows(len(array), 2_000)]
    with np.errstate(over="ignore", under="ignore"):
        stored_as_float32 = np.all(some == some.astype(np.float32), axis=0) & ~np.all(some == np.rint(some), axis=0)
    return np.where(stored_as_float32, _FLOAT32, _FLOAT64)
