"""`mine-ais`, `mine-dv` and `mine-f`: lower bounds on I(X; Z) from a learned energy, where p(z) alone is known.

An energy T defines an approximate posterior p(z) e^T(x, z) / Z(x), which gives

    I >= E_p(x,z) T - E log Z(x)  >=  E_p(x,z) T - log E Z(x)  >=  E_p(x,z) T + 1 - E Z(x):

MINE-AIS (the implicit bound of Barber and Agakov; Brekelmans, Huang, Ghassemi, Ver Steeg, Grosse, Makhzani, ICLR 2022,
arXiv 2303.06992), MINE-DV (Donsker and Varadhan; Belghazi et al., arXiv 1801.04062) and MINE-F (Nguyen, Wainwright and
Jordan, arXiv 0809.0853). Each trains T by its own objective. MINE-AIS needs draws of the energy's posterior, for which
HMC starts at the z of the pair.

Annealed chains estimate log Z(x). Forward chains make it too low, and the bounds too high. Reverse chains would have to
start at draws of the energy's posterior, which are not available. They start at the z of the pair instead, a draw of
p(z | x). With w the weight of such a chain, F the law of forward chains and R that of reverse ones,

    E log w = E log [p(z) e^T R / F] = E [log p(z) / p(z | x) + T] + KL(p(z | x) R || F) >= E T - I

(K coupled chains likewise, with a mixture for F), so that E T - E log w is at most I for any energy and any number of
temperatures. The reported bound is this one. It may lie above the energy's own bound, for chains may be nearer to the
posterior than the energy is, but not above I. MINE-DV and MINE-F use the same numbers in place of log Z(x), and lie
below MINE-AIS of the same energy on every sample.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from mmg_plugins.bounds.annealed import anneal, diagnostics, seed_of, slow_chains, tuned_ladder
from mmg_plugins.bounds.critics import LatentCritic, Pairs, critic_for, pairs_of, train
from mmg_plugins.bounds.options import AnnealingOptions, TrainingOptions
from mmg_plugins.critics.networks import off_diagonal
from mmg_plugins.critics.objectives import Scores, donsker_varadhan, nwj
from mmg_registry.annealing.ais import LogEvidence
from mmg_registry.annealing.hmc import hmc
from mmg_registry.annealing.path import HandwrittenPath, density_of, draw_prior, gradient_of, pieces
from mmg_registry.annealing.schedule import TRAJECTORY
from mmg_registry.bounds.checkpoint import Stages
from mmg_registry.bounds.contract import BoundEstimator, Needs
from mmg_registry.bounds.result import Bound
from mmg_registry.contracts import Options
from mmg_registry.models.built_in import generator

CAVEAT = (
    "A lower bound in expectation, for log Z(x) is from reverse chains that start at the z of the pairs; forward "
    "chains, which make log Z(x) too low and the bound too high, are in 'forward'."
)
APART = 0.1  # nats by which forward and reverse chains may disagree without a warning, or
APART_SHARE = 0.05  # this share of the bound
FIRST_STEP = 0.3
GAIN = 0.2  # change of the step size's logarithm for an acceptance that is off by 1
MEMORY = 0.98  # weight of the past in the running scale of the chains


class EnergyOptions(AnnealingOptions, TrainingOptions):
    """Options of `mine-dv` and `mine-f`."""


class MCMCOptions(EnergyOptions):
    """Options of `mine-ais`."""

    moves: int = Field(1, ge=1, le=10_000, description="HMC trajectories of a training step's chains")


class Tilted:
    """The model p(z) e^T(x, z) / Z(x), whose prior is that of the given model and whose log-likelihood is T."""

    def __init__(self, model: Any, energy: LatentCritic, rows: int | None = None) -> None:
        self.model, self.energy, self.rows = model, energy, rows
        self.true_mi: float | None = getattr(model, "true_mi", None)

    def log_prior(self, z: Tensor) -> Tensor:
        return density_of(self.model.log_prior, z)

    def sample_prior(self, n: int, seed: int) -> Tensor:
        return draw_prior(self.model, n, generator(seed))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        found: Tensor = self.energy(x, z)
        return found

    def condition(self, x: Tensor) -> TiltedAt:
        return TiltedAt(self, x)


class TiltedAt:
    """A `Tilted` model given its data, whose part of the energy is computed once."""

    def __init__(self, tilted: Tilted, x: Tensor) -> None:
        self.tilted = tilted
        with torch.no_grad():
            self.of_x = tilted.energy.of_x(x)

    def prior(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self._differentiated(z, lambda _, leaf: self.tilted.log_prior(leaf))

    def likelihood(self, z: Tensor) -> tuple[Tensor, Tensor]:
        energy = self.tilted.energy
        return self._differentiated(z, lambda of_x, leaf: energy.joined(of_x, energy.of_z(leaf)))

    def _differentiated(self, z: Tensor, density: Callable[[Tensor, Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """Return values `(K, n)` and gradients `(K, n, latent_size)` at `z`, computed for `rows` rows at a time."""
        parts: list[tuple[Tensor, Tensor]] = []
        for of_x, rows in pieces(self.of_x, z, self.tilted.rows):
            with torch.enable_grad():
                leaf = rows.detach().requires_grad_(True)
                value = density(of_x, leaf)
                parts.append((value.detach(), gradient_of(value, leaf)))
        value, gradient = (torch.cat(each) for each in zip(*parts, strict=True))
        return value.view(z.shape[:-1]), gradient.view(z.shape)


class _EnergyBound(BoundEstimator):
    """Base class of the three bounds, which differ in the training objective and in the last formula."""

    reference = "Brekelmans et al., ICLR 2022, arXiv 2303.06992"
    Options: ClassVar[type[Options]] = EnergyOptions
    kind = "lower"
    needs: ClassVar[Needs] = "marginal"

    options: EnergyOptions

    def bound(self, model: Any, x: Tensor, z: Tensor) -> Bound:
        """Bound I(X; Z) from the pairs `x` `(n, data_size)`, `z` `(n, latent_size)`.

        The energy learns from fresh draws of the model, or, where it has no `sample`, from all pairs but `held`, and
        the bound is taken on the rest.

        Raises:
            PluginError: for a prior that is NaN, of a wrong shape or not differentiable.
            MMGError: when the training diverges, or HMC accepts nothing.
        """
        pairs, stages = pairs_of(model, x, z, self.options.held), Stages(self.checkpoint)
        draws = generator(seed_of(self.run, 2), x.device)
        tilted = Tilted(model, critic_for(pairs, model, self.options, draws), self.options.rows)
        self._train(tilted, pairs, draws, stages / "training")
        path = HandwrittenPath(tilted, pairs.x)
        ladder = tuned_ladder(path, self.options, self.run, stages)
        energy = path.log_ratio(pairs.z[None])[0]
        runs = anneal(ladder, pairs.z, energy, "sandwich", self.run, stages)
        last = next(reversed(runs.values()))
        found = self._result(energy, last, tilted.true_mi)
        with torch.no_grad():
            found.diagnostics["by_samples"] = self._read(energy, by_other_pairs(tilted.energy, pairs))[0]
        found.diagnostics.update(diagnostics(ladder.tuned, runs))
        return found

    @abstractmethod
    def _train(self, tilted: Tilted, pairs: Pairs, draws: torch.Generator, stage: Stages) -> None:
        """Train the energy."""

    def _read(self, energy: Tensor, log_z: Tensor) -> tuple[float, float]:
        return READINGS[self.name](energy, log_z)

    def _result(self, energy: Tensor, found: LogEvidence, true_mi: float | None) -> Bound:
        (lower, error), (forward, _) = self._read(energy, found.high), self._read(energy, found.low)
        same = {name: read(energy, found.high)[0] for name, read in READINGS.items()}
        about = {"forward": forward, "gap": found.gap, "caveat": CAVEAT, "pairs": len(energy), "same_energy": same}
        warnings = [*slow_chains(found), *_doubts(found.gap, lower, forward)]
        return Bound("lower", lower, None, error, None, true_mi, diagnostics=about, warnings=warnings)


def by_other_pairs(energy: LatentCritic, pairs: Pairs) -> Tensor:
    """Return log Z(x), `(n,)`, from the z of other pairs, as critics do without a known p(z); too low at high MI."""
    others = off_diagonal(energy.table(pairs.x, pairs.z).double())
    return torch.logsumexp(others, 1) - math.log(others.shape[1])


def implicit(energy: Tensor, log_z: Tensor) -> tuple[float, float]:
    """Return E T - E log Z and its standard error, in nats, from `(n,)` tensors of T and log Z."""
    return _read(energy - log_z, (energy - log_z).mean())


def partition(energy: Tensor, log_z: Tensor) -> tuple[float, float]:
    """Return E T - log E Z and its standard error by the delta method, in nats."""
    log_mean = torch.logsumexp(log_z, 0) - math.log(len(log_z))
    return _read(energy - (log_z - log_mean).exp(), energy.mean() - log_mean)


def linearised(energy: Tensor, log_z: Tensor) -> tuple[float, float]:
    """Return E T + 1 - E Z and its standard error, in nats."""
    return _read(energy - log_z.exp(), energy.mean() + 1 - log_z.exp().mean())


def _read(influence: Tensor, value: Tensor) -> tuple[float, float]:
    return float(value), float(influence.std()) / math.sqrt(len(influence))


READINGS = {"mine-ais": implicit, "mine-dv": partition, "mine-f": linearised}


def _doubts(gap: float, lower: float, forward: float) -> list[str]:
    """Return a warning where forward and reverse chains disagree, with what that means."""
    if abs(gap) <= max(APART, APART_SHARE * abs(lower)):
        return []
    what = (
        "the chains are too short, or the energy leaves out some of the posterior"
        if gap > 0
        else "the energy's posterior has mass where no pair is, or none where pairs are"
    )
    return [
        f"Forward and reverse chains disagree by {gap:+.3f} nats about log Z (the bound is {lower:.3f} by reverse, "
        f"{forward:.3f} by forward chains): {what}. Only the reverse value is a bound; more temperatures or steps help."
    ]


class MINEAIS(_EnergyBound):
    """An energy trained as a model of p(z | x) by maximum likelihood, with log Z(x) by multi-sample AIS.

    Example:
        >>> from mmg_registry import Run
        >>> from mmg_registry.models.built_in import built_in
        >>> model = built_in("gaussian-channel", dim=1, mi=1.0)
        >>> plugin = MINEAIS(run=Run(seed=0), steps=300, width=16, temperatures=50, chains=4)
        >>> found = plugin.bound(model, *model.sample(200, seed=0))
        >>> found.upper is None, 0.7 < found.lower < 1.2
        (True, True)
    """

    name = "mine-ais"
    summary = "Lower bound from an energy trained by MCMC, its partition by AIS"
    Options = MCMCOptions
    options: MCMCOptions

    def _train(self, tilted: Tilted, pairs: Pairs, draws: torch.Generator, stage: Stages) -> None:
        """Train by the bound's gradient, E_p(x,z) dT - E_p(x) pi(z|x) dT, drawing pi by HMC from the pair's z."""
        chains = _Negatives(tilted.energy, pairs.z)

        def loss() -> Tensor:
            x, z = pairs.draw(tilted.model, self.options.batch, draws)
            drawn = chains.draw(tilted, x, z, self.options, draws)
            difference: Tensor = (tilted.energy(x, drawn) - tilted.energy(x, z)).mean()
            return difference

        train(chains, loss, self.options, draws, self.run, stage)


class _Negatives(nn.Module):
    """Draws of the energy's posterior by HMC, whose step size and scale adapt as training goes on."""

    step: Tensor
    square: Tensor

    def __init__(self, energy: LatentCritic, z: Tensor) -> None:
        super().__init__()
        self.energy = energy
        self.register_buffer("step", torch.tensor(FIRST_STEP, dtype=z.dtype, device=z.device))
        self.register_buffer("square", z.var(0))

    def draw(self, tilted: Tilted, x: Tensor, z: Tensor, options: MCMCOptions, draws: torch.Generator) -> Tensor:
        """Return the ends `(n, latent_size)` of chains from `z`, one for each pair, after `moves` trajectories."""
        path, found = HandwrittenPath(tilted, x), z[None]
        for _ in range(options.moves):
            length = min(options.leapfrog, max(1, math.ceil(TRAJECTORY / float(self.step))))
            steps = self.step.expand(len(x))
            found, acceptance = hmc(path, found, 1.0, steps, self.square.sqrt(), length, draws)
            self.step.mul_((GAIN * (acceptance.mean() - options.acceptance)).exp()).clamp_(1e-6, 2.0)
        # Both are draws of nearly the same posterior, so that their difference has twice its variance.
        self.square.mul_(MEMORY).add_((1 - MEMORY) * 0.5 * (found[0] - z).square().mean(0)).clamp_(min=1e-30)
        return found[0]


class _ByProduct(_EnergyBound):
    """Base class of the bounds whose energy is trained on pairs and on the z of other pairs, as critics are."""

    @staticmethod
    @abstractmethod
    def objective(scores: Scores) -> Tensor:
        """Return each row's share `(n,)` of the objective of a batch."""

    def _train(self, tilted: Tilted, pairs: Pairs, draws: torch.Generator, stage: Stages) -> None:
        def loss() -> Tensor:
            table = tilted.energy.table(*pairs.draw(tilted.model, self.options.batch, draws))
            return -self.objective(Scores(table.diagonal(), off_diagonal(table))).mean()

        train(tilted.energy, loss, self.options, draws, self.run, stage)


class MINEDV(_ByProduct):
    """The bound of Donsker and Varadhan, trained on all pairs of a batch, evaluated as MINE-AIS is.

    Example:
        >>> MINEDV.needs, MINEDV.kind
        ('marginal', 'lower')
    """

    name = "mine-dv"
    summary = "Donsker-Varadhan where p(z) is known, its partition by AIS"

    @staticmethod
    def objective(scores: Scores) -> Tensor:
        return donsker_varadhan(scores)


class MINEF(_ByProduct):
    """The bound of Nguyen, Wainwright and Jordan, trained on all pairs of a batch, evaluated as MINE-AIS is.

    Example:
        >>> MINEF.needs, MINEF.kind
        ('marginal', 'lower')
    """

    name = "mine-f"
    summary = "Nguyen-Wainwright-Jordan where p(z) is known, its partition by AIS"

    @staticmethod
    def objective(scores: Scores) -> Tensor:
        return nwj(scores)
