"""Rows of x and y side by side: the type that trainings take them as, and the batches that are drawn of them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

RowPair = tuple[Tensor, Tensor]  # x `(n, dim_x)` and y `(n, dim_y)`; row i of the one belongs to row i of the other


def batches(rows: int, size: int, draw: torch.Generator) -> Iterator[Tensor]:
    """Yield batches of row numbers `(min(size, rows),)` int64 without end, every epoch in a new order.

    The incomplete last batch of an epoch is left out, so that all batches are of one size.

    Example:
        >>> sorted(next(batches(3, 512, torch.Generator().manual_seed(0))).tolist())
        [0, 1, 2]
    """
    size = min(size, rows)
    while True:
        yield from torch.randperm(rows, generator=draw)[: rows // size * size].view(-1, size)
