"""The type of paired rows that trainings take, and the mini-batches drawn from them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

RowPair = tuple[Tensor, Tensor]  # x `(n, dim_x)` and y `(n, dim_y)`; row i of x belongs to row i of y


def batches(rows: int, size: int, draw: torch.Generator) -> Iterator[Tensor]:
    """Yield mini-batches of row numbers `(min(size, rows),)` int64 without end, in a new random order every epoch.

    The incomplete last batch of an epoch is left out, so that all batches have the same size.

    Example:
        >>> sorted(next(batches(3, 512, torch.Generator().manual_seed(0))).tolist())
        [0, 1, 2]
    """
    size = min(size, rows)
    while True:
        yield from torch.randperm(rows, generator=draw)[: rows // size * size].view(-1, size)
