"""`giwae` and `structured-infonce`: lower bounds on I(X; Z) from a proposal and a critic, where p(z) is known.

    I >= E [ log q(z_1|x) / p(z_1) + T(x, z_1) - log 1/K sum_k e^T(x, z_k) ],  z_1 of the pair, the others from q(z | x)

(generalised IWAE; Brekelmans et al., ICLR 2022, arXiv 2303.06992). The contrastive part, all but the first ratio, is at
most log K. With K = 1, or a constant T, it is Barber and Agakov's bound (2003); with q = p(z) InfoNCE (van den Oord et
al. 2018); with T = log p(x, z) / q(z|x), the best there is, IWAE.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from mmg_plugins.ais import mean_and_error, seed_of
from mmg_registry.bounds.annealing import log_mean_exp
from mmg_registry.bounds.contract import BoundEstimator, Needs
from mmg_registry.bounds.models import generator
from mmg_registry.bounds.path import Start, checked, new_seed, path_of, values
from mmg_registry.bounds.result import Bound
from mmg_registry.contracts import Options, Progress
from mmg_registry.errors import OptionError

Critic = Callable[[Tensor, Tensor], Tensor]
CONSTANT = 0.1  # share of the training before the rate falls


class GIWAEOptions(Options):
    """Options of `giwae`."""

    chains: int = Field(64, ge=1, le=1_000_000, description="K, the pair's z and K - 1 draws of the proposal")
    start: Start = Field("prior", description="the proposal: the prior, or the model's encoder")
    critic: Literal["optimal", "constant", "learned"] = Field(
        "optimal", description="T: log p(x, z) / q(z | x), 0, or a network trained on draws of the model"
    )
    steps: int = Field(1000, ge=1, le=10_000_000, description="training steps of a learned critic")
    batch: int = Field(128, ge=2, le=100_000, description="pairs a training step")
    width: int = Field(64, ge=1, le=10_000, description="of the two hidden layers of a learned critic")
    rate: float = Field(2e-3, gt=0, le=1, description="learning rate of a learned critic")


class GIWAE(BoundEstimator):
    """Importance weights with a critic in place of the density: at most log K above Barber and Agakov's bound.

    Example:
        >>> from mmg_registry import Run
        >>> from mmg_registry.bounds.models import built_in
        >>> model = built_in("gaussian-channel", dim=1, mi=1.0)
        >>> x, z = model.sample(500, seed=0)
        >>> found = GIWAE(run=Run(seed=0), chains=50).bound(model, x, z)
        >>> found.upper is None, 0.8 < found.lower < 1.1
        (True, True)
    """

    name = "giwae"
    summary = "Lower bound from a proposal and a critic"
    reference = "Brekelmans et al., ICLR 2022, arXiv 2303.06992"
    Options: ClassVar[type[Options]] = GIWAEOptions
    kind = "lower"
    needs: ClassVar[Needs] = "marginal"

    options: GIWAEOptions

    def bound(self, model: Any, x: Tensor, z: Tensor) -> Bound:
        """Bound I(X; Z) from the pairs `x` `(n, data_size)`, `z` `(n, latent_size)`.

        Raises:
            OptionError: for an encoder, or a likelihood for the optimal critic, that the model does not have.
            PluginError: for densities that are NaN or of a wrong shape.
        """
        path = path_of(model, x, self.options.start)
        draws = generator(seed_of(self.run, 0), x.device)
        critic = self._critic(model, x, z)
        others = path.start(self.options.chains, draws)[1:]  # one more, for none is no shape
        candidates = torch.cat([z[None], others])
        with torch.no_grad():
            scores = checked(on_chains(critic, x, candidates), "critic").double()
            terms = giwae_terms(log_ratio(model, x, z, self.options.start), scores)
        lower, error = mean_and_error(terms)
        parts = {"contrastive": float(contrast(scores).mean()), "most_contrastive": math.log(self.options.chains)}
        return Bound("lower", lower=lower, lower_se=error, true_mi=getattr(model, "true_mi", None), diagnostics=parts)

    def _critic(self, model: Any, x: Tensor, z: Tensor) -> Critic:
        if self.options.critic == "constant":
            return lambda x, z: z.new_zeros(len(z))
        if self.options.critic == "learned":
            return self._trained(model, x, z)
        if not callable(getattr(model, "log_likelihood", None)):
            raise OptionError("The option 'critic' is 'optimal', and the model has no log_likelihood; use 'learned'.")
        return lambda x, z: values(model.log_likelihood, x, z) - log_ratio(model, x, z, self.options.start)

    def _trained(self, model: Any, x: Tensor, z: Tensor) -> Critic:
        """A network that makes the bound high on fresh draws of the model, never on the pairs it is evaluated on."""
        draws = generator(seed_of(self.run, 2), x.device)
        network = perceptron(x, z, self.options.width, draws)
        optimiser = torch.optim.Adam(network.parameters(), self.options.rate)
        for step in range(self.options.steps):
            for group in optimiser.param_groups:
                group["lr"] = self.options.rate * min(1.0, (1 - step / self.options.steps) / (1 - CONSTANT))
            pairs = tuple(side.to(x) for side in model.sample(self.options.batch, new_seed(draws)))
            loss = -self._contrast(model, network, pairs, draws)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            self.run.report(Progress((step + 1) / self.options.steps))
        return network

    def _contrast(self, model: Any, network: Critic, pairs: tuple[Tensor, ...], draws: torch.Generator) -> Tensor:
        x, z = pairs
        others = path_of(model, x, self.options.start).start(max(1, self.options.chains - 1), draws)
        return contrast(on_chains(network, x, torch.cat([z[None], others]))).mean()


class StructuredInfoNCE(GIWAE):
    """GIWAE with the prior as its proposal and the likelihood as its critic: the best that InfoNCE can do.

    Example:
        >>> StructuredInfoNCE(chains=8).options.chains
        8
    """

    name = "structured-infonce"
    summary = "InfoNCE with the known likelihood as its critic: at most log K"

    class Options(Options):
        """K alone; the rest follows."""

        chains: int = Field(64, ge=1, le=1_000_000, description="K, the pair's z and K - 1 draws of the prior")
        start: Literal["prior"] = Field("prior", description="the proposal")
        critic: Literal["optimal"] = Field("optimal", description="T = log p(x | z)")

    needs = "joint"


def giwae_terms(ratio: Tensor, scores: Tensor) -> Tensor:
    """The bound of each pair, `(n,)`, from log q(z_1|x) / p(z_1) `(n,)` and T(x, z_k) `(K, n)`, the pair's own first.

    >>> giwae_terms(torch.tensor([0.5]), torch.tensor([[3.0]]))  # K = 1: the critic does not count
    tensor([0.5000])
    """
    return ratio + contrast(scores)


def contrast(scores: Tensor) -> Tensor:
    """T(x, z_1) - log 1/K sum_k e^T(x, z_k), `(n,)`, at most log K."""
    return scores[0] - log_mean_exp(scores)


def log_ratio(model: Any, x: Tensor, z: Tensor, start: Start) -> Tensor:
    """log q(z | x) / p(z) `(m,)`, 0 where the proposal is the prior."""
    if start == "prior":
        return torch.zeros(len(z), dtype=z.dtype, device=z.device)
    return values(model.log_q, z, x) - values(model.log_prior, z)


def on_chains(critic: Critic, x: Tensor, z: Tensor) -> Tensor:
    """T(x, z_k) `(K, n)` of x `(n, data_size)` and z `(K, n, latent_size)`."""
    rows = x.expand(len(z), *x.shape).reshape(-1, x.shape[-1])
    return critic(rows, z.reshape(-1, z.shape[-1])).view(z.shape[:-1])


def perceptron(x: Tensor, z: Tensor, width: int, draws: torch.Generator) -> torch.nn.Module:
    """A critic of two hidden layers on (x, z), its inputs standardised by the pairs' own spread."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(new_seed(draws))
        return _Perceptron(x, z, width).to(x)


class _Perceptron(torch.nn.Module):
    mean: Tensor
    deviation: Tensor

    def __init__(self, x: Tensor, z: Tensor, width: int) -> None:
        super().__init__()
        both = torch.cat([x, z], 1)
        self.register_buffer("mean", both.mean(0))
        self.register_buffer("deviation", both.std(0).clamp(min=1e-12))
        layers = torch.nn.Linear(both.shape[1], width), torch.nn.Linear(width, width), torch.nn.Linear(width, 1)
        self.layers = torch.nn.Sequential(layers[0], torch.nn.SiLU(), layers[1], torch.nn.SiLU(), layers[2])

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        found: Tensor = self.layers((torch.cat([x, z], 1) - self.mean) / self.deviation)
        return found[:, 0]
