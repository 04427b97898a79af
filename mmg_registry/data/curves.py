"""Curves and surfaces without noise: rows of (x, y) that fill fewer dimensions than x and y do apart.

The information is infinite there, whatever the curve: y = x^2, a circle, a sphere. No finite number of rows proves it,
for noise may be finer than they show, so what is found here is worth a warning and no verdict.

Rows near a row lie in a patch. Of a smooth surface of D dimensions among D + 1 columns the patch is flat up to its
curvature, and its thickness shrinks like the square of its radius, n^(-2/D). Rows that fill all columns have patches as
thick as wide, n^(-1/(D+1)); noise finer than the patch is wide has a constant thickness. Thinning the rows by a known
factor tells which (after local dimension by nearest neighbours, Pettis et al., IEEE Trans. PAMI 1979).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree

from mmg_registry.arrays import F64
from mmg_registry.contracts import Array
from mmg_registry.data.dependence import block_of, sample_rows

FEWEST_ROWS = 300
"""Rows from which thickness is measured. Lower: chance decides, and patches are wider than noise of a hundredth."""

FEWEST_ROWS_OF_SURFACES = 1_000
"""The same for three columns. Lower: patches are so wide that noise of a hundredth does not show."""

MOST_ROWS = 2_000
"""Rows that are looked at. Higher: time, which grows with the pairs of columns. Lower: curves of many turns are missed.
"""

MOST_PATCHES = 500
"""Rows around which patches are measured. Lower: a less certain median. Higher: time."""

THINNED = 4
"""Share of the rows, as a divisor, of the second measurement. Lower: less to tell apart. Higher: patches too wide."""

MOST_COLUMNS = 4
"""Columns a side whose pairs are looked at. Higher: time. Lower: curves between later columns are missed."""

WHOLE_COLUMNS = 3
"""Columns of both sides that are looked at as a whole. Higher: patches so wide that noise of a tenth does not show."""

SURE = 0.7
"""How far towards a smooth surface, from rows that fill all columns, the power of n must lie.

Evidence: for curves and surfaces of 300 to 10,000 rows it lies at 0.8 to 1.1, for noise of 0.001 and 0.01 of the spread
below 0.5 (curves from 1,000 rows, surfaces from 10,000 and 1,000 rows).
Lower: strong dependence with fine noise is warned of. Higher: curves in few rows are not.
"""

KNOTS = 17
"""Quantiles between which a column is spread evenly. Lower: heavy tails have patches thin in one column only. Higher:
the map itself bends within a patch.
"""

SPARE_NEIGHBOURS = 3
"""Neighbours of a patch beyond twice its columns. Lower: thickness by chance. Higher: patches too wide to be flat."""

_NEAREST = 1e-60  # of the largest value, between knots: slopes, and their slopes, stay finite
_ROUNDINGS = 16  # rounding errors of a value that the map and the sums add up to

LEAST_DISTINCT = 0.4
"""Least share of different values in a column: with fewer it is discrete or rounded, and nothing is said.

Lower: patches of rounded columns hold one value alone, which looks like a curve. Higher: y = x^2 on an even grid, where
every value but one stands twice, is missed.
"""


def noiseless(x: Array, y: Array) -> tuple[list[int], list[int]] | None:
    """Return the first columns of `x` and of `y` that lie on a curve or surface without visible noise, or None.

    All pairs of up to four columns a side are looked at, then the whole, if it has three columns and no side fills
    fewer dimensions than it has columns by itself.

    Args:
        x, y: `(n, dim_x)`, `(n, dim_y)`, finite, without constant columns.

    Example:
        >>> x = np.linspace(-1, 1, 1_001)[:, None]
        >>> noiseless(x, x**2), noiseless(x, x**2 + 1e-2 * np.random.default_rng(0).normal(size=x.shape))
        (([0], [0]), None)
    """
    few = _some_rows(x[:, :MOST_COLUMNS], y[:, :MOST_COLUMNS])
    if len(few[0]) < FEWEST_ROWS:
        return None
    rounding = _ROUNDINGS * float(block_of(*few).rounding.max())
    sides = _smoothed(few[0]), _smoothed(few[1])
    for i, j in _pairs(*sides):
        if _on_a_surface(np.column_stack([sides[0][:, i], sides[1][:, j]]), rounding):
            return [i], [j]
    small = x.shape[1] + y.shape[1] == WHOLE_COLUMNS and len(few[0]) >= FEWEST_ROWS_OF_SURFACES
    return _whole(*sides, rounding) if small else None


def _some_rows(x: Array, y: Array) -> tuple[Array, Array]:
    """Return some rows without copies, which would be patches of no width."""
    rows = sample_rows(len(x), MOST_ROWS)
    x, y = x[rows], y[rows]
    own = np.unique(np.column_stack([x, y]), axis=0, return_index=True)[1]
    return x[own], y[own]


def _pairs(x: F64, y: F64) -> Iterator[tuple[int, int]]:
    of_x, of_y = ([j for j in range(side.shape[1]) if _fine(side[:, j])] for side in (x, y))
    return product(of_x, of_y)


def _whole(x: F64, y: F64, rounding: float) -> tuple[list[int], list[int]] | None:
    columns = [side[:, j] for side in (x, y) for j in range(side.shape[1])]
    if not all(_fine(column) for column in columns):
        return None
    if any(side.shape[1] > 1 and _on_a_surface(side, rounding) for side in (x, y)):
        return None
    return (list(range(x.shape[1])), list(range(y.shape[1]))) if _on_a_surface(np.hstack([x, y]), rounding) else None


def _fine(column: F64) -> bool:
    return len(np.unique(column)) >= LEAST_DISTINCT * len(column)


def _smoothed(side: Array) -> F64:
    """Spread columns roughly evenly over [0, 1] by smooth maps, which bring heavy tails in and keep curves curves."""
    rows = np.asarray(side, dtype=np.float64)
    largest = np.maximum(np.abs(rows).max(axis=0), np.finfo(np.float64).tiny)
    return np.column_stack([_spread(column) for column in (rows / largest).T])


def _spread(column: F64) -> F64:
    levels = np.linspace(0, 1, KNOTS)
    knots = np.quantile(column, levels)
    if np.diff(knots).min() < _NEAREST:  # one value stands often, or values span too many powers of ten to tell
        return np.zeros_like(column)
    spread: F64 = PchipInterpolator(knots, levels)(column)
    return spread


def _on_a_surface(rows: F64, rounding: float) -> bool:
    """Return whether patches of `rows` `(n, d)` get thinner, as rows get denser, like those of a smooth surface."""
    dim = rows.shape[1]
    few = sample_rows(len(rows), len(rows) // THINNED)
    centres = few[sample_rows(len(few), MOST_PATCHES)]
    dense, sparse = (_thickness(rows[centres], among) for among in (rows, rows[few]))
    if dense <= rounding:  # straight pieces
        return True
    power = math.log(max(sparse, rounding) / dense) / math.log(THINNED)
    filling, flat = 1 / dim, 2 / (dim - 1)
    return bool(power > filling + SURE * (flat - filling))


def _thickness(centres: F64, among: F64) -> float:
    """Return the median over `centres` of the least spread of their neighbours `among` rows."""
    neighbours = 2 * centres.shape[1] + SPARE_NEIGHBOURS
    patches = among[cKDTree(among).query(centres, neighbours)[1]]
    patches = patches - patches.mean(axis=1, keepdims=True)
    return float(np.median(np.linalg.svd(patches, compute_uv=False)[:, -1])) / math.sqrt(neighbours)
