"""Critics f(x, y): one network on both (joint), or an inner product of two (separable); and how they score rows.

Both add to the log-density ratio of a Gaussian pair with the same canonical correlations; with correlations of zero
they start from zero.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmg_plugins.bounds import Scores
from mmg_plugins.neural import perceptron


class LogMeans(NamedTuple):
    """What all estimates are read from, float64, `(n,)` each.

    Attributes:
        joint: f(x_i, y_i).
        by_row: log of the mean of e^f(x_i, y_j) over the rows j that x_i is compared with.
        by_column: the same of e^f(x_j, y_i).
        competing: sum over j of softmax weights that y_i has among the rows compared with x_j and y_j itself.
        size: how many y each x is compared with, its own included.
    """

    joint: Tensor
    by_row: Tensor
    by_column: Tensor
    competing: Tensor
    size: Tensor


class Critic(nn.Module):
    """Base of both: the Gaussian part, and what follows from scores of pairs.

    Args:
        rho: `(m,)` canonical correlations of the Gaussian part, for the first m columns of x and of y.
        temperature: every score is divided by it, those of pairs and those of others alike.
    """

    def __init__(self, rho: Tensor, temperature: float = 1.0) -> None:
        super().__init__()
        self.temperature = temperature
        rest = (1 - rho) * (1 + rho)
        self.register_buffer("cross", rho / rest, persistent=False)
        self.register_buffer("square", -(rho**2) / rest / 2, persistent=False)
        self.register_buffer("offset", -rest.log().sum() / 2, persistent=False)

    cross: Tensor
    square: Tensor
    offset: Tensor

    @abstractmethod
    def pairs(self, x: Tensor, y: Tensor) -> Tensor:
        """f(x_i, y_i), `(n,)`."""

    @abstractmethod
    def draw(self, x: Tensor, y: Tensor, generator: torch.Generator) -> Scores:
        """Scores of a training batch."""

    @abstractmethod
    def marginals(self, x: Tensor, y: Tensor, count: int) -> Tensor:
        """Scores of a block's x with other rows' y `(n, n)`; minus infinity where two are not compared.

        Args:
            count: how many others each row is compared with, at most; a separable critic compares all.
        """

    def _gaussian(self, x: Tensor, y: Tensor) -> Tensor:
        x, y = x[:, : len(self.cross)], y[:, : len(self.cross)]
        return self.offset + (self.square * (x * x + y * y) + self.cross * x * y).sum(1)

    def _gaussian_table(self, x: Tensor, y: Tensor) -> Tensor:
        x, y = x[:, : len(self.cross)], y[:, : len(self.cross)]
        of_x, of_y = (x * x) @ self.square, (y * y) @ self.square
        return self.offset + of_x[:, None] + of_y + (x * self.cross) @ y.T


class Separable(Critic):
    """f = Gaussian part + g(x) . h(y): every x of a batch is scored against every y at the cost of a product."""

    def __init__(
        self, dims: tuple[int, int], hidden: list[int], embedding: int, rho: Tensor, temperature: float, seed: int
    ) -> None:
        super().__init__(rho, temperature)
        generator = torch.Generator().manual_seed(seed)
        self.of_x = perceptron([dims[0], *hidden, embedding], generator)
        self.of_y = perceptron([dims[1], *hidden, embedding], generator, quiet=True)
        self.scale = 1 / math.sqrt(embedding)

    def pairs(self, x: Tensor, y: Tensor) -> Tensor:
        found: Tensor = self._gaussian(x, y) + self.scale * (self.of_x(x) * self.of_y(y)).sum(1)
        return found / self.temperature

    def table(self, x: Tensor, y: Tensor) -> Tensor:
        """f(x_i, y_j), `(n, m)`."""
        found: Tensor = self._gaussian_table(x, y) + self.scale * (self.of_x(x) @ self.of_y(y).T)
        return found / self.temperature

    def draw(self, x: Tensor, y: Tensor, generator: torch.Generator) -> Scores:
        table = self.table(x, y)
        return Scores(table.diagonal(), off_diagonal(table))

    def marginals(self, x: Tensor, y: Tensor, count: int) -> Tensor:
        return self.table(x, y).fill_diagonal_(-math.inf)


class Joint(Critic):
    """f = Gaussian part + one network on (x, y): more general, and every pair costs a pass."""

    def __init__(
        self, dims: tuple[int, int], hidden: list[int], others: int, rho: Tensor, temperature: float, seed: int
    ) -> None:
        super().__init__(rho, temperature)
        self.network = perceptron([sum(dims), *hidden, 1], torch.Generator().manual_seed(seed), quiet=True)
        self.others = others

    def pairs(self, x: Tensor, y: Tensor) -> Tensor:
        found: Tensor = self._gaussian(x, y) + self.network(torch.cat([x, y], 1))[:, 0]
        return found / self.temperature

    def draw(self, x: Tensor, y: Tensor, generator: torch.Generator) -> Scores:
        partners = derangements(len(x), min(self.others, len(x) - 1), generator).to(x.device)
        n, m = len(x), len(partners)
        scores = self.pairs(x.repeat(m + 1, 1), torch.cat([y, y[partners.flatten()]]))
        return Scores(scores[:n], scores[n:].view(m, n).T)

    def marginals(self, x: Tensor, y: Tensor, count: int) -> Tensor:
        n = len(x)
        table = torch.full((n, n), -math.inf, device=x.device)
        shifts = torch.linspace(1, n - 1, min(count, n - 1)).round().long().unique()
        rows = torch.arange(n)
        for part in shifts.split(8):
            columns = (rows + part[:, None]) % n
            scores = self.pairs(x.repeat(len(part), 1), y[columns.flatten().to(y.device)])
            table[rows.repeat(len(part)), columns.flatten()] = scores
        return table


def derangements(n: int, count: int, generator: torch.Generator) -> Tensor:
    """`(count, n)` permutations of 0 .. n-1 without a fixed point, any two of which differ in every place.

    Powers of one random cycle; `count` is at most n - 1.

    >>> found = derangements(5, 4, torch.Generator().manual_seed(0))
    >>> bool((found == torch.arange(5)).any()), found.sort(0).values.diff(dim=0).min().item() > 0
    (False, True)
    """
    cycle = torch.randperm(n, generator=generator)
    place = torch.empty_like(cycle)
    place[cycle] = torch.arange(n)
    steps = torch.randperm(n - 1, generator=generator)[:count, None] + 1
    return cycle[(place + steps) % n]


def off_diagonal(table: Tensor) -> Tensor:
    """`(n, n)` without its diagonal, `(n, n - 1)`.

    >>> off_diagonal(torch.tensor([[0, 1, 2], [3, 4, 5], [6, 7, 8]])).tolist()
    [[1, 2], [3, 5], [6, 7]]
    """
    n = len(table)
    return table.flatten()[1:].view(n - 1, n + 1)[:, :-1].reshape(n, n - 1)


def log_means(critic: Critic, x: Tensor, y: Tensor, count: int, block: int, clamp: float | None = None) -> LogMeans:
    """Scores of rows x `(n, dim_x)`, y `(n, dim_y)`, reduced; every row is compared within its block only.

    Args:
        count: as in `Critic.marginals`.
        block: rows of a block, at most; the rows are split into equal ones.
        clamp: bound of the marginal scores, from both sides; the joint ones are left as they are.
    """
    parts = [_block_means(critic, *rows, count, clamp) for rows in blocks(x, y, block)]
    return LogMeans(*(torch.cat(each) for each in zip(*parts, strict=True)))


def blocks(x: Tensor, y: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Equal blocks of at most `size` rows, and of two at least."""
    parts = -(-len(x) // max(2, size))
    parts = max(1, min(parts, len(x) // 2))
    yield from zip(x.tensor_split(parts), y.tensor_split(parts), strict=True)


def _block_means(critic: Critic, x: Tensor, y: Tensor, count: int, clamp: float | None) -> LogMeans:
    joint, table = critic.pairs(x, y).double(), critic.marginals(x, y, count).double()
    compared = table > -math.inf
    if clamp is not None:
        table = torch.where(compared, table.clamp(-clamp, clamp), table)
    others = int(compared[0].sum())
    by_row = torch.logsumexp(table, 1)
    whole = torch.logaddexp(joint, by_row)
    competing = (joint - whole).exp() + (table - whole[:, None]).exp().sum(0)
    shift = math.log(others)
    size = torch.full_like(joint, others + 1)
    return LogMeans(joint, by_row - shift, torch.logsumexp(table, 0) - shift, competing, size)
