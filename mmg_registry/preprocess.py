"""A fitted, bijective change of coordinates of a pair (x, y) that leaves I(X; Y) as it is and makes it easier to learn.

Three steps, fitted on training rows: a strictly increasing map of every column that is as close to affine as the rows
allow (`MonotoneMap`), whitening of x and of y, and a rotation of both into canonical coordinates, in which the
covariances are identities and the cross-covariance is `diag(rho)` (Hotelling, "Relations between two sets of
variates", Biometrika 1936). All three act on x and on y alone, so the mutual information does not change.

Rows are read in chunks and columns one at a time; no float64 copy of the data is ever made.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr, ndtri

from mmg_registry.errors import DataError

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Rows = NDArray[Any]
_Mapped = tuple[Sequence["MonotoneMap"], Rows]  # maps of the columns, and the rows they apply to

STATE_VERSION = 1
CHUNK_VALUES = 1 << 19  # values of a float64 chunk: 4 MB, so that a chunk stays in cache
EIGENVALUE_FLOOR = 1e-10  # relative; directions below it are linear combinations of the others
RHO_MAX = 1.0 - 1e-12  # float64 covariances cannot tell a larger correlation from 1
TAIL_GAIN = (0.05, 1.0)  # bounds of a tail's growth, in Gaussian units per e-fold
MERGE = 1e-7  # knots closer than this (standardised units) are one: float32 data cannot tell them apart
TALL = 10  # rows per dimension from which the sample covariance is used as it is
FOLDS = 5
AFFINE_GAIN, AFFINE_MARGIN = 1.02, 0.02  # what the linear part must win by to leave non-normal columns affine
RANGES = (0.25, 0.1, 0.01)  # lower probabilities of the quantile ranges tried for the scale, in turn


# ------------------------------------------------------------------------------------------ maps of single columns
@dataclass(frozen=True)
class MonotoneMap:
    """A strictly increasing map of one column: affine, or affine followed by a cubic with logarithmic tails.

    With knots, `t = (v - centre) / scale` goes through the monotone cubic of Fritsch and Carlson ("Monotone piecewise
    cubic interpolation", SIAM J. Numer. Anal. 1980) with the given `values` and `slopes` at the `knots`; beyond the
    end knots it grows like a logarithm, with continuous slope.

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
        """Whether the map is a straight line."""
        return self.knots.size == 0

    @property
    def flat(self) -> MonotoneMap:
        """The affine part alone."""
        return MonotoneMap(self.centre, self.scale)

    def __call__(self, column: Rows) -> F64:
        """Map `column` `(n,)` of any real dtype to float64 `(n,)`."""
        t = (column.astype(np.float64) - self.centre) / self.scale
        return t if self.is_affine else self._curve(t)

    @cached_property
    def _cubic(self) -> tuple[F64, F64, F64, F64]:
        """Coefficients of each interval in powers of the distance from its left knot."""
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
        """Growth beyond an end knot; the gain makes power laws and log-normals exact to first order."""
        slope = self.slopes[end]
        gain = float(np.clip(slope * abs(self.knots[end]), *TAIL_GAIN))
        out: F64 = gain * np.log1p(slope * distance / gain)
        return out


def fit_map(column: Rows, gaussianise: bool = True) -> MonotoneMap:
    """The least transform that makes `column` `(n,)` look standard normal.

    Affine where the sample quantiles lie on a line within what sampling noise of n rows allows, and for columns with
    heavy ties unless their values reach far out; otherwise a monotone cubic through as few Gaussian quantiles as the
    same criterion allows. The restraint matters: the quantiles are only known to 1/sqrt(n), and the wiggle of a
    needless map is wider than p(x|y) when the mutual information is high.

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


def _least_map(ordered: Rows, centre: float, scale: float) -> MonotoneMap:
    grid = _gaussian_grid(ordered.size)
    tolerance = _tolerance(grid, ordered.size)
    quantiles = _quantiles(ordered, ndtr(grid))
    line = _line(quantiles, grid, tolerance)
    if line is not None and _is_calm(ordered, line, quantiles, grid, tolerance):
        return line
    flat = MonotoneMap(centre, scale)
    if _has_heavy_ties(ordered) and np.abs(flat(ordered[[0, -1]])).max() < 10:
        return flat
    return _coarsest_cubic(flat, flat(quantiles), grid, tolerance)


def _coarsest_cubic(flat: MonotoneMap, quantiles: F64, grid: F64, tolerance: F64) -> MonotoneMap:
    """The cubic through every fourth, every second or each of the quantiles: the first that fits them all."""
    curve = flat
    for stride in (4, 2, 1):
        knots, values = _merge(quantiles[::stride], grid[::stride])
        if knots.size >= 3:
            curve = MonotoneMap(flat.centre, flat.scale, knots, values, _slopes(knots, values))
            if np.all(np.abs(curve._curve(quantiles) - grid) < tolerance):
                break
    return curve


def _real(column: Rows) -> Rows:
    """`column` as a contiguous float32 or float64 copy: the narrower where it is exact."""
    narrow = column.dtype in (np.float16, np.float32)
    return np.array(column, dtype=np.float32 if narrow else np.float64)


def _quantiles(ordered: Rows, probabilities: F64) -> F64:
    """Sample quantiles at Hazen's plotting positions `(i + 1/2) / n`, in float64."""
    position = np.clip(probabilities * ordered.size - 0.5, 0, ordered.size - 1)
    low = position.astype(np.int64)
    high = np.minimum(low + 1, ordered.size - 1)
    share = position - low
    out: F64 = (1 - share) * ordered[low].astype(np.float64) + share * ordered[high].astype(np.float64)
    return out


def _robust_location_scale(ordered: Rows) -> tuple[float, float]:
    """Median and the normal-consistent width of the innermost quantile range that is not empty; 1 if none is."""
    centre = float(_quantiles(ordered, np.array([0.5]))[0])
    for p in (*RANGES, 0.5 / ordered.size):
        low, high = _quantiles(ordered, np.array([p, 1 - p]))
        if high > low:
            return centre, float(high / 2 - low / 2) / float(ndtri(1 - min(p, 0.25)))
    return centre, 1.0


def _gaussian_grid(n: int) -> F64:
    """Gaussian positions of the knots, odd in number, out to 10/n; wider apart where rows are few."""
    end = float(-ndtri(min(10 / n, 0.25)))
    spacing = float(np.clip(0.2 * (1e5 / n) ** (1 / 6), 0.15, 0.6))
    half = 4 * max(1, round(end / (4 * spacing)))
    return np.linspace(-end, end, 2 * half + 1)


def _tolerance(grid: F64, n: int) -> F64:
    """How far a quantile of n normal rows strays from the line: four standard errors and a harmless 0.005."""
    p = ndtr(grid)
    density = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
    out: F64 = 4 * np.sqrt(p * (1 - p) / n) / density + 0.005
    return out


def _line(quantiles: F64, grid: F64, tolerance: F64) -> MonotoneMap | None:
    """The weighted least-squares line of the quantiles over the grid, or None where it does not rise."""
    weight = tolerance**-2 / np.sum(tolerance**-2)
    mean, mid = np.sum(weight * quantiles), np.sum(weight * grid)
    slope = np.sum(weight * (grid - mid) * (quantiles - mean)) / np.sum(weight * (grid - mid) ** 2)
    if not slope > 0:
        return None
    return MonotoneMap(float(mean - slope * mid), float(slope))


def _is_calm(ordered: Rows, line: MonotoneMap, quantiles: F64, grid: F64, tolerance: F64) -> bool:
    """Whether quantiles lie on the line, and the extremes no further out than those of a normal sample can be."""
    on_line = np.all(np.abs(line(quantiles) - grid) < tolerance)
    return bool(on_line and np.abs(line(ordered[[0, -1]])).max() < _normal_reach(ordered.size))


def _normal_reach(n: int) -> float:
    """A distance that no normal sample of n rows ever reaches: three beyond the median of its largest value."""
    return float(3 - ndtri(0.5 / n))


def _has_heavy_ties(ordered: Rows) -> bool:
    """Whether one value holds over a hundredth of the rows (and over five of them)."""
    run = max(ordered.size // 100, 5)
    return bool(np.any(ordered[run:] == ordered[:-run]))


def _merge(knots: F64, values: F64) -> tuple[F64, F64]:
    """Knots that coincide become one, at their mean position and mean value."""
    group = np.concatenate([[0], np.cumsum(np.diff(knots) > MERGE)])
    count = np.bincount(group)
    return np.bincount(group, knots) / count, np.bincount(group, values) / count


def _slopes(knots: F64, values: F64) -> F64:
    """Slopes of the monotone cubic, with end slopes kept positive (SciPy lets them be 0)."""
    slopes = np.asarray(PchipInterpolator(knots, values).derivative()(knots), dtype=np.float64)
    secants = np.diff(values) / np.diff(knots)
    slopes[[0, -1]] = np.maximum(slopes[[0, -1]], 0.2 * secants[[0, -1]])
    return slopes


# ------------------------------------------------------------------------------------------------ covariances
@dataclass(frozen=True)
class _Moments:
    """Sums over rows of the mapped columns of x and y together: count, first, second, and |row|^4 of each side."""

    count: int
    first: F64
    second: F64
    fourth: F64

    def __add__(self, other: _Moments) -> _Moments:
        return self._combine(other, 1)

    def __sub__(self, other: _Moments) -> _Moments:
        return self._combine(other, -1)

    def _combine(self, other: _Moments, sign: int) -> _Moments:
        return _Moments(
            self.count + sign * other.count,
            self.first + sign * other.first,
            self.second + sign * other.second,
            self.fourth + sign * other.fourth,
        )

    @property
    def mean(self) -> F64:
        out: F64 = self.first / self.count
        return out

    @property
    def covariance(self) -> F64:
        out: F64 = self.second / self.count - np.outer(self.mean, self.mean)
        return out


def _chunks(start: int, stop: int, dim: int) -> Iterator[slice]:
    step = max(256, CHUNK_VALUES // max(dim, 1))
    return (slice(low, min(low + step, stop)) for low in range(start, stop, step))


def _map_rows(maps: Sequence[MonotoneMap], rows: Rows) -> F64:
    """The mapped columns of a chunk as `(dim, n)`, each contiguous."""
    out = np.empty((len(maps), len(rows)))
    for j, curve in enumerate(maps):
        out[j] = curve(rows[:, j])
    return out


def _moments(sides: Sequence[_Mapped], start: int, stop: int) -> _Moments:
    dims = [len(maps) for maps, _ in sides]
    total = _Moments(0, np.zeros(sum(dims)), np.zeros((sum(dims), sum(dims))), np.zeros(2))
    for rows in _chunks(start, stop, sum(dims)):
        parts = [_map_rows(maps, data[rows]) for maps, data in sides]
        z = np.concatenate(parts)  # (dim_x + dim_y, n)
        fourth = np.array([np.sum(np.sum(part**2, axis=0) ** 2) for part in parts])
        total += _Moments(z.shape[1], z.sum(axis=1), z @ z.T, fourth)
    return total


def _whitener(covariance: F64, shrinkage: float) -> F64:
    """`(dim', dim)` matrix W with W C W' = I; works on the correlation matrix, so that units do not matter."""
    sd = np.sqrt(np.maximum(np.diag(covariance), 0))
    inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    correlation = covariance * np.outer(inverse, inverse)
    shrunk = (1 - shrinkage) * correlation + shrinkage * np.diag((sd > 0).astype(np.float64))
    eigenvalues, vectors = np.linalg.eigh(shrunk)
    kept = eigenvalues > EIGENVALUE_FLOOR * max(eigenvalues[-1], 0.0)
    out: F64 = (vectors[:, kept] / np.sqrt(eigenvalues[kept])).T * inverse
    return out


def _shrinkage(covariance: F64, fourth: float, count: int) -> float:
    """The intensity of Ledoit and Wolf ("A well-conditioned estimator for large-dimensional covariance matrices",
    J. Multivariate Anal. 2004) toward a multiple of the identity.
    """
    spread = np.sum(covariance**2)
    distance = spread - np.trace(covariance) ** 2 / len(covariance)
    noise = max(fourth / count - spread, 0.0) / count
    return float(noise / distance) if distance > noise else 1.0


@dataclass(frozen=True)
class _Canonical:
    """Matrices into canonical coordinates of x `(dim_x', dim_x)` and y, and the sample canonical correlations."""

    a: F64
    b: F64
    rho: F64


def _canonical(moments: _Moments, dim_x: int, shrink: bool) -> _Canonical:
    cov = moments.covariance
    blocks = cov[:dim_x, :dim_x], cov[dim_x:, dim_x:]
    weights = [
        _shrinkage(block, fourth, moments.count) if shrink else 0.0
        for block, fourth in zip(blocks, moments.fourth, strict=True)
    ]
    wx, wy = (_whitener(block, weight) for block, weight in zip(blocks, weights, strict=True))
    u, rho, vt = np.linalg.svd(wx @ cov[:dim_x, dim_x:] @ wy.T, full_matrices=True)
    return _Canonical(u.T @ wx, vt @ wy, rho)


def _unbias(rho: F64, count: int, dim_x: int, dim_y: int) -> F64:
    """Population canonical correlations behind the sample ones; those that noise alone explains become 0.

    Inverts the limit of Bao, Hu, Pan and Zhou ("Canonical correlation coefficients of high-dimensional Gaussian
    vectors: finite rank case", Ann. Statist. 2019, theorem 1.8).
    """
    cx, cy = dim_x / count, dim_y / count
    a, c = (1 - cx) * (1 - cy), cx * cy
    minus_b = rho**2 - (1 - cx) * cy - (1 - cy) * cx
    root = np.sqrt(np.maximum(minus_b**2 - 4 * a * c, 0))
    squared: F64 = np.where(minus_b > 2 * np.sqrt(a * c), (minus_b + root) / (2 * a), 0.0)
    return np.sqrt(squared)


def _held_out_rho(folds: Sequence[_Moments], dim_x: int) -> F64:
    """Correlation of each canonical pair on rows it was not fitted on; what is not significant becomes 0."""
    total = _sum(folds)
    rank = min(dim_x, len(total.first) - dim_x)
    rho = np.zeros((len(folds), rank))
    for row, fold in zip(rho, folds, strict=True):
        fitted = _canonical(total - fold, dim_x, shrink=True)
        found = _pair_correlations(fitted, fold.covariance, dim_x)
        row[: len(found)] = found
    mean = rho.mean(axis=0)
    significant = np.sqrt((4 + 2 * np.log(max(rank, 1))) / total.count)  # the largest of `rank` noisy zeros
    return np.where(mean > significant, mean, 0.0)


def _pair_correlations(fitted: _Canonical, cov: F64, dim_x: int) -> F64:
    rank = len(fitted.rho)
    a, b = fitted.a[:rank], fitted.b[:rank]
    cross = np.einsum("ij,jk,ik->i", a, cov[:dim_x, dim_x:], b, optimize=True)
    var_a = np.einsum("ij,jk,ik->i", a, cov[:dim_x, :dim_x], a, optimize=True)
    var_b = np.einsum("ij,jk,ik->i", b, cov[dim_x:, dim_x:], b, optimize=True)
    out: F64 = np.divide(cross, np.sqrt(var_a * var_b), out=np.zeros(rank), where=var_a * var_b > 0)
    return out


def _fit_tall(sides: Sequence[_Mapped], n: int) -> tuple[_Moments, _Canonical]:
    """From the sample covariance as it is."""
    moments, dim_x = _moments(sides, 0, n), len(sides[0][0])
    fitted = _canonical(moments, dim_x, shrink=False)
    return moments, replace(fitted, rho=_unbias(fitted.rho, n, len(fitted.a), len(fitted.b)))


def _fit_wide(sides: Sequence[_Mapped], n: int) -> tuple[_Moments, _Canonical]:
    """From shrunken covariances, with correlations measured on held-out folds."""
    bounds, dim_x = np.linspace(0, n, min(FOLDS, n) + 1).astype(int).tolist(), len(sides[0][0])
    folds = [_moments(sides, start, stop) for start, stop in itertools.pairwise(bounds)]
    moments = _sum(folds)
    fitted = _canonical(moments, dim_x, shrink=True)
    return moments, replace(fitted, rho=_held_out_rho(folds, dim_x)[: len(fitted.rho)])


def _sum(folds: Sequence[_Moments]) -> _Moments:
    return functools.reduce(operator.add, folds)


def _is_light(maps: Sequence[MonotoneMap], data: Rows) -> bool:
    """Whether no column reaches further out, in robust units, than a normal one can."""
    reach = _normal_reach(len(data))
    ends = zip(maps, data.min(axis=0), data.max(axis=0), strict=True)
    return all(np.abs(m.flat(np.array([low, high]))).max() < reach for m, low, high in ends)


# ------------------------------------------------------------------------------------------------ the transform
@dataclass(frozen=True)
class _Side:
    """The whole transform of x or of y: columns' maps, their mean, and the matrix `(dim', dim)`."""

    maps: tuple[MonotoneMap, ...]
    mean: F64
    matrix: F64

    def transform(self, rows: Rows, name: str) -> F32:
        if rows.ndim != 2 or rows.shape[1] != len(self.maps):
            raise DataError(f"{name} has shape {rows.shape}; the transform was fitted on (n, {len(self.maps)}).")
        out = np.empty((len(rows), len(self.matrix)), dtype=np.float32)
        for part in _chunks(0, len(rows), len(self.maps)):
            out[part] = (_map_rows(self.maps, rows[part]).T - self.mean) @ self.matrix.T
        return out

    def arrays(self, prefix: str) -> dict[str, Rows]:
        """All of it as flat arrays; the knots of all columns one after the other, with their counts."""
        columns = {
            "centre": np.array([m.centre for m in self.maps]),
            "scale": np.array([m.scale for m in self.maps]),
            "n_knots": np.array([m.knots.size for m in self.maps], dtype=np.int64),
            "mean": self.mean,
            "matrix": np.ascontiguousarray(self.matrix),
        }
        curves = {key: np.concatenate([getattr(m, key) for m in self.maps]) for key in ("knots", "values", "slopes")}
        return {f"{prefix}_{key}": value for key, value in {**columns, **curves}.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Rows], prefix: str) -> _Side:
        get = {key.removeprefix(f"{prefix}_"): value for key, value in arrays.items() if key.startswith(f"{prefix}_")}
        cuts = np.cumsum(get["n_knots"])[:-1]
        curves = zip(*(np.split(get[key], cuts) for key in ("knots", "values", "slopes")), strict=True)
        affine = zip(get["centre"].tolist(), get["scale"].tolist(), strict=True)
        maps = tuple(MonotoneMap(*line, *curve) for line, curve in zip(affine, curves, strict=True))
        return cls(maps, get["mean"], get["matrix"])


@dataclass(frozen=True)
class PairTransform:
    """A fitted change of coordinates of x and of y that preserves I(X; Y).

    On the training rows the outputs have mean 0 and identity covariances, and their cross-covariance is diagonal.
    `rho` holds the canonical correlations freed of what fitting them adds: sampling noise gives `dim_x * dim_y / 2n`
    nats of spurious Gaussian information otherwise. With fewer than ten rows per dimension the covariances are shrunk
    (then only near identity) and `rho` is measured on held-out folds.

    Attributes:
        rho: `(min(dim_x, dim_y),)` canonical correlations in [0, 1), float64.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((4000, 2))
        >>> y = np.exp(0.8 * x[:, :1] + 0.6 * rng.standard_normal((4000, 1)))
        >>> pair = PairTransform.fit(x, y)
        >>> zx, zy = pair.transform(x, y)
        >>> zx.shape, zy.dtype.name, pair.rho.round(1).tolist()
        ((4000, 2), 'float32', [0.8])
        >>> round(pair.gaussian_mi, 1)
        0.5
    """

    x: _Side
    y: _Side
    rho: F64

    @classmethod
    def fit(cls, x: Rows, y: Rows, gaussianise: bool = True) -> PairTransform:
        """Fit on training rows `x` `(n, dim_x)` and `y` `(n, dim_y)` of any real dtype.

        Args:
            x, y: the rows; neither is changed or copied as a whole.
            gaussianise: map columns to near-normal ones first; otherwise only shift and scale them. Where tails are
                no heavier than normal ones and the linear dependence is plainly stronger without the maps (uniform
                columns with additive noise, say), all columns stay affine.

        Raises:
            DataError: for arrays that are not two-dimensional with equal numbers of rows (two at least), hold NaN or
                infinity, or have no column that varies.
        """
        _check_pair(x, y)
        maps = [tuple(fit_map(data[:, j], gaussianise) for j in range(data.shape[1])) for data in (x, y)]
        least = cls._from_maps(maps, x, y)
        if all(m.is_affine for side in maps for m in side) or not (_is_light(maps[0], x) and _is_light(maps[1], y)):
            return least
        flat = cls._from_maps([tuple(m.flat for m in side) for side in maps], x, y)
        return flat if flat.gaussian_mi > AFFINE_GAIN * least.gaussian_mi + AFFINE_MARGIN else least

    @classmethod
    def _from_maps(cls, maps: Sequence[tuple[MonotoneMap, ...]], x: Rows, y: Rows) -> PairTransform:
        """The rest of `fit`, for given maps of the columns."""
        sides = list(zip(maps, (x, y), strict=True))
        n, dim_x, dim_y = len(x), x.shape[1], y.shape[1]
        moments, canonical = (_fit_tall if n >= TALL * (dim_x + dim_y) else _fit_wide)(sides, n)
        if min(len(canonical.a), len(canonical.b)) == 0:
            raise DataError("No column of x or of y varies; the mutual information with a constant is 0.")
        return cls(
            _Side(maps[0], moments.mean[:dim_x], canonical.a),
            _Side(maps[1], moments.mean[dim_x:], canonical.b),
            np.clip(canonical.rho, 0.0, RHO_MAX),
        )

    @property
    def dim_x(self) -> int:
        """Dimension of the transformed x, linearly dependent directions dropped."""
        return len(self.x.matrix)

    @property
    def dim_y(self) -> int:
        """Dimension of the transformed y, linearly dependent directions dropped."""
        return len(self.y.matrix)

    @property
    def gaussian_mi(self) -> float:
        """What the pair would share, in nats, were the transformed rows Gaussian: -1/2 sum log(1 - rho^2)."""
        return float(-0.5 * np.sum(np.log1p(-self.rho) + np.log1p(self.rho))) + 0.0  # no negative zero

    def transform(self, x: Rows, y: Rows) -> tuple[F32, F32]:
        """Map rows `x` `(n, dim_x)` and `y` `(n, dim_y)`; float32, C-contiguous.

        Raises:
            DataError: when the number of columns is not that of the fitted rows.
        """
        return self.x.transform(x, "x"), self.y.transform(y, "y")

    def state(self) -> tuple[dict[str, Rows], dict[str, Any]]:
        """Arrays and JSON-serialisable words that `from_state` rebuilds the transform from."""
        return {**self.x.arrays("x"), **self.y.arrays("y"), "rho": self.rho}, {"version": STATE_VERSION}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Rows], meta: Mapping[str, Any]) -> PairTransform:
        """The inverse of `state`.

        Raises:
            DataError: for the state of another version.
        """
        if meta.get("version") != STATE_VERSION:
            raise DataError(
                f"The saved transform has version {meta.get('version')!r}, and this release reads {STATE_VERSION}; "
                "fit it again."
            )
        return cls(_Side.from_arrays(arrays, "x"), _Side.from_arrays(arrays, "y"), arrays["rho"])


def _check_pair(x: Rows, y: Rows) -> None:
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise DataError(f"x has shape {x.shape} and y {y.shape}; both must be (n, dim) with the same n.")
    if len(x) < 2 or 0 in (x.shape[1], y.shape[1]):
        raise DataError(f"x has shape {x.shape} and y {y.shape}; at least two rows and a column each are needed.")
