"""The information of two discrete variables from their counts, with the correction and the error that few rows need."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import F64, Index


@dataclass(frozen=True)
class CountedInformation:
    """What counts say.

    Attributes:
        mi: in nats, corrected; may be below zero.
        std_error: of `mi`, in nats.
        values: each row's log ratio `(n,)`, moved to the mean `mi`.
        limit: the smaller of both entropies, which the information cannot exceed, in nats.
        cells: joint values that occur.
        correction: what was subtracted for few rows, in nats.
    """

    mi: float
    std_error: float
    values: F64
    limit: float
    cells: int
    correction: float


def labels_of(rows: F64) -> Index:
    """Return one whole number a row of `rows` `(n, dim)`, equal where all columns are.

    Example:
        >>> labels_of(np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])).tolist()
        [1, 0, 1]
    """
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def information_of_counts(x: Index, y: Index) -> CountedInformation:
    """Return the plug-in information of two labels, less its bias to first order (Miller and Madow).

    The bias is (rows of the table - 1)(columns - 1) / 2n, and the variance under independence that number over n (both
    of the likelihood-ratio statistic's chi-squared law: Wilks, Ann. Math. Statist. 1938; Miller, in Information Theory
    in Psychology, 1955). Elsewhere the variance is that of the log ratio over n.

    Args:
        x, y: labels `(n,)`.

    Example:
        >>> x = np.arange(400) % 4
        >>> found = information_of_counts(x, x)
        >>> round(found.mi, 2), round(found.limit, 2)
        (1.39, 1.39)
    """
    n = len(x)
    (of_x, at_x), (of_y, at_y) = _frequencies(x), _frequencies(y)
    of_pair, at_pair = _frequencies(np.unique(np.stack([x, y]), axis=1, return_inverse=True)[1].reshape(-1))
    ratio = np.log(of_pair[at_pair] / (of_x[at_x] * of_y[at_y]))
    limit = min(_entropy(of_x), _entropy(of_y))
    freedom = max(0, len(of_pair) - len(of_x) - len(of_y) + 1)  # empty cells of a sparse table add no bias
    mi = min(float(ratio.mean()) - freedom / (2 * n), limit)
    at_zero = max(freedom, 1) / (2 * n**2)
    spread = max(0.0, float(ratio.var()) - freedom / n)  # less what sampling alone spreads
    error = math.sqrt((spread + 2 * math.sqrt(at_zero)) / n + at_zero)
    return CountedInformation(mi, error, ratio - ratio.mean() + mi, limit, len(of_pair), freedom / (2 * n))


def ratio_of_counts(cells: tuple[Index, Index, Index], x: Index, y: Index) -> F64:
    """Return ln p(x, y) / (p(x) p(y)) of each row `(n,)` in nats, by counts of other rows.

    One row more is counted, spread over the table as if both labels were independent, so that a pair that never
    occurred has a ratio of 1 / (rows + 1) in place of 0. Of a label that never occurred nothing is known, and its log
    ratio is 0.

    Args:
        cells: labels of x and of y, and the number of rows, of each pair of labels that occurs.
        x, y: labels `(n,)` of the rows.

    Example:
        >>> ends = np.array([0, 1])
        >>> ratio_of_counts((ends, ends, np.array([50, 50])), np.array([0, 0]), np.array([0, 1])).round(2).tolist()
        [0.69, -4.62]
    """
    of_x, of_y, rows = cells
    width, total = 1 + max(int(of_y.max()), int(y.max())), float(rows.sum())
    size = 1 + max(int(of_x.max()), int(x.max()))
    n_x, n_y = (np.bincount(side, rows, most) for side, most in ((of_x, size), (of_y, width)))
    known, seen = of_x * width + of_y, x * width + y
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known, seen, sorter=order), len(known) - 1)
    n_xy = np.where(known[order[place]] == seen, rows[order[place]], 0)
    alone = n_x[x] * n_y[y] / total**2
    ratio = (n_xy + alone) / ((total + 1) * np.where(alone > 0, alone, 1.0))
    return np.asarray(np.log(np.where(alone > 0, ratio, 1.0)))


def _frequencies(labels: Index) -> tuple[F64, Index]:
    """Return the shares of the labels that occur, and each row's place among them."""
    _, place, count = np.unique(labels, return_inverse=True, return_counts=True)
    return count / len(labels), place.reshape(-1)


def _entropy(shares: F64) -> float:
    return float(-np.sum(shares * np.log(shares)))
