"""`auto` for entropies: the unconditional denoiser alone, beside the closed form of a normal density.

    h(X) = -E ln g(X) - 1/2 integral over log-SNR of E|eps - eps_normal(z)|^2 - E|eps - eps_hat(z)|^2

where g is the density under which mapped and whitened rows are standard normal, and eps_normal its denoiser, which is
linear (Kong, Brekelmans and Ver Steeg, "Information-theoretic diffusion", arXiv 2302.03792, equations 8 to 13, in the
coordinates of g). The same identity holds row by row, so that the trained denoiser tells -ln p of rows of any law. What
it has not learned keeps the closed form, and the entropy is too high by that much.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from typing_extensions import Self

from mmg_plugins.baselines.nearest import surprisals_of
from mmg_plugins.baselines.neighbours import Search
from mmg_plugins.mmg.options import MMGOptions
from mmg_plugins.mmg.parts.networks import core_settings
from mmg_plugins.mmg.parts.plans import DefaultPlan
from mmg_plugins.mmg.steps.unfinished import stopped
from mmg_plugins.mmg.thresholds import (
    AUTO_STEPS,
    AUTO_TOLERANCE,
    EVALUATION_DRAWS,
    LEAST_REPEATS,
    MIXTURE_COLUMNS,
    SURE_ERRORS,
)
from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array, Options, Run
from mmg_registry.core import BIN_SUMS, ROW_VALUES, Network, Proposal
from mmg_registry.diffusion import FusedDenoiser, NormalMixture, TrainedDenoiser, TrainingSetup, fit_mixture, train
from mmg_registry.diffusion.learner import MOST_REPEATS
from mmg_registry.diffusion.mixture import COMPONENT_ROWS
from mmg_registry.diffusion.proposals import gap_proposal, pilot
from mmg_registry.entropies.contract import EntropyEstimator, Surprisals
from mmg_registry.errors import OptionError
from mmg_registry.preprocess.density import NormalDensity
from mmg_registry.threads import torch_threads
from mmg_registry.training import Report
from mmg_registry.training.held_out import hold_back

PASSES = 2  # of the network, with and without a column that tells nothing; a report counts the gain of both
LEAST_MIXED = 2 * COMPONENT_ROWS  # fitted rows that allow a second component; fewer show no mixture
MOST_MIXED = 8_000  # rows that a mixture is fitted to, for time: some seconds at ten columns
UNLEARNED_SHARE = (
    0.1  # of what was learned that may be left: 2 % of a ring, 5 % of clusters in 10 columns, more of gammas
)
NEIGHBOUR_COLUMNS = 3  # up to which nearest neighbours are a second opinion: in more, few rows leave them far apart
NEIGHBOUR_LEAST = 1_000  # rows fitted and evaluated, fewer than which say little
NEIGHBOUR_ROWS = 20_000  # of each that are asked, for time
NEIGHBOUR_BIAS = 0.03  # nats that neighbours may be off by themselves
DISAGREEMENT = (
    "Nearest neighbours find another entropy, by {apart:.3f} nats, which the error includes: the rows may have finer "
    "structure than the network learned; give it more rows or more steps."
)


class EntropyOptions(Options):
    """Options of `auto` for entropies; none needs to be set."""

    steps: int = Field(AUTO_STEPS, ge=20, le=10_000_000, description="most training steps")
    width: int = Field(64, ge=4, le=2048, description="units of the network's residual stream and of its gates")
    depth: int = Field(2, ge=1, le=16, description="gated residual blocks")
    tolerance: float = Field(
        AUTO_TOLERANCE, ge=0, le=1, description="nats; training ends when a third of it gains less on held-out rows"
    )
    mixture: bool = Field(True, description="also fit a mixture of normal densities, and take it where it does better")
    gaussianise: bool = Field(True, description="map the columns to near-normal ones first")

    @property
    def plan(self) -> DefaultPlan:
        """Return the training plan of the default recipe with these limits."""
        return DefaultPlan(MMGOptions.model_validate({"steps": self.steps, "tolerance": self.tolerance}))


@dataclass(frozen=True)
class ScaledMixture:
    """A mixture of normal densities of rows that are scaled and turned alone: bent, clusters would not be normal."""

    scaled: NormalDensity
    mixture: NormalMixture

    @classmethod
    def fit(cls, rows: Array, seed: int) -> ScaledMixture:
        """Fit to rows `(n, dim)`."""
        scaled = NormalDensity.fit(rows, gaussianise=False)
        return cls(scaled, fit_mixture(scaled.place(rows)[0], seed))

    @property
    def parameters(self) -> int:
        """Return how many numbers were fitted."""
        each = self.scaled.dim * (self.scaled.dim + 3) // 2 + 1
        return len(self.mixture.log_share) * each - 1

    def surprisals(self, rows: Array) -> F64:
        """Return -ln of the density of rows `(n, dim)`, `(n,)` in nats."""
        places, log_density = self.scaled.place(rows)
        normal = (np.sum(places**2, axis=1) + self.scaled.dim * math.log(2 * math.pi)) / 2
        values: F64 = -self.mixture.log_density(places) - normal - log_density
        return values


@dataclass(frozen=True)
class Fitted:
    """What a fit left.

    Attributes:
        density: the closed form that the denoiser starts from, and the maps.
        some: some mapped rows, for nearest neighbours.
        mixture: a mixture of normal densities of the rows, scaled and turned alone, where it surely does better on
            held-out rows than the denoiser; else None.
        denoiser, proposal, report: the trained denoiser of mapped rows.
    """

    density: NormalDensity
    some: F64
    mixture: ScaledMixture | None
    denoiser: TrainedDenoiser
    proposal: Proposal
    report: Report

    @property
    def optimism(self) -> float:
        """Return what fitting to so few rows adds to the mean surprisal, in nats, to first order."""
        density = self.density if self.mixture is None else self.mixture
        rows = self.density.rows if self.mixture is None else self.mixture.scaled.rows
        return density.parameters / (2 * rows)


class DenoisedEntropy(EntropyEstimator):
    """Entropy by the denoiser of the rows alone, which corrects the closed form of mapped normal columns.

    Args:
        run: seed, threads, device, limits; see `mmg_registry.contracts.Run`.
        **options: fields of `EntropyOptions`.

    Raises:
        OptionError: for an unknown or out-of-range option, a device that this build cannot use, or `surprisals` before
            `fit`.

    Example:
        >>> import numpy as np
        >>> rows = np.exp(np.random.default_rng(0).standard_normal((3000, 1)))  # h = 1/2 ln(2 pi e) = 1.419
        >>> fitted = DenoisedEntropy(run=Run(seed=0, threads=1), steps=40).fit(rows[:2400])
        >>> bool(abs(fitted.surprisals(rows[2400:]).values.mean() - 1.419) < 0.15)
        True
    """

    name: ClassVar[str] = "auto"
    summary: ClassVar[str] = "the unconditional denoiser, beside the closed form of mapped normal columns"
    reference: ClassVar[str] = "Kong, Brekelmans and Ver Steeg, arXiv 2302.03792"
    Options: ClassVar[type[EntropyOptions]] = EntropyOptions
    information: ClassVar[str] = "auto"

    options: EntropyOptions
    _fitted: Fitted | None = None

    def fit(self, x: Array, groups: Index | None = None) -> Self:
        with torch_threads(self.run.threads):
            density = NormalDensity.fit(x, self.options.gaussianise)
            places, _ = density.place(x)
            self._fitted = self._trained(density, x, places, groups)
        return self

    def _trained(self, density: NormalDensity, x: Array, places: F64, groups: Index | None) -> Fitted:
        """Train a denoiser of mapped rows `places` `(n, dim)` of `x`, beside a column that tells nothing of them."""
        z = torch.from_numpy(places).float()
        (left, own), (held, others) = hold_back(z, torch.arange(len(z))[:, None], self.run.seed, groups)
        rows, held_out = (left, _nothing(left)), (held, _nothing(held))
        network = Network(z.shape[1], 1, self.options.width, self.options.depth)
        no_correlation = torch.zeros(0, dtype=torch.float64)
        denoiser = FusedDenoiser(network, *rows, no_correlation, **core_settings(self.run))
        plan, schedule = self.options.plan(z.shape[1], len(z))
        setup = TrainingSetup(held_out, schedule, replace(self.run, progress=_without_value(self.run)))
        proposal, report = train(denoiser, pilot(), plan, setup, refine=following_excess)
        some = places[:: max(1, len(places) // NEIGHBOUR_ROWS)]
        alone = Fitted(density, some, None, denoiser, proposal, report)
        return replace(alone, mixture=self._better(alone, x[own[:, 0].numpy()], x[others[:, 0].numpy()]))

    def _better(self, alone: Fitted, rows: Array, held_out: Array) -> ScaledMixture | None:
        """Return a mixture that surely surprises held-out rows less than the denoiser does; None where none does."""
        few = len(rows) < LEAST_MIXED or len(held_out) < 2  # one row held out has no spread to be sure by
        if few or rows.shape[1] > MIXTURE_COLUMNS or not self.options.mixture:
            return None
        mixture = ScaledMixture.fit(rows[:: max(1, len(rows) // MOST_MIXED)], self.run.seed)
        gain = self._values(alone, held_out) - mixture.surprisals(held_out)
        sure = gain.mean() > SURE_ERRORS * gain.std(ddof=1) / math.sqrt(len(gain))
        return mixture if sure else None

    def first_guess(self, x: Array) -> F64:
        return -self.fitted.density.log_density(x)

    @property
    def fitted(self) -> Fitted:
        """Return what `fit` left.

        Raises:
            OptionError: before `fit`.
        """
        if self._fitted is None:
            raise OptionError(f"The entropy estimator '{self.name}' is not fitted; call fit(x) first.")
        return self._fitted

    def surprisals(self, x: Array) -> Surprisals:
        fitted, report = self.fitted, self.fitted.report
        values, first = self._values(fitted, x), self.first_guess(x)
        correction = float((values - first).mean())
        apart = _apart(fitted, x, values, self.run.threads)
        errors = {
            "training": 0.0 if fitted.mixture else math.hypot(report.unfinished / PASSES, report.choice_error),
            "unlearned": UNLEARNED_SHARE * abs(correction) if fitted.mixture is None else 0.0,
            "neighbours": apart,
            "maps": 0.0 if fitted.mixture else fitted.density.unresolved,
        }
        return Surprisals(
            values=values,
            optimism=fitted.optimism,
            guess_optimism=fitted.density.parameters / (2 * fitted.density.rows),
            unlearned=math.hypot(*errors.values()),
            diagnostics={
                "first_guess": float(first.mean()),
                "correction": correction,
                "maps": fitted.density.margins.words,
                "training": {"steps": report.steps, "kept": report.kept, "stopped": report.stopped},
                "window": [fitted.proposal.low, fitted.proposal.high],
                "mixture": 0 if fitted.mixture is None else len(fitted.mixture.mixture.log_share),
                "errors": errors,
            },
            warnings=tuple(filter(None, [stopped(report), DISAGREEMENT.format(apart=apart) if apart else ""])),
        )

    def _values(self, fitted: Fitted, x: Array) -> F64:
        """Return the surprisals of rows `(n, dim)`, `(n,)` in nats: of the mixture, or of closed form and denoiser."""
        if fitted.mixture is not None:
            return fitted.mixture.surprisals(x)
        places, log_density = fitted.density.place(x)
        z = torch.from_numpy(places).float()
        repeats = max(LEAST_REPEATS, min(MOST_REPEATS, EVALUATION_DRAWS // len(z)))
        with torch_threads(self.run.threads):
            how: dict[str, Any] = {"repeats": repeats, "seed": self.run.seed}
            found = fitted.denoiser.gap(z, _nothing(z), fitted.proposal, **how)[1]
        excess: F64 = found[:, ROW_VALUES.index("excess")].numpy()
        values: F64 = excess - log_density
        return values


def following_excess(bins: Tensor, proposal: Proposal) -> Proposal:
    """Return the proposal that follows what the denoiser gains over the linear one, under the pilot's draws."""
    gain = -bins[:, BIN_SUMS.index("excess")].double().numpy()
    return gap_proposal(pilot().edges.double().numpy(), gain)


def _nothing(rows: Tensor) -> Tensor:
    return torch.zeros(len(rows), 1)


def _apart(fitted: Fitted, x: Array, values: F64, threads: int) -> float:
    """Return by how much nearest neighbours surely find another mean, in nats; 0 in many columns or few rows.

    Both are compared on the same rows `(n, dim)` in the same coordinates, so that what remains is what one of the two
    has not seen: neighbours see fine structure that no network has learned, and are off where columns are many.
    """
    dim, some = fitted.density.dim, slice(0, NEIGHBOUR_ROWS)
    if dim > NEIGHBOUR_COLUMNS or min(len(x), len(fitted.some)) < NEIGHBOUR_LEAST:
        return 0.0
    places, log_density = fitted.density.place(x[some])
    stretch = log_density + (np.sum(places**2, axis=1) + dim * math.log(2 * math.pi)) / 2
    difference = values[some] - surprisals_of(fitted.some, places, Search(threads=threads)) + stretch
    error = float(difference.std(ddof=1)) / math.sqrt(len(difference))
    sure = abs(float(difference.mean())) - SURE_ERRORS * error
    return abs(float(difference.mean())) if sure > NEIGHBOUR_BIAS else 0.0


def _without_value(run: Run) -> Callable[[Any], None] | None:
    """Return the run's listener without the running estimate, which for one pass alone is no information."""
    listen = run.progress
    return None if listen is None else lambda progress: listen(replace(progress, mi=None))
