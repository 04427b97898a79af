"""The split into training and held-out rows; no weights are fitted to the latter, so they can judge the training."""

from __future__ import annotations

import torch
from torch import Tensor

from mmg_registry.arrays import Index
from mmg_registry.data.split import hold_out
from mmg_registry.training.rows import RowPair

SHARE = 10  # one row in ten is held out
LEAST_HELD_OUT = 20  # of few rows, up to a third of them: fewer cannot tell learning from chance
MOST_HELD_OUT = 10_000  # the error of their mean is then 1 % of a row's spread; more would only slow down evaluations


def held_out_of(n: int) -> int:
    """Return how many of `n` rows are held out: a tenth, or up to a third if that is fewer than 20; at most 10,000.

    Example:
        >>> [held_out_of(n) for n in (20, 60, 200, 1_000, 1_000_000)]
        [6, 20, 20, 100, 10000]
    """
    return max(1, min(LEAST_HELD_OUT, n // 3), min(MOST_HELD_OUT, n // SHARE))


def hold_back(x: Tensor, y: Tensor, seed: int, groups: Index | None = None) -> tuple[RowPair, RowPair]:
    """Split rows at random into training rows and held-out rows (`held_out_of`).

    Rows of a group stay on one side, as long as there are two groups; the share is then as near a tenth as they allow.

    The drawn rows trade places with the last ones inside `x` and `y`, so that large data are not copied.

    Args:
        x, y: `(n, dim_x)` and `(n, dim_y)` with n at least 2; reordered in place.
        seed: seed of the random choice of rows.
        groups: `(n,)` a number for each row; None where every row is its own.

    Returns:
        The training rows (x, y) and the held-out rows (x, y), as views of `x` and `y`.

    Example:
        >>> x = torch.arange(20.0)[:, None]
        >>> rows, held_out = hold_back(x, x.clone(), seed=0)
        >>> len(rows[0]), len(held_out[0]), held_out[0].equal(held_out[1])
        (14, 6, True)
    """
    n = len(x)
    size = held_out_of(n)
    picked = _picked(n, size, seed, groups)
    size = len(picked)
    last = torch.arange(n - size, n)
    incoming, outgoing = picked[picked < n - size], last[~torch.isin(last, picked)]
    for rows in (x, y):
        rows[incoming], rows[outgoing] = rows[outgoing].clone(), rows[incoming].clone()
    return (x[: n - size], y[: n - size]), (x[n - size :], y[n - size :])


def _picked(n: int, size: int, seed: int, groups: Index | None) -> Tensor:
    """Draw `size` of `n` rows, or whole groups of about as many rows together; a single group is no choice."""
    if groups is None or (groups == groups[0]).all():
        return torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:size].sort().values
    return torch.from_numpy(hold_out(n, size / n, seed, groups)[1])
