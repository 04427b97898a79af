"""The information as a sum over positions: random masks, the loss, and the sums on rows.

    I(X; Y) = sum over l of the integral over lambda of E[ln p(x_l | x_kept, y) - ln p(x_l | x_kept)],

where each other position is kept with probability 1 - lambda, lambda uniform in (0, 1) (the I-MDCE of arXiv
2510.24088). The number of kept positions is then uniform, and every set of that many is as likely: the integral is the
mean of the chain rule over all orders (Hoogeboom et al., arXiv 2110.02037, equation 3). So the number is drawn, in
strata, and all masked positions of a draw are predicted at once, which varies less than one order with one position a
step, at the same cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from mmg_plugins.masked.network import MaskedNetwork
from mmg_registry.training import Trainable

LOOKS = 4  # masks of a held-out row at each look
MOST_NUMBERS = 1 << 22  # numbers that a pass holds for its outputs


class PositionSums(NamedTuple):
    """The log-probabilities `(n, positions)` of a pass with y and of one without, in nats, summed over a chain."""

    with_y: Tensor
    alone: Tensor

    @property
    def gains(self) -> Tensor:
        """Return what y adds to each position `(n, positions)`, in nats."""
        return self.with_y - self.alone


def kept_at_random(numbers: Tensor, positions: int, draw: torch.Generator) -> Tensor:
    """Return a random set of as many positions as `numbers` `(n,)` says, `(n, positions)` booleans.

    Example:
        >>> kept_at_random(torch.tensor([0, 3]), 3, torch.Generator().manual_seed(0)).tolist()
        [[False, False, False], [True, True, True]]
    """
    order = torch.rand(len(numbers), positions, generator=draw).argsort(1).argsort(1)
    return order < numbers[:, None]


def weights_of(kept: Tensor) -> Tensor:
    """Return the weight of each masked position `(n, positions)`, whose sum over a row is the number of positions."""
    masked = (~kept).float()
    return masked * (kept.shape[1] / masked.sum(1, keepdim=True))


def summed(network: MaskedNetwork, rows: tuple[Tensor, Tensor], draws: int, seed: int) -> PositionSums:
    """Return the sums over positions of rows x `(n, positions)` and y `(n, columns)`, from `draws` masks a row."""
    draw = torch.Generator().manual_seed(seed)
    size = max(1, MOST_NUMBERS // (network.positions * network.classes))
    parts = [_summed(network, x, y, draws, draw) for x, y in zip(*(each.split(size) for each in rows), strict=True)]
    return PositionSums(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _summed(network: MaskedNetwork, x: Tensor, y: Tensor, draws: int, draw: torch.Generator) -> PositionSums:
    n, positions = x.shape
    sums = PositionSums(torch.zeros(n, positions, device=x.device), torch.zeros(n, positions, device=x.device))
    for stratum in range(draws):
        share = (stratum + torch.rand(n, generator=draw)) / draws
        kept = kept_at_random((share * positions).long().clamp(max=positions - 1), positions, draw).to(x.device)
        weight = weights_of(kept) / draws
        for total, found in zip(sums, network(x, y, kept), strict=True):
            total += weight * found
    return sums


@dataclass
class TrainablePositions(Trainable):
    """The network as a `Trainable`: both cross-entropies are minimised together, on random masks.

    Attributes:
        module: the network.
        draw: generator of the masks of training.
        seed: seed of the masks of held-out rows, the same at each look.
    """

    module: MaskedNetwork
    draw: torch.Generator
    seed: int

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        positions = x.shape[1]
        numbers = torch.randint(positions, (len(x),), generator=self.draw)
        kept = kept_at_random(numbers, positions, self.draw).to(x.device)
        with_y, alone = self.module(x, y, kept)
        gain: Tensor = (weights_of(kept) * (with_y + alone)).sum(1).mean()
        return -gain

    def shares(self, x: Tensor, y: Tensor) -> Tensor:
        sums = summed(self.module, (x, y), min(LOOKS, x.shape[1]), self.seed)
        return torch.stack([(sums.with_y + sums.alone).sum(1), sums.gains.sum(1)], 1)
