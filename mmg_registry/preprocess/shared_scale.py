"""The copula of a multivariate t distribution, and the map that removes its common scale.

Each row of a multivariate t is a normal row times one random scale, so its columns tend to be large together. Rows
mapped column by column to normal margins still share that scale, and no map of single columns removes it. Mapped to t
margins instead, a row's direction and norm are independent, and one map of the norm makes the rows exactly normal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, fdtr, fdtrc, gammaincinv, gammaln, ndtr, stdtrit

from mmg_registry.arrays import F64

DEGREES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0)  # degrees of freedom, which are tried from the largest down
REACH = 9.0  # normal scores beyond this are clipped to it
SCATTER_STEPS = 10


class _Table(NamedTuple):
    """A function stored as the nodes of a linear interpolation."""

    at: F64
    value: F64

    def __call__(self, v: F64) -> F64:
        return np.interp(v, self.at, self.value)


@dataclass(frozen=True)
class SharedScale:
    """The map from normal scores with the copula of a multivariate t to jointly normal columns.

    A score g becomes the t quantile T^-1(Phi(g)). Rows of these, whitened by `factor`, have |t|^2 / dim distributed
    like Snedecor's F(dim, degrees), and their norm is mapped to that of a normal vector.

    Attributes:
        degrees: degrees of freedom of the t.
        factor: `(dim, dim)` matrix that whitens the t's scatter matrix.
    """

    degrees: float
    factor: F64

    def __call__(self, scores: F64) -> F64:
        """Map normal scores `(dim, n)` to jointly normal columns `(dim, n)`, bijectively row by row."""
        white = self.factor @ self.quantiles(scores)
        square = np.maximum(np.mean(white**2, axis=0), np.exp(self._log_stretch.at[0]))
        out: F64 = white * np.exp(self._log_stretch(np.log(square)))
        return out

    def quantiles(self, scores: F64) -> F64:
        """Map normal scores `(dim, n)` to t margins."""
        out: F64 = np.sign(scores) * self._quantile(np.abs(scores))
        return out

    def log_likelihood(self, scores: F64) -> float:
        """Return the mean log-density (nats per row) of the t copula at normal scores `(dim, n)`."""
        return float(np.mean(self.log_copula(scores)))

    def log_copula(self, scores: F64) -> F64:
        """Return the log-density (nats) of the t copula at normal scores `(dim, n)`, `(n,)`."""
        t, dim = self.quantiles(scores), len(scores)
        joint = _log_density(np.sum((self.factor @ t) ** 2, axis=0), dim, self.degrees)
        margins = np.sum(_log_density(t**2, 1, self.degrees), axis=0)
        out: F64 = joint - margins + np.linalg.slogdet(self.factor)[1]
        return out

    def log_volume(self, scores: F64) -> F64:
        """Return the logarithm `(n,)` of the volume that the map stretches by at normal scores `(dim, n)`.

        Rows of this copula with normal margins become standard normal ones, so that the stretch is the ratio of both
        densities.
        """
        before = self.log_copula(scores) - np.sum(scores**2, axis=0) / 2
        out: F64 = before + np.sum(self(scores) ** 2, axis=0) / 2
        return out

    @cached_property
    def _quantile(self) -> _Table:
        scores = np.linspace(0, REACH, 3001)
        return _Table(scores, np.where(scores > 0, -stdtrit(self.degrees, ndtr(-scores)), 0.0))

    @cached_property
    def _log_stretch(self) -> _Table:
        """Return a table of the logarithm of the norm's stretch, as a function of the logarithm of |t|^2 / dim."""
        dim, log_square = len(self.factor), np.linspace(-20, 60, 8001)
        square = np.exp(log_square)
        # each tail is computed from its own end, so that neither loses digits to cancellation
        above = chdtri(dim, np.maximum(fdtrc(dim, self.degrees, square), 1e-300))
        below = 2 * gammaincinv(dim / 2, fdtr(dim, self.degrees, square))
        chi2 = np.where(fdtrc(dim, self.degrees, square) < 0.5, above, np.maximum(below, 1e-300))
        return _Table(log_square, 0.5 * (np.log(chi2 / dim) - log_square))


class Fit(NamedTuple):
    """The map of largest likelihood, and its gain over a normal copula in nats per row."""

    scale: SharedScale
    gain: float


def fit_shared_scale(scores: F64, degrees: Sequence[float] = DEGREES) -> Fit | None:
    """Fit the t copula of largest likelihood to normal scores `(dim, n)`; return None where a normal one fits better.

    The scatter matrix is the maximum-likelihood one for each number of degrees (Kent, Tyler and Vardi, "A curious
    likelihood identity for the multivariate t-distribution", Commun. Statist. Simulation Comput. 1994). The search
    starts at the lightest tails and goes on to heavier ones as long as the likelihood rises.

    Returns:
        The map and its gain, or None; also None where the scores are linearly dependent.

    Example:
        >>> from scipy.special import ndtri, stdtr
        >>> rng = np.random.default_rng(0)
        >>> scores = ndtri(stdtr(2, rng.standard_normal((3, 5000)) / np.sqrt(rng.chisquare(2, 5000) / 2)))
        >>> found = fit_shared_scale(scores)
        >>> found.scale.degrees, found.gain > 0.2, bool(np.abs(np.cov(found.scale(scores)) - np.eye(3)).max() < 0.1)
        (2.0, True, True)
    """
    best, normal = None, normal_copula_log_likelihood(scores)
    for each in sorted(degrees, reverse=True):
        factor = _scatter_factor(scores, each)
        if factor is None:
            return None
        scale = SharedScale(each, factor)
        gain = scale.log_likelihood(scores) - normal
        if gain <= (best.gain if best else 0.0):
            break
        best = Fit(scale, gain)
    return best


def normal_copula_log_likelihood(scores: F64) -> float:
    """Return the mean log-density (nats per row) of the best-fitting normal copula at normal scores `(dim, n)`."""
    covariance = scores @ scores.T / scores.shape[1]
    inside = float(np.trace(covariance) - len(scores))  # E|g|^2 against E g' C^-1 g
    return 0.5 * (inside - float(np.linalg.slogdet(covariance)[1]))


def _scatter_factor(scores: F64, degrees: float) -> F64 | None:
    """Return the matrix that whitens the t's scatter matrix; None where the scores are linearly dependent."""
    t = SharedScale(degrees, np.eye(len(scores))).quantiles(scores)
    scatter = np.cov(scores)
    if np.linalg.matrix_rank(scatter) < len(scatter):
        return None
    for _ in range(SCATTER_STEPS):
        square = np.sum(t * np.linalg.solve(scatter, t), axis=0)
        scatter = (t * ((degrees + len(t)) / (degrees + square))) @ t.T / t.shape[1]
    out: F64 = np.linalg.cholesky(np.linalg.inv(scatter)).T
    return out


def _log_density(square: F64, dim: int, degrees: float) -> F64:
    """Return the log-density of a t with identity scatter at points of squared norm `square`."""
    half = (degrees + dim) / 2
    constant = gammaln(half) - gammaln(degrees / 2) - dim / 2 * np.log(degrees * np.pi)
    out: F64 = constant - half * np.log1p(square / degrees)
    return out
