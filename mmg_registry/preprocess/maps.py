"""Strictly increasing maps of single columns to near-normal ones, as close to affine as the data allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr, ndtri

from mmg_registry.arrays import F64
from mmg_registry.errors import DataError

RowArray = NDArray[Any]

TAIL_GAIN = (0.05, 1.0)  # bounds on a tail's growth, in Gaussian units per factor e of the distance
MERGE = 1e-7  # knots closer than this (in standardised units) are merged: float32 data cannot tell them apart
RANGES = (0.25, 0.1, 0.01)  # lower probabilities of the quantile ranges that are tried in turn for the scale


@dataclass(frozen=True)
class MonotoneMap:
    """A strictly increasing map of one column: affine, or affine followed by a cubic with logarithmic tails.

    With knots, `t = (v - centre) / scale` is mapped by the monotone cubic of Fritsch and Carlson ("Monotone piecewise
    cubic interpolation", SIAM J. Numer. Anal. 1980) with the given `values` and `slopes` at the `knots`; beyond the
    end knots the map grows like a logarithm, with a continuous slope.

    Attributes:
        centre, scale: location and spread of the column, in its own units.
        knots, values, slopes: `(n_knots,)` each, or empty for an affine map.

    Example:
        >>> half = MonotoneMap(centre=1.0, scale=2.0)
        >>> half(np.array([1.0, 3.0])).tolist()
        [0.0, 1.0]
    """

    centre: float
    scale: float
    knots: F64 = field(default_factory=lambda: np.empty(0))
    values: F64 = field(default_factory=lambda: np.empty(0))
    slopes: F64 = field(default_factory=lambda: np.empty(0))

    @property
    def is_affine(self) -> bool:
        """Return whether the map is a straight line."""
        return self.knots.size == 0

    @property
    def flat(self) -> MonotoneMap:
        """Return the affine part of the map alone."""
        return MonotoneMap(self.centre, self.scale)

    def __call__(self, column: RowArray) -> F64:
        """Map `column` `(n,)` of any real dtype to float64 `(n,)`."""
        t = (column.astype(np.float64) - self.centre) / self.scale
        return t if self.is_affine else self._curve(t)

    @cached_property
    def _cubic(self) -> tuple[F64, F64, F64, F64]:
        """Return each interval's cubic coefficients in powers of the distance from its left knot, constant first."""
        width = np.diff(self.knots)
        secant = np.diff(self.values) / width
        left, right = self.slopes[:-1], self.slopes[1:]
        quadratic = (3 * secant - 2 * left - right) / width
        return self.values[:-1], left, quadratic, (left + right - 2 * secant) / width**2

    def _curve(self, t: F64) -> F64:
        interval = np.searchsorted(self.knots[1:-1], t)
        value, slope, quadratic, cubic = (c[interval] for c in self._cubic)
        step = t - self.knots[interval]
        out: F64 = ((cubic * step + quadratic) * step + slope) * step + value
        for end, sign in ((0, -1.0), (-1, 1.0)):
            beyond = np.flatnonzero(sign * (t - self.knots[end]) > 0)
            out[beyond] = self.values[end] + sign * self._tail(end, np.abs(t[beyond] - self.knots[end]))
        return out

    def _tail(self, end: int, distance: F64) -> F64:
        """Return the map's growth at `distance` beyond an end knot.

        The gain is chosen so that power laws and log-normals are exact to first order.
        """
        gain = self._tail_gain(end)
        out: F64 = gain * np.log1p(self.slopes[end] * distance / gain)
        return out

    def _tail_gain(self, end: int) -> float:
        return float(np.clip(self.slopes[end] * abs(self.knots[end]), *TAIL_GAIN))

    def log_slope(self, column: RowArray) -> F64:
        """Return the logarithm of the map's derivative at `column` `(n,)`."""
        t = (column.astype(np.float64) - self.centre) / self.scale
        if self.is_affine:
            return np.full(t.shape, -np.log(self.scale))
        interval = np.searchsorted(self.knots[1:-1], t)
        _, slope, quadratic, cubic = (c[interval] for c in self._cubic)
        step = t - self.knots[interval]
        out = (3 * cubic * step + 2 * quadratic) * step + slope
        for end, sign in ((0, -1.0), (-1, 1.0)):
            beyond = np.flatnonzero(sign * (t - self.knots[end]) > 0)
            distance = np.abs(t[beyond] - self.knots[end])
            out[beyond] = self.slopes[end] / (1 + self.slopes[end] * distance / self._tail_gain(end))
        logs: F64 = np.log(np.maximum(out, 1e-300)) - np.log(self.scale)
        return logs


def fit_map(column: RowArray, gaussianise: bool = True) -> MonotoneMap:
    """Fit the simplest map that makes `column` `(n,)` look standard normal.

    The map is affine where the sample quantiles lie on a line within the sampling noise of n rows, and for columns with
    heavy ties unless their values reach far out. Otherwise it is a monotone cubic through as few Gaussian quantiles as
    the same criterion allows. Simplicity matters: quantiles are known to 1/sqrt(n) only, and when the mutual
    information is high, the wiggles of a needless cubic are wider than p(x|y).

    Args:
        column: rows of any real dtype.
        gaussianise: whether a cubic may be used at all; if not, the map is affine.

    Raises:
        DataError: when the column holds NaN or infinity.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal(2000)
        >>> fit_map(rows).is_affine, fit_map(rows**3).is_affine
        (True, False)
    """
    ordered = np.sort(_real(column))
    if not (np.isfinite(ordered[0]) and np.isfinite(ordered[-1])):
        raise DataError("The data hold NaN or infinite values; drop those rows first.")
    centre, scale = _robust_location_scale(ordered)
    if not gaussianise or ordered[0] == ordered[-1]:
        return MonotoneMap(centre, scale)
    return _least_map(ordered, centre, scale)


def _least_map(ordered: RowArray, centre: float, scale: float) -> MonotoneMap:
    grid = _gaussian_grid(ordered.size)
    tolerance = _tolerance(grid, ordered.size)
    quantiles = _quantiles(ordered, ndtr(grid))
    line = _line(quantiles, grid, tolerance)
    if line is not None and _is_calm(ordered, line, quantiles, grid, tolerance):
        return line
    flat = MonotoneMap(centre, scale)
    if has_heavy_ties(ordered) and np.abs(flat(ordered[[0, -1]])).max() < 10:
        return flat
    return _coarsest_cubic(flat, flat(quantiles), grid, tolerance)


def _coarsest_cubic(flat: MonotoneMap, quantiles: F64, grid: F64, tolerance: F64) -> MonotoneMap:
    """Return the first cubic that fits all quantiles, trying every fourth of them as knots, every second, then all."""
    curve = flat
    for stride in (4, 2, 1):
        knots, values = _merge(quantiles[::stride], grid[::stride])
        if knots.size >= 3:
            curve = MonotoneMap(flat.centre, flat.scale, knots, values, _slopes(knots, values))
            if np.all(np.abs(curve._curve(quantiles) - grid) < tolerance):
                break
    return curve


def _real(column: RowArray) -> RowArray:
    """Return a contiguous copy of `column` in float32 where that is exact, else in float64."""
    narrow = column.dtype in (np.float16, np.float32)
    return np.array(column, dtype=np.float32 if narrow else np.float64)


def _quantiles(ordered: RowArray, probabilities: F64) -> F64:
    """Return sample quantiles in float64, with Hazen's plotting positions `(i + 1/2) / n`."""
    position = np.clip(probabilities * ordered.size - 0.5, 0, ordered.size - 1)
    low = position.astype(np.int64)
    high = np.minimum(low + 1, ordered.size - 1)
    share = position - low
    out: F64 = (1 - share) * ordered[low].astype(np.float64) + share * ordered[high].astype(np.float64)
    return out


def _robust_location_scale(ordered: RowArray) -> tuple[float, float]:
    """Return the median, and a robust standard deviation from the innermost quantile range that is not empty.

    The deviation is scaled to be that of a normal sample with the same range, and is 1 if all ranges are empty.
    """
    centre = float(_quantiles(ordered, np.array([0.5]))[0])
    for p in (*RANGES, 0.5 / ordered.size):
        low, high = _quantiles(ordered, np.array([p, 1 - p]))
        if high > low:
            return centre, float(high / 2 - low / 2) / float(ndtri(1 - min(p, 0.25)))
    return centre, 1.0


def _gaussian_grid(n: int) -> F64:
    """Return an odd number of normal scores for the knots, out to probability 10/n; wider apart where rows are few."""
    end = float(-ndtri(min(10 / n, 0.25)))
    spacing = float(np.clip(0.2 * (1e5 / n) ** (1 / 6), 0.15, 0.6))
    half = 4 * max(1, round(end / (4 * spacing)))
    return np.linspace(-end, end, 2 * half + 1)


def _tolerance(grid: F64, n: int) -> F64:
    """Return how far a quantile of n normal rows may be off the line: four standard errors, plus a harmless 0.005."""
    p = ndtr(grid)
    density = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
    out: F64 = 4 * np.sqrt(p * (1 - p) / n) / density + 0.005
    return out


def _line(quantiles: F64, grid: F64, tolerance: F64) -> MonotoneMap | None:
    """Return the weighted least-squares line of the quantiles over the grid, or None where it does not rise."""
    weight = tolerance**-2 / np.sum(tolerance**-2)
    mean, mid = np.sum(weight * quantiles), np.sum(weight * grid)
    slope = np.sum(weight * (grid - mid) * (quantiles - mean)) / np.sum(weight * (grid - mid) ** 2)
    if not slope > 0:
        return None
    return MonotoneMap(float(mean - slope * mid), float(slope))


def _is_calm(ordered: RowArray, line: MonotoneMap, quantiles: F64, grid: F64, tolerance: F64) -> bool:
    """Return whether the quantiles lie on the line and the extremes are within the reach of a normal sample."""
    on_line = np.all(np.abs(line(quantiles) - grid) < tolerance)
    return bool(on_line and np.abs(line(ordered[[0, -1]])).max() < normal_reach(ordered.size))


def normal_reach(n: int) -> float:
    """Return a distance that no normal sample of n rows reaches in practice: 3 beyond their largest value's median."""
    return float(3 - ndtri(0.5 / n))


def has_heavy_ties(ordered: RowArray) -> bool:
    """Return whether some value occurs in more than a hundredth of the sorted rows `ordered` (and more than 5)."""
    run = max(ordered.size // 100, 5)
    return bool(np.any(ordered[run:] == ordered[:-run]))


def _merge(knots: F64, values: F64) -> tuple[F64, F64]:
    """Merge knots that coincide into one at their mean position and mean value."""
    group = np.concatenate([[0], np.cumsum(np.diff(knots) > MERGE)])
    count = np.bincount(group)
    return np.bincount(group, knots) / count, np.bincount(group, values) / count


def _slopes(knots: F64, values: F64) -> F64:
    """Return the slopes of the monotone cubic, with end slopes kept positive (SciPy allows 0 there)."""
    slopes = np.asarray(PchipInterpolator(knots, values).derivative()(knots), dtype=np.float64)
    secants = np.diff(values) / np.diff(knots)
    slopes[[0, -1]] = np.maximum(slopes[[0, -1]], 0.2 * secants[[0, -1]])
    return slopes
