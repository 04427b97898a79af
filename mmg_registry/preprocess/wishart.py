"""The information of a Gaussian pair from its sample covariance, without bias at any number of rows.

The log-determinant of a Wishart matrix has a known mean, a sum of digamma functions (Goodman, Ann. Math. Statist. 1963;
Misra, Singh and Demchuk, J. Multivariate Anal. 2005), and -1/2 log of Wilks' Lambda is three log-determinants. Under
independence Lambda is a product of independent Beta variables (Anderson, An Introduction to Multivariate Statistical
Analysis, 3rd ed. 2003, theorem 8.4.1), which gives the exact variance there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import digamma, polygamma

from mmg_registry.arrays import F64

SPARE_ROWS = 3  # rows beyond one a column below which the sample covariance has no log-determinant of finite variance


def excess(n: int, dim_x: int, dim_y: int) -> float:
    """Return what sampling adds to -1/2 sum log(1 - r^2), in nats: exact for normal rows, whatever they share.

    Args:
        n: number of rows, more than `dim_x + dim_y + 1`.

    Example:
        >>> round(excess(100, 3, 3), 4), round(excess(10**6, 3, 3), 7)  # 9 / 2n
        (0.0471, 4.5e-06)
    """
    halves = [_mean_log(n - 1, dim) for dim in (dim_x, dim_y, dim_x + dim_y)]
    return 0.5 * (halves[0] + halves[1] - halves[2])


def _mean_log(degrees: int, dim: int) -> float:
    """Return the mean of the log-determinant of a Wishart matrix of unit scale, less `dim log 2`."""
    return float(np.sum(digamma((degrees - np.arange(dim)) / 2)))


def variance_at_zero(n: int, dim_x: int, dim_y: int) -> float:
    """Return the variance of -1/2 sum log(1 - r^2) over samples of `n` independent normal rows, in nats^2.

    Example:
        >>> round(variance_at_zero(1000, 1, 1) * 2 * 1000**2, 2)  # 1 / 2n^2, but for terms of a higher order
        1.01
    """
    few, many = sorted((dim_x, dim_y))
    i = np.arange(few)
    return 0.25 * float(np.sum(polygamma(1, (n - 1 - many - i) / 2) - polygamma(1, (n - 1 - i) / 2)))


@dataclass(frozen=True)
class GaussianInformation:
    """The information of a pair as if it were Gaussian.

    Attributes:
        mi: without bias, in nats; may be below zero.
        std_error: of `mi`, in nats.
    """

    mi: float
    std_error: float


def information(
    rho: F64, influence: F64, dim_x: int, dim_y: int, independent: float | None = None
) -> GaussianInformation:
    """Return the information behind sample canonical correlations.

    The variance is that of the log-density ratio over n, which for normal rows is the sum of squared correlations; the
    spread of `influence` counts where rows are not normal. To it comes the variance at zero, and with it what an
    estimate near zero cannot tell: a correlation that is only as large as its noise has a ratio that varies more.

    Args:
        rho: sample canonical correlations, below 1.
        influence: each row's Gaussian log-density ratio, `(n,)`.
        independent: number of independent rows that these are worth, where rows depend on one another.

    Example:
        >>> found = information(np.array([0.8]), np.zeros(100), 1, 1)
        >>> round(found.mi, 3), round(found.std_error, 3)
        (0.506, 0.082)
    """
    n = len(influence)
    worth = max(dim_x + dim_y + 3, round(n if independent is None else independent))
    raw = float(-0.5 * np.sum(np.log1p(-rho) + np.log1p(rho)))
    heavier = max(0.0, float(influence.var()) - float(np.sum(rho**2)))
    error = sampling_error(rho, worth, dim_x, dim_y, heavier)
    return GaussianInformation(raw - excess(worth, dim_x, dim_y), error)


def sampling_error(rho: F64, n: int, dim_x: int, dim_y: int, heavier: float = 0.0) -> float:
    """Return the standard error of the information behind canonical correlations of `n` rows, in nats.

    Args:
        rho: sample canonical correlations, below 1.
        n: number of rows, more than `dim_x + dim_y + 1`.
        dim_x, dim_y: columns of x and of y.
        heavier: variance of the log-density ratio beyond that of normal rows.

    Example:
        >>> round(sampling_error(np.array([0.8]), 100, 1, 1), 3)
        0.082
    """
    return _error(float(np.sum(rho**2)), n, dim_x, dim_y, heavier)


def _error(squares: float, n: int, dim_x: int, dim_y: int, heavier: float) -> float:
    """Return the standard error behind the sum of squared correlations, `squares`."""
    at_zero = variance_at_zero(n, dim_x, dim_y)
    spread = max(0.0, squares - dim_x * dim_y / (n - 1)) + heavier
    return math.sqrt((spread + 2 * math.sqrt(at_zero)) / max(n - dim_x - dim_y - 1, 1) + at_zero)


def of_covariance(covariance: F64, n: int, dim_x: int) -> GaussianInformation | None:
    """Return the information behind the covariance of `n` rows, without any decomposition but Cholesky's.

    Args:
        covariance: of the columns of x and then of y, `(dim_x + dim_y, dim_x + dim_y)`; columns without variance are
            left out.
        n: number of rows.
        dim_x: columns of x.

    Returns:
        The information, or None where rows are fewer than columns and three more, or columns depend on one another.

    Example:
        >>> found = of_covariance(np.array([[1.0, 0.8], [0.8, 1.0]]), 100, 1)
        >>> round(found.mi, 3), round(found.std_error, 3)
        (0.506, 0.082)
    """
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    kept = np.flatnonzero(sd > 0)
    of_x = int(np.sum(kept < dim_x))
    dims = of_x, len(kept) - of_x
    if n < len(kept) + SPARE_ROWS or not all(dims):
        return None
    correlation = covariance[np.ix_(kept, kept)] / np.outer(sd[kept], sd[kept])
    blocks = correlation[:of_x, :of_x], correlation[of_x:, of_x:], correlation
    try:
        x, y, both = (np.linalg.cholesky(block) for block in blocks)
    except np.linalg.LinAlgError:
        return None
    raw = float(sum(np.sum(np.log(np.diag(factor))) for factor in (x, y)) - np.sum(np.log(np.diag(both))))
    half = solve_triangular(x, correlation[:of_x, of_x:], lower=True)
    squares = float(np.sum(solve_triangular(y, half.T, lower=True) ** 2))
    return GaussianInformation(raw - excess(n, *dims), _error(squares, n, *dims, heavier=0.0))
