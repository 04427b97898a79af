"""MINDE: mutual information as an integrated distance between scores (Franzese, Bounoua and Michiardi, ICLR 2024).

By Girsanov's theorem the divergence of two densities is `1/2 integral beta(t) E|s_A - s_B|^2 dt` over a diffusion that
takes both to noise (arXiv 2310.09031). With scores as predicted noise, s = -eps_hat / sqrt(1 - k^2), and in log-SNR,
beta dt / (1 - k^2) becomes the measure itself (`mmg_plugins.minde.vp_sde`), and the estimators (nats) are

    minde-c    I = 1/2 integral E|eps_hat(x_t | y) - eps_hat(x_t)|^2
    minde-j    I = 1/2 integral E|eps_hat(x_t, y_t) - [eps_hat(x_t | y_0), eps_hat(y_t | x_0)]|^2

with the difference *inside* the square (the paper's equations 18 and 21, by the released code): `minde-c` is the
functional of `mmg-orthogonal` under a proposal of its own. With the difference *outside*, both denoisers are compared
with the noise r = b z / (a^2 sigma^2 + b^2) that a Gaussian N(0, sigma^2) would have in z = a x + b eps:

    I = 1/2 integral E|c - r|^2 - |u - r|^2    c: the conditional denoisers; u: the one without y, or the joint one

and r = 0 in the limit of a wide Gaussian. As c averages to u given what u sees, all forms agree for exact scores;
trained ones differ by `2 E<c - u, u - r>`. The result's `direct` is then the difference outside, `orthogonal` inside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor
from typing_extensions import Self

from mmg_plugins.minde.joint_denoiser import JointDenoiser, PairModuleDenoiser, beside, joint_gaussian_tail
from mmg_plugins.minde.network import ConditionalNetwork, JointNetwork
from mmg_plugins.minde.vp_sde import stub, training_proposal, window
from mmg_plugins.mmg.mmg import MMG, Combined, Fitted, FittedTerm, MMGOptions, Rows, by_gap
from mmg_plugins.mmg.recipes import PaperPrepared, PaperRecipe, Prepared, Recipe, Term
from mmg_registry.contracts import Array
from mmg_registry.core import Network, Proposal, TrainPlan, chosen_device, reference
from mmg_registry.diffusion import Denoiser, GapEstimate, ModuleDenoiser, Objective, Refine, Schedule, joined
from mmg_registry.results import Estimate

EVALUATE_EVERY = 500  # steps: an evaluation of the joint form runs in torch, and costs as much as hundreds of them


class MINDEOptions(MMGOptions):
    """Options of both MINDE forms."""

    left_open: ClassVar[frozenset[str]] = MMGOptions.left_open | {"difference", "sigma"}

    preset: Literal["default", "paper"] = Field(
        "default",
        description="'paper' for the published recipe: network, optimiser, standardisation, and a window that no "
        "column can tell more than some 5 nats through",
    )
    difference: Literal["inside", "outside", "outside-infinite"] = Field(
        "inside",
        description="of scores, inside the square; or outside, of distances from a Gaussian of width sigma or infinite",
    )
    sigma: float = Field(
        1.0, gt=0, le=1e3, description="standard deviation of that Gaussian, in units of the standardised columns"
    )

    @model_validator(mode="after")
    def _sigma_is_used(self) -> Self:
        if self.difference != "outside" and self.sigma != 1.0:
            raise ValueError("sigma counts with difference 'outside' alone; leave it out or change difference")
        return self


@dataclass(frozen=True)
class ConditionalPrepared(PaperPrepared):
    """The published recipe of MINDE-c: as MMG's but for the network, the loss's weight and the decay of weights."""

    weight_decay: ClassVar[float] = 0.0
    weighted: ClassVar[bool] = False

    def network(self) -> torch.nn.Module:
        return ConditionalNetwork(self.dim_x, self.dim_y)


@dataclass(frozen=True)
class JointPrepared(ConditionalPrepared):
    """The published recipe of MINDE-j: half the batches joint, the other half both conditionals at once.

    As published each of these has a quarter of the batches and the weight `1 + dim_clean / dim_noised`: the same in the
    mean where x and y have equally many columns.
    """

    kind: ClassVar[type[ModuleDenoiser]] = PairModuleDenoiser

    def network(self) -> torch.nn.Module:
        return JointNetwork(self.dim_x, self.dim_y)


class MINDEConditional(MMG):
    """MINDE-c: the distance between the scores of x with and without y.

    By default it trains and evaluates inside the compiled core, as MMG does, uniformly in log-SNR over the window that
    holds the measured gap; what a Gaussian pair of the same correlations has outside is added in closed form. With
    the difference outside, training runs in the core and evaluation in torch. `preset="paper"` runs in torch, on the
    published window, log-SNR -10.05 to 9.12 and a stub above it; nothing is added, so that no column can tell more
    than some 5.09 nats.

    Args:
        run: seed, threads, device, limits; see `mmg_registry.contracts.Run`.
        denoiser: a `torch.nn.Module` in place of the built-in network, as for `MMG`.
        **options: fields of `MINDEOptions`.

    Raises:
        OptionError: for an unknown or out-of-range option, or a device that this build cannot use.

    Example:
        >>> from mmg_registry.contracts import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> minde = MINDEConditional(run=Run(seed=0, threads=1), steps=50)
        >>> estimate = minde.fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(estimate.mi - 0.511) < 0.1)
        True
    """

    name = "minde-c"
    summary = "distance of scores with and without y, uniform in log-SNR"
    reference = "MINDE, arXiv 2310.09031"
    Options: ClassVar[type[MINDEOptions]] = MINDEOptions
    orthogonal = True
    adaptive = True
    paper: ClassVar[type[PaperPrepared]] = ConditionalPrepared

    options: MINDEOptions

    def estimate(self, x: Array, y: Array) -> Estimate:
        found = super().estimate(x, y)
        found.diagnostics["formula"] = {"difference": self.options.difference, "sigma": self._sigma}
        return found

    @property
    def _published(self) -> bool:
        return self.options.preset == "paper"

    @property
    def _outside(self) -> bool:
        return self.options.difference != "inside"

    @property
    def _sigma(self) -> float | None:
        """None where no Gaussian of finite width is compared with."""
        return self.options.sigma if self.options.difference == "outside" else None

    def _recipe(self) -> Recipe:
        return PaperRecipe(self.paper) if self._published else super()._recipe()

    def _first(self) -> Proposal:
        return training_proposal() if self._published else super()._first()

    def _refine(self, prepared: Prepared) -> Refine | None:
        return None if self._published else by_gap(floor=1.0)

    def _train(self, prepared: Prepared, term: Term, rows: Rows, held_out: Rows) -> tuple[FittedTerm, Proposal]:
        trained, last = super()._train(prepared, term, rows, held_out)
        return trained, window() if self._published else last

    def _gap(self, fitted: Fitted, x: Tensor, y: Tensor, repeats: int) -> GapEstimate:
        """On the window, and on the published stub above it with its published weights."""
        gap = super()._gap(fitted, x, y, repeats)
        if self._published:
            above = [(weight, self._gap_under(part, fitted, x, y, 1)) for weight, part in stub()]
            gap = joined([(1.0, gap), *above])
        if self._outside:  # the squares are then no denoising errors
            gap = replace(gap, curve=replace(gap.curve, mmse=None, mmse_cond=None))
        return gap

    def _sums(self, each: FittedTerm, x: Tensor, y: Tensor, proposal: Proposal, repeats: int) -> tuple[Tensor, Tensor]:
        if not self._outside:
            return super()._sums(each, x, y, proposal, repeats)
        errors_of = against_gaussian(each.denoiser.errors(), self._sigma)
        return reference.gap_of_errors(errors_of, *self._noised(x, y), proposal, seed=self.run.seed, repeats=repeats)

    def _noised(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """What is noised, and what the denoisers' errors take beside it."""
        return x, y

    def _combine(self, gap: GapEstimate, x: Tensor, y: Tensor) -> Combined:
        if self._outside:
            return Combined(gap.direct, {"rows": gap.direct_se}, gap.rows[:, 0])
        return super()._combine(gap, x, y)

    def _bias_warning(self, gap: GapEstimate) -> str:
        sentence = super()._bias_warning(gap)
        if not (sentence and self._outside):
            return sentence
        return (
            f"With the difference outside the estimate is {gap.direct:.3f} nats and inside {gap.orthogonal:.3f}, "
            f"{gap.cross:+.3f} +- {gap.cross_se:.3f} apart: exact scores would agree; train longer or with more rows."
        )

    def _backend(self) -> dict[str, Any]:
        return super()._backend() | ({"evaluation": "torch"} if self._outside else {})


class MINDEJoint(MINDEConditional):
    """MINDE-j: the distance between the scores of the pair, both sides noised, and of each side given the other clean.

    By default three networks train inside the compiled core, for the joint and the two conditional scores, and the
    evaluation, held-out rows included, runs in torch (see `JointDenoiser`): slower than `minde-c`, for the same value.
    `preset="paper"` trains the one published network in torch. Window, tail and options are those of `minde-c`.

    Args:
        run: seed, threads, device, limits; see `mmg_registry.contracts.Run`.
        denoiser: a `torch.nn.Module` that predicts the noise of the pair; see `PairModuleDenoiser`.
        **options: fields of `MINDEOptions`.

    Raises:
        OptionError: for an unknown or out-of-range option, or a device that this build cannot use.

    Example:
        >>> from mmg_registry.contracts import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> minde = MINDEJoint(run=Run(seed=0, threads=1), steps=50, repeats=8)
        >>> estimate = minde.fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(estimate.mi - 0.511) < 0.1)
        True
    """

    name = "minde-j"
    summary = "distance of joint and conditional scores, both sides noised, uniform in log-SNR"
    paper = JointPrepared

    def _denoiser(self, prepared: Prepared, term: Term, x: Tensor, y: Tensor) -> Denoiser:
        run, rho = self.run, torch.from_numpy(prepared.rho)
        if self._published:
            return super()._denoiser(prepared, term, x, y)
        if self.denoiser is not None:
            objective = Objective(precondition=False)
            return PairModuleDenoiser(self.denoiser, x, y, rho[:0], seed=run.seed, objective=objective)
        network = Network(x.shape[1], y.shape[1], self.options.width, self.options.depth)
        return JointDenoiser(network, x, y, rho, seed=run.seed, threads=run.threads, device=chosen_device(run.device))

    def _plan(self, prepared: Prepared) -> tuple[TrainPlan, Schedule]:
        plan, schedule = super()._plan(prepared)
        return plan, replace(schedule, check_every=max(EVALUATE_EVERY, schedule.check_every))

    def _tail(self, rho: NDArray[np.float64], low: float, high: float) -> float:
        return joint_gaussian_tail(rho, low, high)

    def _noised(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return (beside(x, y),) * 2

    def _backend(self) -> dict[str, Any]:
        return super()._backend() | {"evaluation": "torch"}


def against_gaussian(errors_of: reference.ErrorsOf, sigma: float | None) -> reference.ErrorsOf:
    """Distances from the noise that a Gaussian of width `sigma` would have, in the place of errors.

    `mmse_gap` takes the square of the first less that of the second: the difference outside for c - r and u - r.

    Args:
        errors_of: of the denoisers, on rows of what is noised and of what is not.
        sigma: None for an infinitely wide Gaussian, whose noise is 0.
    """

    def distances(x: Tensor, y: Tensor, draws: reference.Draws) -> reference.Errors:
        errors = errors_of(x, y, draws)
        beyond = draws.eps - _gaussian_noise(x, draws, sigma)
        none = torch.zeros_like(beyond)
        return reference.Errors(beyond - errors.given, beyond - errors.marginal, none, none)

    return distances


def _gaussian_noise(x: Tensor, draws: reference.Draws, sigma: float | None) -> Tensor:
    """E[eps | z] for x from N(0, sigma^2): what its score says at the drawn z."""
    if sigma is None:
        return torch.zeros_like(draws.eps)
    a, b = reference.channel(draws.logsnr)
    return b * (a * x[draws.row] + b * draws.eps) / (a.square() * sigma**2 + b.square())
