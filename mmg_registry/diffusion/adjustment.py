"""Regression adjustment: a mean over few evaluation rows, made more precise by features with known means over all rows.

Evaluation rows are few because the network may have memorised the training rows, which therefore cannot be evaluated.
It cannot have memorised their second moments, so these can be used: the values of the evaluation rows are regressed on
simple features of (x, y), and the features' means are taken over all rows. This is the regression estimator of survey
sampling (Cochran, "Sampling Techniques", 3rd ed. 1977, section 7.1). For a normal pair the features explain nearly all
of the variation from row to row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64

PAIRS = 16  # most canonical pairs, in order of correlation, whose squares and products become features
ROWS_PER_FEATURE = 20  # evaluation rows needed per feature; with fewer rows, fewer features are used


def features(x: NDArray[Any], y: NDArray[Any], rho: F64) -> F64:
    """Return simple features of rows, of which a pair's log-density ratio is often a linear combination.

    They are the squares and products of the correlated canonical pairs, then the squared norms of x and of y and their
    logarithms, and all products of two of those four.

    Args:
        x, y: `(n, dim_x)`, `(n, dim_y)` in canonical coordinates.
        rho: canonical correlations in decreasing order.

    Returns:
        `(n, 3 k + 14)` float64 with k correlated pairs, the most informative features first.

    Example:
        >>> x = np.random.default_rng(0).standard_normal((10, 3))
        >>> features(x, x, np.array([0.9, 0.0, 0.0])).shape
        (10, 17)
    """
    k = min(int(np.count_nonzero(rho)), PAIRS)
    pairs = [(x[:, i] * y[:, i], x[:, i] ** 2, y[:, i] ** 2) for i in range(k)]
    norms = [each for side in (x, y) for each in _norms(np.asarray(side, dtype=np.float64))]
    products = [norms[i] * norms[j] for i in range(4) for j in range(i, 4)]
    return np.stack([*(column for pair in pairs for column in pair), *norms, *products], axis=1).astype(np.float64)


def _norms(v: F64) -> tuple[F64, F64]:
    """Return |v|^2, saturating, and its logarithm, `(n,)` each, in units of their spread for a normal v."""
    q, unit = np.mean(v**2, axis=1), math.sqrt(v.shape[1] / 2)
    u = (q - 1) * unit
    return u / np.sqrt(1 + u**2 / 16), np.log(q + 1e-3) * unit


@dataclass(frozen=True)
class KnownMeans:
    """The features' means `(n_features,)` over the training rows, and the number of those rows."""

    mean: F64
    count: int

    @classmethod
    def of(cls, x: NDArray[Any], y: NDArray[Any], rho: F64, chunk: int = 65_536) -> KnownMeans:
        """Compute the means over rows x `(n, dim_x)`, y `(n, dim_y)`, `chunk` rows at a time."""
        sums = [features(x[i : i + chunk], y[i : i + chunk], rho).sum(axis=0) for i in range(0, len(x), chunk)]
        return cls(np.sum(sums, axis=0) / len(x), len(x))


@dataclass(frozen=True)
class Adjusted:
    """An adjusted mean with the two parts of its standard error, in the units of the values.

    Attributes:
        mean: the adjusted mean.
        residual_error: standard error from the variation that the features do not explain, over the evaluation rows.
        fitted_error: standard error from the variation that they explain, over all rows.
        explained: fraction of the evaluation rows' variance that the features explain.
    """

    mean: float
    residual_error: float
    fitted_error: float
    explained: float

    @property
    def std_error(self) -> float:
        """Return the standard error of the adjusted mean, both parts together."""
        return math.hypot(self.residual_error, self.fitted_error)


def adjust(values: F64, own: F64, known: KnownMeans) -> Adjusted:
    """Return the mean of `values` adjusted to the feature means of all rows, training and evaluation rows together.

    Its variance is that of the residuals divided by n, plus that of the fitted part divided by the number of all rows.

    Args:
        values: `(n,)` values of the evaluation rows.
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
    # the features' means over all rows minus those over the evaluation rows
    shift = (known.mean[:used] - own[:, :used].mean(axis=0)) * known.count / total
    residual = float(np.sum((target - fitted) ** 2)) / (n - used - 1)
    explained = 1 - float(np.mean((target - fitted) ** 2)) / max(float(target.var()), 1e-300)
    errors = math.sqrt(residual / n), math.sqrt(float(fitted.var()) / total)
    return Adjusted(plain + float(shift @ slopes), *errors, explained)
