"""Values between 0 and 1 in the place of nats: what a person compares across pairs.

- "correlation": sqrt(1 - exp(-2 I)), the informational coefficient of correlation (Linfoot, Information and Control
  1957): of a normal pair it is the size of the correlation.
- "entropy": I / min(H(X), H(Y)) of two columns of labels or counts (Kvalseth, IEEE Trans. SMC 1987): 1 where one of
  them determines the other. Continuous columns have no finite entropy, and no such value.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from mmg_registry.allpairs.columns import ColumnRows
from mmg_registry.contracts import Array

Normalise = Literal["correlation", "entropy", "none"]
NORMALISED = ("correlation", "entropy", "none")
DISCRETE = ("category", "count")


def correlation(mi: float) -> float:
    """Return the informational coefficient of correlation of `mi` nats.

    Example:
        >>> round(correlation(-0.5 * math.log(1 - 0.6**2)), 6), correlation(math.inf)
        (0.6, 1.0)
    """
    return math.sqrt(max(0.0, -math.expm1(-2 * mi)))


def entropy_of(column: Array) -> float:
    """Return the entropy in nats of the values of a column `(n,)`, by how often each occurs.

    Example:
        >>> round(entropy_of(np.array([0, 0, 1, 1])), 4)
        0.6931
    """
    counts = np.unique(column, return_counts=True)[1] / len(column)
    return float(-(counts * np.log(counts)).sum())


def normalised(rows: ColumnRows, pair: tuple[int, int], mi: float | None, way: Normalise) -> float | None:
    """Return the information of two columns in the way that was chosen; None where it has none.

    Args:
        rows: of the columns.
        pair: places of both.
        mi: their information in nats, or None.
        way: a name of `NORMALISED`.
    """
    if mi is None or way == "none":
        return None
    if way == "correlation":
        return correlation(mi)
    kinds = [rows.kinds.get(j) for j in pair]
    if any(kind is None or kind.name not in DISCRETE for kind in kinds):
        return None
    return min(1.0, mi / min(entropy_of(rows.pair.x[:, j]) for j in pair))
