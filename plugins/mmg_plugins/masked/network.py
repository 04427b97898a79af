"""The network of masked positions: log-probabilities of the classes of each position, with and without y."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from mmg_plugins.masked.alphabets import Alphabets

NEVER = -1e9  # logit of a class that a position does not have
PRIOR_ROWS = 1e-3  # share added to each class, so that no class of the start has probability 0


class Tower(nn.Module):
    """A perceptron whose outputs are linear in its last hidden units and in its first sums; the outputs start at 0.

    The direct path makes pairwise log-linear models (Ising, Potts, tables) a matter of one layer.
    """

    def __init__(self, inputs: int, outputs: int, spread: float, sizes: tuple[int, int], draw: torch.Generator) -> None:
        super().__init__()
        width, depth = sizes
        self.first = nn.Parameter(spread * torch.randn(inputs, width, generator=draw))
        self.bias = nn.Parameter(torch.zeros(width))
        scale = 1 / math.sqrt(width)
        self.hidden = nn.ParameterList(
            nn.Parameter(scale * torch.randn(width, width, generator=draw)) for _ in range(depth - 1)
        )
        self.last = nn.Parameter(torch.zeros(2 * width, outputs))

    def forward(self, features: Tensor) -> Tensor:
        sums = features @ self.first + self.bias
        units = silu(sums)
        for weights in self.hidden:
            units = silu(units @ weights)
        return torch.cat([units, sums], 1) @ self.last


class MaskedNetwork(nn.Module):
    """Predictions of the masked positions of x from the kept ones, alone and with y.

    Logits without y are those of the margins plus a first tower's, which sees the kept positions and which positions
    are masked. Logits with y add a second tower's, which sees y too and starts at 0. So the network begins with
    independence, and y changes a prediction only as far as that pays; what the first tower gets wrong is wrong in both
    predictions.

    Args:
        predicted, given: alphabets of x and of y.
        sizes: units of a hidden layer, and hidden layers.
        draw: generator of the weights.
        context: columns of numbers that both predictions see.
    """

    def __init__(
        self,
        predicted: Alphabets,
        given: Alphabets,
        sizes: tuple[int, int],
        draw: torch.Generator,
        context: int = 0,
    ) -> None:
        super().__init__()
        self.positions, self.classes = len(predicted.columns), predicted.most
        self.register_buffer("of_x", _features(predicted), persistent=False)
        self.register_buffer("of_y", _features(given), persistent=False)
        self.register_buffer("never", _never(predicted), persistent=False)
        seen = self.positions * (self.of_x.shape[2] + 1) + context
        spread = 1 / math.sqrt(self.positions + len(given.columns) + context)
        outputs = self.positions * self.classes
        self.alone = Tower(seen, outputs, spread, sizes, draw)
        self.with_y = Tower(seen + self.of_y.shape[0] * self.of_y.shape[2], outputs, spread, sizes, draw)
        self.start = nn.Parameter(_log_margins(predicted))

    of_x: Tensor
    of_y: Tensor
    never: Tensor

    def forward(self, x: Tensor, y: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Return log-probabilities `(n, positions)` of the classes x, with y and without, in nats.

        Args:
            x: `(n, positions)` classes of the predicted side.
            y: `(n, columns + context)` classes of the given side, then what both predictions see, if there is any.
            kept: `(n, positions)` whether a position is seen.
        """
        columns = len(self.of_y)
        parts = [(_looked_up(self.of_x, x) * kept[:, :, None]).flatten(1), (~kept).float(), y[:, columns:].float()]
        seen = torch.cat(parts, 1)
        alone = self.alone(seen)
        of_y = _looked_up(self.of_y, y[:, :columns].long())
        beside = alone + self.with_y(torch.cat([seen, of_y.flatten(1)], 1))
        return self._of(x, beside), self._of(x, alone)

    def _of(self, x: Tensor, logits: Tensor) -> Tensor:
        every = logits.view(len(x), self.positions, self.classes) + self.start + self.never
        return every.log_softmax(2).gather(2, x[:, :, None])[:, :, 0]


def _looked_up(table: Tensor, classes: Tensor) -> Tensor:
    """Return the features `(n, columns, k)` of classes `(n, columns)`."""
    return table[torch.arange(len(table), device=classes.device), classes]


def _features(side: Alphabets) -> Tensor:
    """Return the features of all classes `(columns, most classes, k)`, filled up with zeros."""
    each = [column.features() for column in side.columns]
    found = np.zeros((len(each), side.most, max(table.shape[1] for table in each)), dtype=np.float32)
    for j, table in enumerate(each):
        found[j, : table.shape[0], : table.shape[1]] = table
    return torch.from_numpy(found)


def _never(side: Alphabets) -> Tensor:
    """Return 0 where a position has a class `(positions, most classes)`, and `NEVER` where it has none."""
    sizes = torch.tensor([column.size for column in side.columns])
    return torch.where(torch.arange(side.most)[None] < sizes[:, None], 0.0, NEVER)


def _log_margins(side: Alphabets) -> Tensor:
    """Return the logarithms of the shares of all classes `(positions, most classes)`, 0 where there is none."""
    found = torch.zeros(len(side.columns), side.most)
    for j, column in enumerate(side.columns):
        found[j, : column.size] = (torch.tensor(column.shares) + PRIOR_ROWS).log()
    return found
