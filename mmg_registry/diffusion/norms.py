"""What the lengths of x and y alone share: a floor under the information of the whole.

Lengths are functions of x and of y alone, so they share no more than x and y do (data processing: Cover and Thomas,
"Elements of Information Theory", 2nd ed. 2006, section 2.8). And of all pairs with normal margins and one correlation r
the normal pair shares least, -log(1 - r^2) / 2, for it has the largest entropy (section 8.6). Two single columns are
known well from rows of which a network learns little: dependence by a common scale (heavy tails, volatility) shows
there first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mmg_registry.arrays import F64

FEWEST_ROWS = 20
MOST_COPIES = 0.05  # of the rows: ties keep ranks from being normal, and then nothing is known


def length_information(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    """A floor in nats under I(X; Y), from ranks of the lengths of rows, and its standard error; zeros without one.

    Args:
        x, y: `(n, dim_x)`, `(n, dim_y)`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.standard_normal((2, 2000, 3)) / np.sqrt(rng.chisquare(2, (2000, 1)) / 2)
        >>> floor, error = length_information(x, y)
        >>> 0.15 < floor < 0.29, error < 0.02  # the two share 0.29 nats
        (True, True)
    """
    n = len(x)
    if n < FEWEST_ROWS:
        return 0.0, 0.0
    scores = [_normal_scores(np.sum(np.asarray(side, dtype=np.float64) ** 2, axis=1)) for side in (x, y)]
    if any(distinct < (1 - MOST_COPIES) * n for _, distinct in scores):
        return 0.0, 0.0
    (a, _), (b, _) = scores
    r = float(np.clip(np.mean(a * b), -math.sqrt(1 - 1 / n), math.sqrt(1 - 1 / n)))
    spread = float(np.std(a * b - r * (a**2 + b**2) / 2))  # of what each row adds to the correlation
    floor = -0.5 * math.log1p(-r * r) - 0.5 / n  # the mean of what unrelated rows show
    return max(0.0, floor), abs(r) / (1 - r * r) * spread / math.sqrt(n)


def _normal_scores(values: F64) -> tuple[F64, int]:
    """Of mean 0 and variance 1, copies sharing the mean of their ranks; and how many values differ."""
    distinct, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(count) - (count - 1) / 2
    scores = ndtri((ranks[place] - 0.5) / len(values))
    return (scores - scores.mean()) / (scores.std() or 1.0), len(distinct)
