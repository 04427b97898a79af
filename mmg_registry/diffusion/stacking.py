"""A trained network and a mixture as one pair of denoisers, whose predictions are weighted means of theirs.

Stacking is due to Wolpert (Neural Networks 1992). The error of a prediction is linear in it, so the weight of least
squared error on held-out rows has a closed form.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmg_registry.core import Proposal
from mmg_registry.core.reference import Draws, Errors, ErrorsOf, gap_draws, gap_of_errors
from mmg_registry.diffusion.denoisers import TrainedDenoiser
from mmg_registry.diffusion.mixture import MixtureDenoisers, NormalMixture
from mmg_registry.training import RowPair
from mmg_registry.training.evaluation import gained

WEIGHT, MIXTURE = "stacked.weight", "stacked.mixture."  # names in a snapshot
DRAWS = 20_000  # of noise on held-out rows, from which the weight is computed


class Stacked:
    """The `TrainedDenoiser` whose predictions are weighted means of those of a network and of a mixture.

    Args:
        network: trained denoisers without columns of context.
        mixture: the denoisers of a mixture.
        weight: share of the mixture, 0 to 1.
    """

    def __init__(self, network: TrainedDenoiser, mixture: MixtureDenoisers, weight: float) -> None:
        self._network, self._mixture, self.weight = network, mixture, weight
        self.n_parameters = network.n_parameters

    @property
    def backend(self) -> dict[str, str]:
        return self._network.backend

    def gap(self, x: Tensor, y: Tensor, proposal: Proposal, *, repeats: int, seed: int) -> tuple[Tensor, Tensor]:
        return gap_of_errors(self.errors(), x, y, proposal, seed=seed, repeats=repeats)

    def errors(self) -> ErrorsOf:
        of_network = self._network.errors()

        def weighted(x: Tensor, y: Tensor, draws: Draws) -> Errors:
            own, (marginal, given) = of_network(x, y, draws), self._mixture.errors(x, y, draws)
            marginal = torch.lerp(own.marginal, marginal, self.weight)
            return Errors(marginal, torch.lerp(own.given, given, self.weight), own.wiener, own.wiener_given)

        return weighted

    def snapshot(self) -> dict[str, Tensor]:
        mixture = {MIXTURE + name: array for name, array in self._mixture.mixture.arrays().items()}
        return {**self._network.snapshot(), WEIGHT: torch.tensor([self.weight]), **mixture}

    def rewind(self, snapshot: Mapping[str, Tensor]) -> None:
        self._network.rewind(snapshot)


def stacked(
    network: TrainedDenoiser, mixture: MixtureDenoisers, held_out: RowPair, proposal: Proposal, seed: int
) -> Stacked | None:
    """Return network and mixture with the weight that held-out rows favour; None where these do not surely gain.

    With errors e of the network and e + d of the mixture, the squared error of the weight w is |e + w d|^2, least at
    w = -sum(e d) / sum(d d). The gain counts from its standard error on, as that of later weights of a training does.

    Args:
        network: trained denoisers without columns of context.
        mixture: the denoisers of a mixture.
        held_out: rows that neither was fitted to.
        proposal: the density of log-SNR.
        seed: seed of the noise.
    """
    along, square = _products(network.errors(), mixture, held_out, proposal, seed)
    if not square.sum() > 0:
        return None
    weight = float((along.sum() / square.sum()).clamp(0, 1))
    gain, error = gained(torch.zeros_like(along), weight * along - weight**2 / 2 * square)
    return Stacked(network, mixture, weight) if gain > error else None


def _products(
    errors: ErrorsOf, mixture: MixtureDenoisers, rows: RowPair, proposal: Proposal, seed: int
) -> tuple[Tensor, Tensor]:
    """Return the means over draws of -e d and of d d for every row, `(n,)` each, in nats."""
    x, y = rows
    repeats = max(1, DRAWS // len(x))
    found = torch.zeros(2, len(x), dtype=torch.float64)
    for repeat in range(repeats):
        draws = gap_draws(proposal, seed, repeat, repeats, torch.arange(len(x)), x.shape[1])
        own, others = errors(x, y, draws), mixture.errors(x, y, draws)
        for e, other in zip((own.marginal, own.given), others, strict=True):
            d = (other - e).double()
            found += draws.weight.double() * torch.stack([-(e * d).sum(1), d.square().sum(1)])
    return found[0] / repeats, found[1] / repeats


def as_saved(network: TrainedDenoiser, noised: int, snapshot: Mapping[str, Tensor]) -> TrainedDenoiser:
    """Return the denoiser that `snapshot` is of: `network`, or `network` and a mixture with `noised` columns of x."""
    network.rewind(snapshot)
    if WEIGHT not in snapshot:
        return network
    arrays = {name.removeprefix(MIXTURE): each for name, each in snapshot.items() if name.startswith(MIXTURE)}
    return Stacked(network, MixtureDenoisers(NormalMixture.of_arrays(arrays), noised), float(snapshot[WEIGHT]))
