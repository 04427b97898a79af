"""Two encoders, of x and of y, trained so that each tells as much as it can of the other and of its own side."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from mmg_plugins.mmg.thresholds import CODE_COLUMNS, CODE_UNITS, REBUILD_WEIGHT
from mmg_plugins.perceptron import perceptron
from mmg_registry.training import RowPair, Trainable

COMPARED = 256  # held-out rows whose pairs are compared with one another


class Encoders(nn.Module):
    """An encoder for each side, and a decoder that serves in training alone.

    Args:
        dims: columns of x and of y as the encoders see them.
        draw: generator of the weights.
    """

    def __init__(self, dims: tuple[int, int], draw: torch.Generator) -> None:
        super().__init__()
        inner = [CODE_UNITS, CODE_UNITS]
        self.encode = nn.ModuleList(perceptron([dim, *inner, CODE_COLUMNS], draw) for dim in dims)
        self.decode = nn.ModuleList(perceptron([CODE_COLUMNS, *inner, dim], draw) for dim in dims)

    def forward(self, rows: RowPair) -> RowPair:
        """Return the codes `(n, CODE_COLUMNS)` of x and of y."""
        of_x, of_y = (encoder(side) for encoder, side in zip(self.encode, rows, strict=True))
        return of_x, of_y

    def rebuilt(self, codes: RowPair) -> RowPair:
        """Return what the decoders make of codes: rows of x and of y."""
        of_x, of_y = (decoder(code) for decoder, code in zip(self.decode, codes, strict=True))
        return of_x, of_y


class TrainableEncoders(Trainable):
    """Encoders with their loss: the contrast of their inner product, and what the decoders fail to rebuild.

    The contrast is InfoNCE in both directions (van den Oord et al., arXiv 1807.03748; Radford et al., arXiv 2103.00020,
    figure 3). With the best inner product, x tells of y what its code tells. The weight of rebuilding keeps few rows
    from being learned by heart: pixels tell much more of the few numbers behind an image than the other side does.
    """

    def __init__(self, module: Encoders) -> None:
        self.module: Encoders = module

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        codes = self.module((x, y))
        missed = sum(
            mse_loss(rebuilt, side) / side.var(0).mean()
            for rebuilt, side in zip(self.module.rebuilt(codes), (x, y), strict=True)
        )
        return REBUILD_WEIGHT * missed - contrasts(inner(*codes)).mean()

    def shares(self, x: Tensor, y: Tensor) -> Tensor:
        found = torch.cat([contrasts(inner(*self.module(each))) for each in compared(x, y)])
        return torch.stack([found, found], 1)


def inner(of_x: Tensor, of_y: Tensor) -> Tensor:
    """Return the scores `(n, n)` of all pairs of codes."""
    return of_x @ of_y.T / math.sqrt(of_x.shape[1])


def contrasts(table: Tensor) -> Tensor:
    """Return each row's InfoNCE value `(n,)` in nats, the mean over both directions, of scores `(n, n)`.

    >>> contrasts(torch.zeros(4, 4)).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    whole = (torch.logsumexp(table, 0) + torch.logsumexp(table, 1)) / 2
    return table.diagonal() - whole + math.log(len(table))


def compared(x: Tensor, y: Tensor) -> list[RowPair]:
    """Split rows into equal blocks of about `COMPARED` rows, whose pairs are compared with one another."""
    blocks = max(1, len(x) // COMPARED)
    return list(zip(x.tensor_split(blocks), y.tensor_split(blocks), strict=True))
