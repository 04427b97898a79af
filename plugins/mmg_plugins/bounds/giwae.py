"""`giwae` and `structured-infonce`: lower bounds on I(X; Z) from a proposal and a critic, where p(z) is known.

    I >= E [ log q(z_1|x) / p(z_1) + T(x, z_1) - log 1/K sum_k e^T(x, z_k) ],  z_1 of the pair, the others from q(z | x)

(generalised IWAE; Brekelmans et al., ICLR 2022, arXiv 2303.06992). The contrastive part, all but the first ratio, is at
most log K. Special cases: K = 1, or a constant T, is the bound of Barber and Agakov (2003); q = p(z) is InfoNCE (van
den Oord et al. 2018); T = log p(x, z) / q(z|x), the optimal critic, is IWAE.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from mmg_plugins.bounds.ais import mean_and_error
from mmg_plugins.bounds.annealed import seed_of
from mmg_plugins.bounds.critics import Pairs, critic_for, pairs_of, train
from mmg_plugins.bounds.options import RowsOptions, StartOptions, TrainingOptions
from mmg_registry.annealing.importance import log_sums
from mmg_registry.annealing.path import Start, checked_density, density_of, path_of, pieces
from mmg_registry.bounds.checkpoint import Stages
from mmg_registry.bounds.contract import BoundEstimator, Needs
from mmg_registry.bounds.result import Bound
from mmg_registry.contracts import Options
from mmg_registry.errors import OptionError
from mmg_registry.models.built_in import generator

Score = Callable[[Tensor, Tensor], Tensor]


class GIWAEOptions(TrainingOptions, StartOptions):
    """Options of `giwae`."""

    chains: int = Field(64, ge=1, le=1_000_000_000, description="K, the pair's z and K - 1 draws of the proposal")
    critic: Literal["optimal", "constant", "learned"] = Field(
        "optimal", description="T: log p(x, z) / q(z | x), 0, or a network trained on draws of the model"
    )


class GIWAE(BoundEstimator):
    """Importance weights with a critic in place of the density; at most log K nats above Barber and Agakov's bound.

    Example:
        >>> from mmg_registry import Run
        >>> from mmg_registry.models.built_in import built_in
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
            OptionError: when the model lacks the encoder, or the likelihood for the optimal critic.
            PluginError: for densities that are NaN or of a wrong shape.
            MMGError: when a learned critic's training diverges.
        """
        pairs = self._pairs(model, x, z)
        x, z = pairs.x, pairs.z
        critic, count = self._critic(model, pairs), self.options.chains
        path = path_of(model, x, self.options.start, self.options.rows)

        def score(rows: Tensor) -> Tensor:
            return on_chains(critic, x, rows, self.options.rows)

        own = score(z[None])[0].double()
        draws = generator(seed_of(self.run, 0), x.device)
        others = log_sums(path, score, own, count - 1, draws, stage=Stages(self.checkpoint) / "weights")
        contrastive = contrast(own, others.total, count)
        with torch.no_grad():
            terms = log_ratio(model, x, z, self.options.start).double() + contrastive
        lower, error = mean_and_error(terms)
        parts = {"contrastive": float(contrastive.mean()), "most_contrastive": math.log(count)}
        return Bound("lower", lower=lower, lower_se=error, true_mi=getattr(model, "true_mi", None), diagnostics=parts)

    def _pairs(self, model: Any, x: Tensor, z: Tensor) -> Pairs:
        return pairs_of(model, x, z, self.options.held) if self.options.critic == "learned" else Pairs(x, z, None)

    def _critic(self, model: Any, pairs: Pairs) -> Score:
        if self.options.critic == "constant":
            return lambda x, z: z.new_zeros(len(z))
        if self.options.critic == "learned":
            return self._trained(model, pairs)
        if not callable(getattr(model, "log_likelihood", None)):
            raise OptionError("The option 'critic' is 'optimal', and the model has no log_likelihood; use 'learned'.")
        return lambda x, z: density_of(model.log_likelihood, x, z) - log_ratio(model, x, z, self.options.start)

    def _trained(self, model: Any, pairs: Pairs) -> Score:
        """Return a network trained to maximise the bound on pairs to learn from, which it is never evaluated on."""
        draws = generator(seed_of(self.run, 2), pairs.x.device)
        critic = critic_for(pairs, model, self.options, draws)

        def loss() -> Tensor:
            x, z = pairs.draw(model, self.options.batch, draws)
            with torch.no_grad():
                others = path_of(model, x, self.options.start).start(max(1, self.options.chains - 1), draws)
            scores = critic.joined(critic.of_x(x), critic.of_z(torch.cat([z[None], others])))
            return -contrast(scores[0], torch.logsumexp(scores[1:], 0), len(scores)).mean()

        train(critic, loss, self.options, draws, self.run, Stages(self.checkpoint) / "training")
        return critic


class StructuredInfoNCE(GIWAE):
    """GIWAE with the prior as its proposal and the likelihood as its critic: InfoNCE with the optimal critic.

    Example:
        >>> StructuredInfoNCE(chains=8).options.chains
        8
    """

    name = "structured-infonce"
    summary = "InfoNCE with the known likelihood as its critic: at most log K"

    class Options(RowsOptions):
        """Options of `structured-infonce`: K alone, since the rest follows."""

        chains: int = Field(64, ge=1, le=1_000_000_000, description="K, the pair's z and K - 1 draws of the prior")
        start: Literal["prior"] = Field("prior", description="the proposal")
        critic: Literal["optimal"] = Field("optimal", description="T = log p(x | z)")

    needs = "joint"


def contrast(own: Tensor, others: Tensor, chains: int) -> Tensor:
    """Return T(x, z_1) - log 1/K sum_k e^T(x, z_k), `(n,)`, in nats, at most log K.

    Args:
        own: T(x, z_1), `(n,)`.
        others: `(n,)`, log of the sum of e^T over the K - 1 other draws; minus infinity where there are none.
        chains: K.

    >>> contrast(torch.tensor([3.0]), torch.tensor([-torch.inf]), 1)  # K = 1: the critic does not count
    tensor([0.])
    """
    return own - torch.logaddexp(own, others) + math.log(chains)


def log_ratio(model: Any, x: Tensor, z: Tensor, start: Start) -> Tensor:
    """Return log q(z | x) / p(z), `(m,)`; 0 where the proposal is the prior."""
    if start == "prior":
        return torch.zeros(len(z), dtype=z.dtype, device=z.device)
    return density_of(model.log_q, z, x) - density_of(model.log_prior, z)


def on_chains(critic: Score, x: Tensor, z: Tensor, rows: int | None = None) -> Tensor:
    """Return T(x, z_k), `(K, n)`, of x `(n, data_size)` and z `(K, n, latent_size)`, at most `rows` at a time."""
    with torch.no_grad():
        found = torch.cat([critic(*piece) for piece in pieces(x, z, rows)])
    return checked_density(found, "critic").view(z.shape[:-1])
