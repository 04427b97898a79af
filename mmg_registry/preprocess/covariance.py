"""Second moments of mapped rows, and the canonical correlations estimated from them."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular

from mmg_registry.arrays import F64
from mmg_registry.preprocess.maps import RowArray
from mmg_registry.preprocess.margins import Margins

Mapped = tuple[Margins, RowArray]  # the maps of one side, and the rows that they apply to

CHUNK_VALUES = 1 << 19  # numbers in a chunk of rows: 4 MB of float64, so that it stays in cache
EIGENVALUE_FLOOR = 1e-10  # relative to the largest; directions below are linear combinations of others, and dropped
TALL = 10  # rows per dimension from which on the sample covariance needs no shrinkage
FOLDS = 5
ONE_FOLD_COLUMNS = 1_000  # of x and y together, beyond which one fold is held out: a decomposition then takes seconds
SAFE_SHRINKAGE = 1e-6  # from which no direction is dropped, so that a Cholesky factor, much cheaper, whitens as well


@dataclass(frozen=True)
class Moments:
    """Sums over rows of the mapped columns of x and y together.

    Attributes:
        count: number of rows.
        first: `(dim_x + dim_y,)` sums of the columns.
        second: `(dim_x + dim_y, dim_x + dim_y)` sums of products of columns.
        fourth: `(2,)` sums of |row|^4 of x and of y.
    """

    count: int
    first: F64
    second: F64
    fourth: F64

    def __add__(self, other: Moments) -> Moments:
        return self._combine(other, 1)

    def __sub__(self, other: Moments) -> Moments:
        return self._combine(other, -1)

    def _combine(self, other: Moments, sign: int) -> Moments:
        return Moments(
            self.count + sign * other.count,
            self.first + sign * other.first,
            self.second + sign * other.second,
            self.fourth + sign * other.fourth,
        )

    @property
    def mean(self) -> F64:
        """Return the columns' means `(dim_x + dim_y,)`."""
        out: F64 = self.first / self.count
        return out

    @property
    def covariance(self) -> F64:
        """Return the columns' covariance `(dim_x + dim_y, dim_x + dim_y)`, divided by the number of rows."""
        out: F64 = self.second / self.count - np.outer(self.mean, self.mean)
        return out


def chunks(start: int, stop: int, dim: int) -> Iterator[slice]:
    """Return slices that cut the rows `start` to `stop - 1` of `dim` columns into chunks of about `CHUNK_VALUES`."""
    step = max(256, CHUNK_VALUES // max(dim, 1))
    return (slice(low, min(low + step, stop)) for low in range(start, stop, step))


def moments_of(sides: Sequence[Mapped], start: int, stop: int) -> Moments:
    """Return the moments of the mapped rows `start` to `stop - 1` of both sides."""
    dims = [margins.dim for margins, _ in sides]
    total = Moments(0, np.zeros(sum(dims)), np.zeros((sum(dims), sum(dims))), np.zeros(2))
    for rows in chunks(start, stop, sum(dims)):
        parts = [margins(data[rows]) for margins, data in sides]
        z = np.concatenate(parts)  # (dim_x + dim_y, n)
        fourth = np.array([np.sum(np.sum(part**2, axis=0) ** 2) for part in parts])
        total += Moments(z.shape[1], z.sum(axis=1), z @ z.T, fourth)
    return total


def whitener(covariance: F64, shrinkage: float) -> F64:
    """Return a matrix W `(dim', dim)` with W C W' = I for the shrunken covariance C.

    Shrinkage acts on the correlation matrix, so that the columns' units do not matter.
    """
    sd = np.sqrt(np.maximum(np.diag(covariance), 0))
    inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    correlation = covariance * np.outer(inverse, inverse)
    shrunk = (1 - shrinkage) * correlation + shrinkage * np.diag((sd > 0).astype(np.float64))
    if shrinkage > SAFE_SHRINKAGE and np.all(sd > 0):
        factor = np.linalg.cholesky(shrunk)
        triangular: F64 = solve_triangular(factor, np.diag(inverse), lower=True)
        return triangular
    eigenvalues, vectors = np.linalg.eigh(shrunk)
    kept = eigenvalues > EIGENVALUE_FLOOR * max(eigenvalues[-1], 0.0)
    out: F64 = (vectors[:, kept] / np.sqrt(eigenvalues[kept])).T * inverse
    return out


def _shrinkage(covariance: F64, fourth: float, count: int) -> float:
    """Return the shrinkage intensity of Ledoit and Wolf, in [0, 1], toward a multiple of the identity.

    The source is "A well-conditioned estimator for large-dimensional covariance matrices", J. Multivariate Anal. 2004.
    """
    spread = np.sum(covariance**2)
    distance = spread - np.trace(covariance) ** 2 / len(covariance)
    noise = max(fourth / count - spread, 0.0) / count
    return float(noise / distance) if distance > noise else 1.0


@dataclass(frozen=True)
class CanonicalAxes:
    """The matrices into canonical coordinates of x `(dim_x', dim_x)` and of y `(dim_y', dim_y)`, and rho `(k,)`."""

    a: F64
    b: F64
    rho: F64


def canonical_of(moments: Moments, dim_x: int, shrink: bool) -> CanonicalAxes:
    """Return the sample canonical axes and correlations (Hotelling 1936), with shrunken covariances if `shrink`."""
    cov = moments.covariance
    blocks = cov[:dim_x, :dim_x], cov[dim_x:, dim_x:]
    weights = [
        _shrinkage(block, fourth, moments.count) if shrink else 0.0
        for block, fourth in zip(blocks, moments.fourth, strict=True)
    ]
    wx, wy = (whitener(block, weight) for block, weight in zip(blocks, weights, strict=True))
    u, rho, vt = np.linalg.svd(wx @ cov[:dim_x, dim_x:] @ wy.T, full_matrices=True)
    return CanonicalAxes(u.T @ wx, vt @ wy, rho)


def _unbias(rho: F64, count: int, dim_x: int, dim_y: int) -> F64:
    """Return the population canonical correlations behind the sample ones; those that noise alone explains become 0.

    The method inverts the limit of Bao, Hu, Pan and Zhou ("Canonical correlation coefficients of high-dimensional
    Gaussian vectors: finite rank case", Ann. Statist. 2019, theorem 1.8).
    """
    cx, cy = dim_x / count, dim_y / count
    a, c = (1 - cx) * (1 - cy), cx * cy
    minus_b = rho**2 - (1 - cx) * cy - (1 - cy) * cx
    root = np.sqrt(np.maximum(minus_b**2 - 4 * a * c, 0))
    squared: F64 = np.where(minus_b > 2 * np.sqrt(a * c), (minus_b + root) / (2 * a), 0.0)
    return np.sqrt(squared)


def _held_out_rho(folds: Sequence[Moments], dim_x: int) -> F64:
    """Return each canonical pair's correlation on rows that it was not fitted to; insignificant ones become 0.

    Each fold is held out in turn, or the first one alone where columns are many.
    """
    total = total_of(folds)
    rank = min(dim_x, len(total.first) - dim_x)
    held_out = folds if len(total.first) <= ONE_FOLD_COLUMNS else folds[:1]
    rho = np.zeros((len(held_out), rank))
    for row, fold in zip(rho, held_out, strict=True):
        fitted = canonical_of(total - fold, dim_x, shrink=True)
        found = _pair_correlations(fitted, fold.covariance, dim_x)
        row[: len(found)] = found
    mean = rho.mean(axis=0)
    rows = sum(fold.count for fold in held_out)
    significant = np.sqrt((4 + 2 * np.log(max(rank, 1))) / rows)  # largest of `rank` zeros by chance
    return np.where(mean > significant, mean, 0.0)


def _pair_correlations(fitted: CanonicalAxes, cov: F64, dim_x: int) -> F64:
    rank = len(fitted.rho)
    a, b = fitted.a[:rank], fitted.b[:rank]
    cross = np.einsum("ij,jk,ik->i", a, cov[:dim_x, dim_x:], b, optimize=True)
    var_a = np.einsum("ij,jk,ik->i", a, cov[:dim_x, :dim_x], a, optimize=True)
    var_b = np.einsum("ij,jk,ik->i", b, cov[dim_x:, dim_x:], b, optimize=True)
    out: F64 = np.divide(cross, np.sqrt(var_a * var_b), out=np.zeros(rank), where=var_a * var_b > 0)
    return out


def fit_tall(sides: Sequence[Mapped], n: int) -> tuple[Moments, CanonicalAxes]:
    """Return moments and canonical axes of n rows from the sample covariance, with correlations freed of bias.

    This is for `TALL` or more rows per dimension.
    """
    moments, dim_x = moments_of(sides, 0, n), sides[0][0].dim
    fitted = canonical_of(moments, dim_x, shrink=False)
    return moments, replace(fitted, rho=_unbias(fitted.rho, n, len(fitted.a), len(fitted.b)))


def fit_wide(sides: Sequence[Mapped], n: int) -> tuple[Moments, CanonicalAxes]:
    """Return moments and canonical axes of n rows from shrunken covariances, with correlations on held-out folds.

    This is for fewer than `TALL` rows per dimension.
    """
    bounds, dim_x = np.linspace(0, n, min(FOLDS, n) + 1).astype(int).tolist(), sides[0][0].dim
    order = np.random.default_rng(0).permutation(n)  # files are often sorted, and a stretch of one has other moments
    sides = [(margins, rows[order]) for margins, rows in sides]
    folds = [moments_of(sides, start, stop) for start, stop in itertools.pairwise(bounds)]
    moments = total_of(folds)
    fitted = canonical_of(moments, dim_x, shrink=True)
    return moments, replace(fitted, rho=_held_out_rho(folds, dim_x)[: len(fitted.rho)])


def total_of(folds: Sequence[Moments]) -> Moments:
    """Return the moments of all folds together."""
    return functools.reduce(operator.add, folds)
