"""Regression adjustment: a mean over few rows, made sharper by what is known of many.

Evaluation rows are few because training rows must not be evaluated on: a network may know them by heart. Their
covariances it cannot. So the values of the evaluation rows are regressed on simple features of (x, y), and the
features' means are taken over all rows: the regression estimator of survey sampling (Cochran, "Sampling Techniques",
3rd ed. 1977, section 7.1). For a normal pair the features explain nearly all that varies from row to row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64

PAIRS = 16  # canonical pairs, the most correlated ones, whose squares and products are features
ROWS_PER_FEATURE = 20  # fewer rows, fewer features


def features(x: NDArray[Any], y: NDArray[Any], rho: F64) -> F64:
    """Simple functions of rows in canonical coordinates, of which a pair's log-density ratio is often made.

    Squares and products of the correlated canonical pairs, then both radii, their logarithms, and all products of two
    of those four. `(n, 3 k + 14)` with k correlated pairs, the most telling first.

    Args:
        x, y: `(n, dim_x)`, `(n, dim_y)` in canonical coordinates.
        rho: canonical correlations, falling.

    Example:
        >>> x = np.random.default_rng(0).standard_normal((10, 3))
        >>> features(x, x, np.array([0.9, 0.0, 0.0])).shape
        (10, 17)
    """
    k = min(int(np.count_nonzero(rho)), PAIRS)
    pairs = [(x[:, i] * y[:, i], x[:, i] ** 2, y[:, i] ** 2) for i in range(k)]
    radii = [each for side in (x, y) for each in _radii(np.asarray(side, dtype=np.float64))]
    products = [radii[i] * radii[j] for i in range(4) for j in range(i, 4)]
    return np.stack([*(column for pair in pairs for column in pair), *radii, *products], axis=1).astype(np.float64)


def _radii(v: F64) -> tuple[F64, F64]:
    """|v|^2 and its logarithm, in units of their spread for a normal v; the first saturates."""
    q, unit = np.mean(v**2, axis=1), math.sqrt(v.shape[1] / 2)
    u = (q - 1) * unit
    return u / np.sqrt(1 + u**2 / 16), np.log(q + 1e-3) * unit


@dataclass(frozen=True)
class KnownMeans:
    """Means of the features over the training rows, and how many those were."""

    mean: F64
    count: int

    @classmethod
    def of(cls, x: NDArray[Any], y: NDArray[Any], rho: F64, chunk: int = 65_536) -> KnownMeans:
        """Over rows `x`, `y`, a chunk at a time."""
        sums = [features(x[i : i + chunk], y[i : i + chunk], rho).sum(axis=0) for i in range(0, len(x), chunk)]
        return cls(np.sum(sums, axis=0) / len(x), len(x))


@dataclass(frozen=True)
class Adjusted:
    """A mean over all rows.

    Attributes:
        mean: adjusted.
        residual_error: standard error from what the features do not explain, over the evaluation rows.
        fitted_error: standard error from what they explain, over all rows.
        explained: share of the evaluation rows' variance that they explain.
    """

    mean: float
    residual_error: float
    fitted_error: float
    explained: float

    @property
    def std_error(self) -> float:
        return math.hypot(self.residual_error, self.fitted_error)


def adjust(values: F64, own: F64, known: KnownMeans) -> Adjusted:
    """The mean of `values` `(n,)` over the population that training and evaluation rows come from.

    Its variance is that of the residuals over n and of the fitted part over all rows.

    Args:
        values: of the evaluation rows.
        own: `(n, n_features)` features of the evaluation rows.
        known: the features' means over the training rows.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> known, own = KnownMeans(np.zeros(1), 10**9), rng.standard_normal((100, 1))
        >>> found = adjust(1.0 + 3.0 * own[:, 0] + 0.01 * rng.standard_normal(100), own, known)
        >>> abs(found.mean - 1.0) < 0.01, found.std_error < 0.01, found.explained > 0.99
        (True, True, True)
    """
    n = len(values)
    plain = float(values.mean())
    used = min(own.shape[1], n // ROWS_PER_FEATURE)
    if used < 1:
        return Adjusted(plain, float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf, 0.0, 0.0)
    centred, target = own[:, :used] - own[:, :used].mean(axis=0), values - plain
    slopes = np.linalg.lstsq(centred, target, rcond=1e-8)[0]
    fitted = centred @ slopes
    total = n + known.count
    # the mean over all rows, less that over the evaluation rows
    shift = (known.mean[:used] - own[:, :used].mean(axis=0)) * known.count / total
    residual = float(np.sum((target - fitted) ** 2)) / (n - used - 1)
    explained = 1 - float(np.mean((target - fitted) ** 2)) / max(float(target.var()), 1e-300)
    errors = math.sqrt(residual / n), math.sqrt(float(fitted.var()) / total)
    return Adjusted(plain + float(shift @ slopes), *errors, explained)
