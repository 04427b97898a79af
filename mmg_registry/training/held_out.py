"""Rows held out of a training: no weights are fitted to them, so they can tell when to stop and what to keep."""

from __future__ import annotations

import torch
from torch import Tensor

from mmg_registry.training.rows import RowPair

SHARE = 10  # one row of so many is held out
MOST_HELD_OUT = 10_000  # their mean is then known to a hundredth of the spread of a row, and each evaluation costs time


def hold_back(x: Tensor, y: Tensor, seed: int) -> tuple[RowPair, RowPair]:
    """Split rows into (training, held out): a tenth, at most 10,000, drawn at random, is held out.

    The drawn rows change places with the last ones in `x` and `y` themselves: no copy of large data is made.

    Args:
        x, y: `(n, dim_x)` and `(n, dim_y)`, n at least 2; reordered in place.
        seed: of the draw.

    Example:
        >>> x = torch.arange(20.0)[:, None]
        >>> rows, held_out = hold_back(x, x.clone(), seed=0)
        >>> len(rows[0]), len(held_out[0]), held_out[0].equal(held_out[1])
        (18, 2, True)
    """
    n = len(x)
    size = max(1, min(MOST_HELD_OUT, n // SHARE))
    picked = torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:size].sort().values
    last = torch.arange(n - size, n)
    incoming, outgoing = picked[picked < n - size], last[~torch.isin(last, picked)]
    for rows in (x, y):
        rows[incoming], rows[outgoing] = rows[outgoing].clone(), rows[incoming].clone()
    return (x[: n - size], y[: n - size]), (x[n - size :], y[n - size :])
