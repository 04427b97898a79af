"""Orthonormal features of one column: its normal score and polynomials of its ranks, or indicators of its labels.

Neyman's smooth tests (Skandinavisk Aktuarietidskrift 1937) use such features of one variable. The moments of those of
two columns are, where the columns are independent, uncorrelated with variance 1/(n - 1) each under permutations of
rows, whatever the margins, so that a sum of their squares is nearly chi-square.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from mmg_registry.arrays import F32, F64

DEGREES = (1, 2, 4)  # of nested levels: a line, a parabola, a period; each more costs its square in products
MOST_LEVELS = 16  # labels with an indicator of their own, the commonest; others share the rest
LEAST_ROWS = 20  # that a feature rests on: products of rarer ones are counts of a few rows, which no law fits
TOLD_BY_OTHERS = 1e-4  # of a feature's norm that the ones before leave: with less it is a combination of them


@dataclass(frozen=True)
class ColumnBasis:
    """Orthonormal features of `n` rows.

    Attributes:
        rows: `(k, n)` float32, of mean 0 and mean square 1; none where the column says nothing.
        levels: how many of the first features each level has, one number for each of `DEGREES`.
        weight: largest fourth moment of a feature: 3 of a normal score, n / m of an indicator of m rows.
    """

    rows: F32
    levels: tuple[int, ...]
    weight: float


def of_numbers(column: NDArray[np.generic]) -> ColumnBasis:
    """Return the features of the ranks of `column` `(n,)`; ties share their middle rank.

    Example:
        >>> found = of_numbers(np.random.default_rng(0).standard_normal(400))
        >>> found.rows.shape, found.levels
        ((4, 400), (1, 2, 4))
        >>> bool(np.allclose(found.rows @ found.rows.T, 400 * np.eye(4), atol=1e-3))
        True
    """
    order = np.argsort(column, kind="stable")
    sorted_values = column[order]
    if (sorted_values[1:] == sorted_values[:-1]).any():
        return _of_ranks(rankdata(column))
    untied = _untied(len(column))
    rows = np.empty_like(untied.rows)
    rows[:, order] = untied.rows
    return ColumnBasis(rows, untied.levels, untied.weight)


@lru_cache(maxsize=4)
def _untied(n: int) -> ColumnBasis:
    """Return the features of rising rows: those of every column without ties, in another order."""
    return _of_ranks(np.arange(1, n + 1, dtype=float))


def _of_ranks(ranks: F64) -> ColumnBasis:
    shares = (ranks - 0.5) / len(ranks)
    polynomials = legendre.legvander(2 * shares - 1, DEGREES[-1])[:, 2:]
    basis, kept = _orthonormal(np.column_stack([ndtri(shares), polynomials]))
    return _features(basis, tuple(int((kept < degree).sum()) for degree in DEGREES))


def of_labels(column: NDArray[np.generic]) -> ColumnBasis:
    """Return indicators of the labels of `column` `(n,)`, all of them at every level; codes mean nothing.

    Labels of fewer than `LEAST_ROWS` rows, and those beyond `MOST_LEVELS`, count as one.

    Example:
        >>> of_labels(np.repeat([7, 1, 3], 50)).rows.shape
        (2, 150)
    """
    _, codes, counts = np.unique(column, return_inverse=True, return_counts=True)
    common = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    common = common[counts[common] >= LEAST_ROWS]
    basis, _ = _orthonormal((codes.reshape(-1)[:, None] == common).astype(float))
    return _features(basis, (basis.shape[1],) * len(DEGREES))


def _features(basis: F64, levels: tuple[int, ...]) -> ColumnBasis:
    """Return them without those that rest on too few rows."""
    fourth = (basis**4).mean(axis=0)
    safe = fourth <= len(basis) / LEAST_ROWS
    kept = np.ascontiguousarray(basis[:, safe].T, dtype=np.float32)
    weight = float(fourth[safe].max(initial=0.0))
    return ColumnBasis(kept, tuple(int(safe[:level].sum()) for level in levels), weight)


def _orthonormal(columns: F64) -> tuple[F64, NDArray[np.int64]]:
    """Return each column of `(n, k)` without what those before tell, of mean square 1, and which are left."""
    n = len(columns)
    basis, kept = np.ones((n, 1)), []
    for place, column in enumerate(columns.T):
        scale = np.linalg.norm(column)
        for _ in range(2):  # once leaves rounding of what was taken off
            column = column - basis @ (basis.T @ column) / n
        norm = np.linalg.norm(column)
        if norm > TOLD_BY_OTHERS * scale:
            basis = np.column_stack([basis, column * (np.sqrt(n) / norm)])
            kept.append(place)
    return basis[:, 1:], np.array(kept, dtype=np.int64)
