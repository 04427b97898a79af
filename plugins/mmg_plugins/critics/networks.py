"""Critics f(x, y) and how they score rows.

Both critics learn a correction to the log-density ratio of a Gaussian pair with the same canonical correlations; with
correlations of zero they start from zero. Both score all pairs of a group of rows at once; in training the groups are
parts of a batch.

The joint critic exists in the compiled core too, which trains it, and scores with it where no gradient is wanted. The
code here is the reference, and runs on a GPU and without the compiled module.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, silu

from mmg_plugins.critics.objectives import Scores
from mmg_plugins.perceptron import perceptron
from mmg_registry.core import compiled
from mmg_registry.core.critic import MAX_DEPTH, CriticNetwork, CriticProblem, GaussianPart, critic_table

LARGEST = 10.0  # nats that a network adds to the Gaussian part or takes from it, at most
CHUNK = 64  # rows of x at a time in the network of pairs, so that its hidden layer stays in the processor's cache


class CriticShape(NamedTuple):
    """Sizes of a critic.

    Attributes:
        dims: columns of x and of y.
        hidden: units of the hidden layers that see x or y alone.
        embedding: number of columns of the inner product.
        group: most rows of a group, within which all pairs are scored; for the separable critic a batch is one group.
    """

    dims: tuple[int, int]
    hidden: list[int]
    embedding: int
    group: int


class LogMeans(NamedTuple):
    """Reduced scores, float64 and `(n,)` each, from which all critics' estimates are computed.

    Attributes:
        joint: f(x_i, y_i).
        by_row: log of the mean of e^f(x_i, y_j) over the other rows j of the block of i.
        by_column: log of the mean of e^f(x_j, y_i) over the same rows.
        competing: sum over j of the softmax weights that y_i has among the rows compared with x_j and y_j itself.
        size: number of rows in the block.
        clamp: bound on the scores of shuffled pairs, infinite where they are not clamped.
    """

    joint: Tensor
    by_row: Tensor
    by_column: Tensor
    competing: Tensor
    size: Tensor
    clamp: Tensor


class Critic(nn.Module):
    """Base class of both critics: the Gaussian part, and tables of scores.

    Args:
        rho: `(m,)` canonical correlations of the Gaussian part, for the first m columns of x and of y.
        temperature: divisor of every score, of true and of shuffled pairs alike.
    """

    group: int  # rows of a batch that are compared with one another
    held_out_group: int  # held-out rows that are compared with one another, without a gradient

    def __init__(self, rho: Tensor, temperature: float = 1.0) -> None:
        super().__init__()
        self.temperature = temperature
        rest = (1 - rho) * (1 + rho)
        self.register_buffer("cross", rho / rest, persistent=False)
        self.register_buffer("square", -(rho**2) / rest / 2, persistent=False)
        self.register_buffer("offset", -rest.log().sum() / 2, persistent=False)
        self.register_buffer("constant", torch.zeros(()))
        self.register_buffer("clamp", torch.tensor(math.inf))

    cross: Tensor
    square: Tensor
    offset: Tensor
    constant: Tensor  # added to every score
    clamp: Tensor  # bound on the scores of shuffled pairs

    @abstractmethod
    def learned(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the learned correction `(groups, n, n)` to the Gaussian part, for all x_i, y_j of each group."""

    def table(self, x: Tensor, y: Tensor) -> Tensor:
        """Return f(x_i, y_j) of each group, `(groups, n, n)`, of x `(groups, n, dim_x)` and y `(groups, n, dim_y)`."""
        first, second = self._correlated(x, y)
        of_x, of_y = (first * first) @ self.square, (second * second) @ self.square
        gaussian = of_x[..., :, None] + of_y[..., None, :] + (first * self.cross) @ second.mT
        return (self.offset + gaussian + bounded(self.learned(x, y))) / self.temperature + self.constant

    def scores(self, x: Tensor, y: Tensor, group: int) -> Scores:
        """Score rows in equal groups of `group` rows or a few more, and leave out the rows that remain.

        A row meets every other row of its group and never itself, so that x and y of shuffled pairs are independent.
        """
        groups = max(1, len(x) // group)
        n = len(x) // groups
        table = self.table(*(rows[: groups * n].view(groups, n, -1) for rows in (x, y)))
        return Scores(table.diagonal(dim1=1, dim2=2).flatten(), off_diagonal(table).flatten(0, 1))

    def held_out_scores(self, x: Tensor, y: Tensor) -> Scores:
        """Return the scores of held-out rows, in groups drawn at random: neighbours in a sorted file are alike."""
        order = shuffled(len(x))
        return self.scores(x[order], y[order], self.held_out_group)

    def _correlated(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x[..., : len(self.cross)], y[..., : len(self.cross)]


class Separable(Critic):
    """The critic f = Gaussian part + g(x) . h(y), which scores every x of a batch with every y by one product."""

    held_out_group = 256

    def __init__(
        self, shape: CriticShape, rho: Tensor, temperature: float, draw: torch.Generator, units: int = 0
    ) -> None:
        """Draw the weights; the network of each side has `units` outputs beyond those of the inner product."""
        super().__init__(rho, temperature)
        self.group, self.embedding = 1 << 30, shape.embedding
        ends, (dim_x, dim_y) = [*shape.hidden, shape.embedding + units], shape.dims
        self.of_x = perceptron([dim_x, *ends], draw)
        self.of_y = perceptron([dim_y, *ends], draw, quiet=shape.embedding)

    def learned(self, x: Tensor, y: Tensor) -> Tensor:
        return self._product(self.of_x(x), self.of_y(y))

    def _product(self, of_x: Tensor, of_y: Tensor) -> Tensor:
        return of_x[..., : self.embedding] / math.sqrt(self.embedding) @ of_y[..., : self.embedding].mT


class Joint(Separable):
    """The separable critic plus a network of a(x) + b(y) + c(y - rho x).

    That network learns what no inner product of smooth functions comes near to, such as edges of a density. a and b are
    further outputs of the networks of each side, computed once for each row, and a linear part. c is linear in the
    innovations (y - rho x) / sqrt(1 - rho^2), the scale on which the density of a strongly correlated pair varies. Only
    one hidden layer is computed for every pair.
    """

    held_out_group = 32

    def __init__(self, shape: CriticShape, rho: Tensor, temperature: float, draw: torch.Generator) -> None:
        units = max(2, shape.hidden[-1] // 2)
        super().__init__(shape, rho, temperature, draw, units)
        self.group = shape.group
        widths = (*shape.dims, len(rho))
        self.linear_x, self.linear_y, self.innovation = (
            nn.Parameter(first_layer(units, width, sum(widths), draw)) for width in widths
        )
        self.late = perceptron([units, units, 1], draw, quiet=1)
        self.register_buffer("grow", ((1 - rho) * (1 + rho)).rsqrt(), persistent=False)
        self.register_buffer("shrink", rho * self.grow, persistent=False)

    grow: Tensor
    shrink: Tensor

    @property
    def in_core(self) -> bool:
        """Return whether the compiled core can train and score this critic."""
        return self.cross.device.type == "cpu" and compiled() is not None and self.network.depth <= MAX_DEPTH

    @property
    def network(self) -> CriticNetwork:
        """Return the sizes of the network, as the core takes them."""
        hidden, units = (
            [layer.out_features for layer in self.of_x if isinstance(layer, nn.Linear)][:-1],
            len(self.linear_x),
        )
        dims = self.linear_x.shape[1], self.linear_y.shape[1]
        return CriticNetwork(*dims, hidden[0], len(hidden), self.embedding, units)

    @property
    def gaussian_part(self) -> GaussianPart:
        """Return the Gaussian part and the constant, as the core takes them."""
        offset = float(self.offset + self.constant * self.temperature)
        return GaussianPart(self.cross, self.square, self.shrink, self.grow, offset, self.temperature)

    def flat(self) -> Tensor:
        """Return a copy of all parameters as one vector, as the core takes them."""
        return torch.cat([piece.detach().reshape(-1) for piece in self.pieces()])

    @torch.no_grad()
    def take(self, flat: Tensor) -> None:
        """Set all parameters from a vector that `flat` returned."""
        for piece, new in zip(self.pieces(), self.network.views(flat).values(), strict=True):
            piece.copy_(new)

    def table(self, x: Tensor, y: Tensor) -> Tensor:
        if torch.is_grad_enabled() or not self.in_core:
            return super().table(x, y)
        of_x, of_y = (each.flatten(0, 1).contiguous() for each in (x, y))
        problem = CriticProblem(self.network, self.gaussian_part, of_x, of_y)
        return critic_table(problem, self.flat(), x.shape[1])

    def pieces(self) -> list[Tensor]:
        """Return views `(fan_in, fan_out)` of all parameters, in the order of `mmg_registry.core.critic`."""
        found = [*self._side(self.of_x, self.linear_x), *self._side(self.of_y, self.linear_y), self.innovation.T]
        pair, last = (layer for layer in self.late if isinstance(layer, nn.Linear))
        return [*found, pair.weight.T, pair.bias[None], last.weight, last.bias[None]]

    def _side(self, network: nn.Sequential, direct: Tensor) -> list[Tensor]:
        *hidden, last = [layer for layer in network if isinstance(layer, nn.Linear)]
        found = [piece for layer in hidden for piece in (layer.weight.T, layer.bias[None])]
        for part in (slice(self.embedding), slice(self.embedding, None)):
            found += [last.weight[part].T, last.bias[part][None]]
        return [*found, direct.T]

    def learned(self, x: Tensor, y: Tensor) -> Tensor:
        of_x, of_y = self.of_x(x), self.of_y(y)
        first, second = self._correlated(x, y)
        a = of_x[..., self.embedding :] + linear(x, self.linear_x) - linear(self.shrink * first, self.innovation)
        b = of_y[..., self.embedding :] + linear(y, self.linear_y) + linear(self.grow * second, self.innovation)
        return self._product(of_x, of_y) + self._late(a, b)[..., 0]

    def _late(self, a: Tensor, b: Tensor) -> Tensor:
        parts = [self.late(silu(part[..., :, None, :] + b[..., None, :, :])) for part in a.split(CHUNK, -2)]
        return torch.cat(parts, -3)


def bounded(learned: Tensor) -> Tensor:
    """Bound what a network adds smoothly to between -10 and 10 nats.

    Otherwise one pair in millions with a wrong score can be the whole partition.

    >>> bounded(torch.tensor([0.0, 1000.0])).tolist()
    [0.0, 10.0]
    """
    return LARGEST * (learned / LARGEST).tanh()


def first_layer(units: int, columns: int, inputs: int, draw: torch.Generator) -> Tensor:
    """Draw weights `(units, columns)` of a layer with `inputs` columns in all, for outputs of standard deviation 1."""
    return math.sqrt(3 / inputs) * (2 * torch.rand(units, columns, generator=draw) - 1)


def off_diagonal(table: Tensor) -> Tensor:
    """Return a table `(..., n, n)` without its diagonal, as `(..., n, n - 1)`.

    >>> off_diagonal(torch.tensor([[0, 1, 2], [3, 4, 5], [6, 7, 8]])).tolist()
    [[1, 2], [3, 5], [6, 7]]
    """
    *groups, n, _ = table.shape
    return table.flatten(-2)[..., 1:].view(*groups, n - 1, n + 1)[..., :-1].reshape(*groups, n, n - 1)


def log_means(critic: Critic, x: Tensor, y: Tensor, block: int) -> LogMeans:
    """Score rows x `(n, dim_x)` and y `(n, dim_y)`, each compared with the rows of its block, and reduce the scores.

    Scores of shuffled pairs are clamped to the critic's bound on both sides; those of true pairs are left as they are.

    Args:
        critic: the critic to score with.
        x, y: the rows.
        block: most rows of a block; the rows are split into equal blocks.
    """
    order = shuffled(len(x))
    back = torch.argsort(order)
    parts = [_block_means(critic, *rows) for rows in equal_blocks(x[order], y[order], block)]
    return LogMeans(*(torch.cat(each)[back] for each in zip(*parts, strict=True)))


def shuffled(n: int) -> Tensor:
    """Return the numbers of `n` rows in one random order, always the same."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(0))


def equal_blocks(x: Tensor, y: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Split rows into equal blocks of at most `size` rows, and of two rows at least."""
    parts = -(-len(x) // max(2, size))
    parts = max(1, min(parts, len(x) // 2))
    yield from zip(x.tensor_split(parts), y.tensor_split(parts), strict=True)


def _block_means(critic: Critic, x: Tensor, y: Tensor) -> LogMeans:
    table = critic.table(x[None], y[None])[0].double()
    joint, clamp = table.diagonal().clone(), critic.clamp.double()
    table = table.clamp_(-clamp, clamp).fill_diagonal_(-math.inf)
    by_row, by_column = (torch.logsumexp(table, dim) for dim in (1, 0))
    whole = torch.logaddexp(joint, by_row)
    competing = (joint - whole).exp() + (table - whole[:, None]).exp_().sum(0)
    shift, alike = math.log(len(x) - 1), torch.ones_like(joint)
    return LogMeans(joint, by_row - shift, by_column - shift, competing, alike * len(x), alike * clamp)
