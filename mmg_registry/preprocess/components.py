"""Independent component analysis, which undoes a linear mixing of non-normal columns.

A linear mixture of non-normal columns (a rotated uniform square, say) may look near normal column by column, and no
maps of single columns make it jointly normal. Once the mixing is undone such maps do, and what the columns then share
with the other side is linear.
"""

from __future__ import annotations

import numpy as np

from mmg_registry.arrays import F64

ITERATIONS = 100
SETTLED = 1e-6  # change of a component's direction (1 - |cosine|) below which the iteration has converged


def unmixing(columns: F64, seed: int = 0) -> F64 | None:
    """Return the matrix that maps columns to independent components of unit variance.

    The method is FastICA with the logarithm of the hyperbolic cosine as contrast, for all components at once
    (Hyvarinen, "Fast and robust fixed-point algorithms for independent component analysis", IEEE Trans. Neural Networks
    1999, eq. 20 with symmetric decorrelation).

    Args:
        columns: `(dim, n)` float64.
        seed: seed of the rotation that the iteration starts from.

    Returns:
        The matrix `(dim, dim)`, or None where the columns are linearly dependent or the iteration does not converge, as
        for normal columns, whose components are not identifiable.

    Example:
        >>> turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
        >>> square = np.random.default_rng(0).random((2, 20_000))
        >>> undone = np.abs(unmixing(turn @ square) @ turn).round(1)  # a permutation, over the spread of 0.29
        >>> sorted(undone.ravel().tolist())
        [0.0, 0.0, 3.5, 3.5]
    """
    whitener = _whitener(np.cov(columns))
    if whitener is None:
        return None
    white = whitener @ (columns - columns.mean(axis=1, keepdims=True))
    rotation = _orthogonal(np.random.default_rng(seed).standard_normal(whitener.shape))
    for _ in range(ITERATIONS):
        last, rotation = rotation, _orthogonal(_improved(rotation, white))
        if np.abs(np.abs(np.sum(rotation * last, axis=1)) - 1).max() < SETTLED:
            out: F64 = rotation @ whitener
            return out
    return None


def _whitener(covariance: F64) -> F64 | None:
    values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
    if values[0] <= 1e-8 * values[-1]:
        return None
    out: F64 = (vectors / np.sqrt(values)).T
    return out


def _improved(rotation: F64, white: F64) -> F64:
    """Return the rotation after one fixed-point step of every component."""
    bent = np.tanh(rotation @ white)
    out: F64 = bent @ white.T / white.shape[1] - np.mean(1 - bent**2, axis=1)[:, None] * rotation
    return out


def _orthogonal(matrix: F64) -> F64:
    """Return the nearest orthogonal matrix."""
    u, _, vt = np.linalg.svd(matrix)
    out: F64 = u @ vt
    return out
