"""Tables of joint probabilities: their information by exact sums, and rows drawn from them."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import xlogy

from mmg_registry.arrays import F64, Index
from mmg_registry.samplers.contract import Sampler, Samples


def table_entropy(masses: F64) -> float:
    """Return the entropy in nats of non-negative masses of any shape, which need not sum to 1.

    Example:
        >>> round(table_entropy(np.array([3.0, 3.0])), 4)
        0.6931
    """
    shares = masses / masses.sum()
    return float(-xlogy(shares, shares).sum())


def table_mi(joint: F64) -> float:
    """Return I(X; Y) in nats of non-negative masses `joint` `(a, b)`, which need not sum to 1.

    A row may also be a law at one node of a quadrature over X, times the weight of that node. So may a column.

    Example:
        >>> round(table_mi(np.array([[0.45, 0.05], [0.05, 0.45]])), 4)
        0.3681
    """
    shares = joint / joint.sum()
    row, column, _ = np.broadcast_arrays(shares.sum(axis=1, keepdims=True), shares.sum(axis=0, keepdims=True), shares)
    held = shares > 0
    return float(shares[held] @ (np.log(shares[held]) - np.log(row[held]) - np.log(column[held])))


def draw_cells(joint: F64, rng: np.random.Generator, n: int) -> tuple[Index, Index]:
    """Draw `n` cells of a table; return their rows and their columns `(n,)`."""
    cell = rng.choice(joint.size, size=n, p=(joint / joint.sum()).ravel())
    row, column = np.unravel_index(cell, joint.shape)
    return np.asarray(row, dtype=np.int64), np.asarray(column, dtype=np.int64)


def of_table(name: str, joint: F64) -> Sampler:
    """Return the pair of row and column of a cell of `joint` `(a, b)`, as codes from 0 on."""
    return Sampler(name, 1, 1, table_mi(joint), partial(_draw_codes, joint))


def _draw_codes(joint: F64, rng: np.random.Generator, n: int) -> Samples:
    row, column = draw_cells(joint, rng, n)
    return row[:, None].astype(np.float64), column[:, None].astype(np.float64)
