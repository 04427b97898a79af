"""The mutual information of the norms of x and y: a lower bound (floor) on that of x and y themselves.

The norm of x is a function of x alone, and that of y of y alone, so by the data-processing inequality their mutual
information is at most I(X; Y) (Cover and Thomas, "Elements of Information Theory", 2nd ed. 2006, section 2.8). Among
all pairs with normal margins and correlation r, the jointly normal pair has the least mutual information,
-log(1 - r^2) / 2, because it has the largest entropy (section 8.6). The information of two single columns can be
estimated well from rows too few for a network: dependence by a common scale (heavy tails, volatility) shows there
first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mmg_registry.arrays import F64

LEAST_NORM_ROWS = 20
MOST_COPIES = 0.05  # largest share of tied rows: with more ties, ranks cannot be mapped to normal scores


def norm_information(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    """Return a lower bound on I(X; Y) in nats from the ranks of the rows' norms, and its standard error.

    Args:
        x, y: `(n, dim_x)`, `(n, dim_y)`.

    Returns:
        The bound and its standard error (nats); zeros for fewer than 20 rows, or where norms have too many ties.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.standard_normal((2, 2000, 3)) / np.sqrt(rng.chisquare(2, (2000, 1)) / 2)
        >>> floor, error = norm_information(x, y)
        >>> 0.15 < floor < 0.29, error < 0.02  # the two share 0.29 nats
        (True, True)
    """
    n = len(x)
    if n < LEAST_NORM_ROWS:
        return 0.0, 0.0
    scores = [_normal_scores(np.sum(np.asarray(side, dtype=np.float64) ** 2, axis=1)) for side in (x, y)]
    if any(distinct < (1 - MOST_COPIES) * n for _, distinct in scores):
        return 0.0, 0.0
    (a, _), (b, _) = scores
    r = float(np.clip(np.mean(a * b), -math.sqrt(1 - 1 / n), math.sqrt(1 - 1 / n)))
    spread = float(np.std(a * b - r * (a**2 + b**2) / 2))  # of the rows' contributions to r
    floor = -0.5 * math.log1p(-r * r) - 0.5 / n  # minus the bound's mean for independent rows
    return max(0.0, floor), abs(r) / (1 - r * r) * spread / math.sqrt(n)


def _normal_scores(values: F64) -> tuple[F64, int]:
    """Return normal scores of mean 0 and variance 1 (ties share their mean rank), and the number of distinct values."""
    distinct, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(count) - (count - 1) / 2
    scores = ndtri((ranks[place] - 0.5) / len(values))
    return (scores - scores.mean()) / (scores.std() or 1.0), len(distinct)
