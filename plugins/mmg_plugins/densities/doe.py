"""`doe`: the difference of two cross-entropies, H(Y) - H(Y | X), each minimised over a family of densities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import softplus

from mmg_plugins.columns import PairParts
from mmg_plugins.neural import Neural, NeuralOptions, Reading
from mmg_plugins.perceptron import perceptron
from mmg_registry.contracts import Array
from mmg_registry.errors import DataError, demand
from mmg_registry.preprocess import PairTransform
from mmg_registry.training import Trainable

FAINT = -3.0  # log weight of a further component at the start, relative to the first
NO_DENSITY = (
    "Both sides have labels or values that stand out, and 'doe' needs a side that has a density; use auto, mine or ksg."
)
LOG_SCALES = (-12.0, 6.0)  # bounds of a learned log scale: keeps a density finite on any row


class DoEOptions(NeuralOptions):
    """Options of `doe`."""

    density: Literal["gaussian", "logistic"] = Field(
        "gaussian", description="of each column of y, with and without x: location and scale are learned"
    )
    components: int = Field(
        8, ge=1, le=256, description="such densities mixed, with and without x; the published form has one"
    )


class Densities(nn.Module):
    """Mixtures of diagonal densities of y `(n, dim_y)`: q(y) with learned parameters, q(y | x) with a network's output.

    Both act on canonical coordinates, where the best linear prediction of a column of y is rho times the column of x.
    They start from the densities of a Gaussian pair, except for further components of little weight that lie elsewhere.
    """

    def __init__(
        self, dims: tuple[int, int], hidden: list[int], mixed: int, rho: Tensor, density: str, draw: torch.Generator
    ) -> None:
        super().__init__()
        self.logistic, self.mixed = density == "logistic", mixed
        start = -math.log(math.pi / math.sqrt(3)) if self.logistic else 0.0  # scale of a unit standard deviation
        self.register_buffer("rho", rho, persistent=False)
        spread = torch.zeros(dims[1])
        spread[: len(rho)] = ((1 - rho) * (1 + rho)).log() / 2
        self.register_buffer("spread", spread, persistent=False)
        first = _mixture(mixed, dims[1], start, draw)
        self.marginal = nn.Parameter(first.clone())
        self.network = perceptron([dims[0], *hidden, len(first)], draw, quiet=len(first))
        self.network[-1].bias = nn.Parameter(first)

    rho: Tensor
    spread: Tensor

    def log_marginal(self, y: Tensor) -> Tensor:
        """Return log q(y), `(n,)`, in nats."""
        return self._log_density(y, self.marginal[None])

    def log_conditional(self, x: Tensor, y: Tensor) -> Tensor:
        """Return log q(y | x), `(n,)`, in nats."""
        linear = nn.functional.pad(self.rho * x[:, : len(self.rho)], (0, y.shape[1] - len(self.rho)))
        return self._log_density((y - linear) * (-self.spread).exp(), self.network(x)) - self.spread.sum()

    def _log_density(self, y: Tensor, parameters: Tensor) -> Tensor:
        """Return the log density of rows under mixtures with `parameters` `(n or 1, ...)`.

        The parameters are logarithms of the weights, locations, and log scales.
        """
        weights, *rest = parameters.split([self.mixed, *[self.mixed * y.shape[1]] * 2], 1)
        location, log_scale = (each.view(-1, self.mixed, y.shape[1]) for each in rest)
        log_scale = log_scale.clamp(*LOG_SCALES)
        t = (y[:, None] - location) * (-log_scale).exp()
        if self.logistic:
            columns = -t - 2 * softplus(-t) - log_scale
        else:
            columns = -0.5 * t * t - log_scale - 0.5 * math.log(2 * math.pi)
        return torch.logsumexp(weights.log_softmax(1) + columns.sum(2), 1)


def _mixture(mixed: int, dim: int, log_scale: float, draw: torch.Generator) -> Tensor:
    """Draw parameters of a mixture that is nearly its first component, which lies in the middle.

    The others differ from the start, because equal components would stay equal.
    """
    weights, locations = torch.full((mixed,), FAINT), torch.randn(mixed, dim, generator=draw)
    weights[0], locations[0] = 0.0, 0.0
    return torch.cat([weights, locations.flatten(), torch.full((mixed * dim,), log_scale)])


@dataclass
class TrainableDensities(Trainable):
    """The two densities as a `Trainable`, whose cross-entropies are minimised together."""

    module: Densities

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        return -(self.module.log_marginal(y) + self.module.log_conditional(x, y)).mean()

    def shares(self, x: Tensor, y: Tensor) -> Tensor:
        marginal, conditional = self.module.log_marginal(y), self.module.log_conditional(x, y)
        return torch.stack([marginal + conditional, conditional - marginal], 1)


class DoE(Neural):
    """Difference of entropies: E log q(y | x) - E log q(y), with mixtures of diagonal Gaussian or logistic densities.

    The method is that of McAllester and Stratos (arXiv 1811.04251).

    Each cross-entropy is an upper bound on its entropy. Their difference is no bound: it is off by as much as one
    density fits worse than the other. That is why both are mixtures here, and not the single density that was published
    (`components=1`). Pointwise values are log q(y | x) - log q(y). Where y has labels, x and y change places.

    Raises:
        DataError: for labels, or values that stand out, on both sides.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 3))
        >>> y = 0.8 * x[:, :1] + 0.6 * rng.standard_normal((2000, 1))
        >>> doe = DoE(run=Run(seed=0, threads=1), steps=50).fit(x[:1600], y[:1600])
        >>> bool(abs(doe.estimate(x[1600:], y[1600:]).mi - 0.511) < 0.15)
        True
    """

    name = "doe"
    summary = "difference of two learned cross-entropies"
    reference = "McAllester and Stratos, arXiv 1811.04251"
    Options: ClassVar[type[DoEOptions]] = DoEOptions
    options: DoEOptions

    def _arranged(self, sides: PairParts, x: Array, y: Array, stream: int) -> tuple[Array, Array]:
        """Return what is given and what has a density: y, or x where y has labels, whose density is infinite."""
        swapped = sides.y.has_labels
        given, modelled = (sides.y, sides.x) if swapped else (sides.x, sides.y)
        demand(not modelled.has_labels, NO_DENSITY, DataError)
        of_given, of_modelled = (y, x) if swapped else (x, y)
        return given.given(of_given), modelled.spread(of_modelled, (self.run.seed, stream))

    def _trainable(self, pair: PairTransform, draw: torch.Generator) -> TrainableDensities:
        o, dims = self.options, (pair.dim_x, pair.dim_y)
        return TrainableDensities(
            Densities(dims, [o.width] * o.depth, o.components, self._start_rho(pair), o.density, draw)
        )

    def _read(self, trainable: TrainableDensities, x: Tensor, y: Tensor) -> Reading:
        marginal, conditional = (
            each.double() for each in (trainable.module.log_marginal(y), trainable.module.log_conditional(x, y))
        )
        values = conditional - marginal
        words = {
            "density": self.options.density,
            "cross_entropy": -float(marginal.mean()),
            "cross_entropy_given_x": -float(conditional.mean()),
        }
        return Reading(values.mean(), values, values, words)
