"""MINDE: mutual information as an integrated distance between scores (Franzese, Bounoua and Michiardi, ICLR 2024).

By Girsanov's theorem the divergence of two densities is `1/2 integral beta(t) E|s_A - s_B|^2 dt` over a diffusion that
takes both to noise (arXiv 2310.09031). Write scores as predicted noise, s = -eps_hat / sqrt(1 - k^2). In log-SNR
beta dt / (1 - k^2) is then the measure itself (`mmg_plugins.minde.vp_sde`), and the estimators (nats) are

    minde-c    I = 1/2 integral E|eps_hat(x_t | y) - eps_hat(x_t)|^2
    minde-j    I = 1/2 integral E|eps_hat(x_t, y_t) - [eps_hat(x_t | y_0), eps_hat(y_t | x_0)]|^2

with the difference *inside* the square (the paper's equations 18 and 21, by the released code): `minde-c` is the
functional of `mmg-orthogonal` under a proposal of its own. With the difference *outside*, both denoisers are compared
with the noise r = b z / (a^2 sigma^2 + b^2) that a Gaussian N(0, sigma^2) would have in z = a x + b eps:

    I = 1/2 integral E|c - r|^2 - |u - r|^2    c: the conditional denoisers; u: the one without y, or the joint one

and r = 0 in the limit of a wide Gaussian. All forms agree for exact scores, since c averages to u given what u sees.
With trained scores they differ by `2 E<c - u, u - r>`. The result's `direct` is then the form with the difference
outside, its `orthogonal` the form with the difference inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from mmg_plugins.minde import parts
from mmg_plugins.minde.joint_denoiser import joint_gaussian_tail
from mmg_plugins.minde.outside import STEPS, OutsideSums, as_they_are
from mmg_plugins.mmg.estimator import GapEstimator
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.options import MMGOptions
from mmg_plugins.mmg.parts import mixing
from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_plugins.mmg.recipe import Recipe
from mmg_registry.contracts import Estimator
from mmg_registry.kinds import KindName

Noised = Callable[[CoordinateRows], CoordinateRows]


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

    @property
    def outside(self) -> bool:
        """Return whether the difference is outside the square, of distances from a Gaussian."""
        return self.difference != "inside"

    @property
    def finite_sigma(self) -> float | None:
        """Return the Gaussian's standard deviation; None where no Gaussian of finite width is compared with."""
        return self.sigma if self.difference == "outside" else None

    @model_validator(mode="after")
    def _sigma_is_used(self) -> Self:
        if self.difference != "outside" and self.sigma != 1.0:
            raise ValueError("sigma counts with difference 'outside' alone; leave it out or change difference")
        return self


class MINDEConditional(GapEstimator):
    """MINDE-c: the distance between the scores of x with and without y.

    By default it trains and evaluates inside the compiled core, as MMG does, uniformly in log-SNR over the window that
    holds the measured gap; the integral of a Gaussian pair with the same correlations outside the window is added in
    closed form. With the difference outside the square, training runs in the core and evaluation in torch.
    `preset="paper"` runs in torch, on the published window, log-SNR -10.05 to 9.12, and a stub above it. It adds
    nothing outside, so that no column can contribute more than some 5.09 nats.

    Args:
        run: seed, threads, device, limits; see `mmg_registry.contracts.Run`.
        denoiser: a `torch.nn.Module` in place of the built-in network, as for `MMG`.
        **options: fields of `MINDEOptions`.

    Raises:
        OptionError: for an unknown or out-of-range option, or a device that this build cannot use.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> minde = MINDEConditional(run=Run(seed=0, threads=1), steps=50)
        >>> estimate = minde.fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(estimate.mi - 0.511) < 0.1)
        True
    """

    name: ClassVar[str] = "minde-c"
    summary: ClassVar[str] = "distance of scores with and without y, uniform in log-SNR"
    reference: ClassVar[str] = "MINDE, arXiv 2310.09031"
    Options: ClassVar[type[MINDEOptions]] = MINDEOptions

    options: MINDEOptions

    def recipe(self) -> Recipe:
        """Return the published or the default recipe, with the difference inside the square or outside."""
        base = parts.published_conditional if self.options.published else parts.uniform_over_gap
        return of_form(base(self.options, self.run, self.denoiser), self.options)


class MINDEJoint(GapEstimator):
    """MINDE-j: the distance between the scores of the pair, both sides noised, and of each side given the other clean.

    By default three networks train inside the compiled core, for the joint and the two conditional scores. The
    evaluation, that of held-out rows included, runs in torch (see `JointDenoiser`), slower than for `minde-c`.
    `preset="paper"` trains the one published network in torch. Window, tail and options are those of `minde-c`.

    Args:
        run: seed, threads, device, limits; see `mmg_registry.contracts.Run`.
        denoiser: a `torch.nn.Module` that predicts the noise of the pair; see `PairModuleDenoiser`.
        **options: fields of `MINDEOptions`.

    Raises:
        OptionError: for an unknown or out-of-range option, or a device that this build cannot use.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> minde = MINDEJoint(run=Run(seed=0, threads=1), steps=50, repeats=8)
        >>> estimate = minde.fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(estimate.mi - 0.511) < 0.1)
        True
    """

    name: ClassVar[str] = "minde-j"
    kinds: ClassVar[frozenset[KindName]] = frozenset({"continuous", "count"})
    summary: ClassVar[str] = "distance of joint and conditional scores, both sides noised, uniform in log-SNR"
    # none here: the closed form of single rows is that of one noised side
    pointwise = Estimator.pointwise  # type: ignore[assignment]
    table_rows: ClassVar[int] = 0
    reference: ClassVar[str] = "MINDE, arXiv 2310.09031"
    Options: ClassVar[type[MINDEOptions]] = MINDEOptions

    options: MINDEOptions

    def recipe(self) -> Recipe:
        """Return the published or the default recipe of the pair, with the difference inside the square or outside."""
        base = parts.published_joint if self.options.published else parts.default_joint
        found = of_form(base(self.options, self.run, self.denoiser), self.options, parts.as_pair)
        return replace(found, tail=joint_gaussian_tail, gap=replace(found.gap, in_torch=True), one_sided=False)


def of_form(recipe: Recipe, options: MINDEOptions, noised: Noised = as_they_are) -> Recipe:
    """Return the recipe with the difference inside the square, or outside.

    Args:
        recipe: the recipe with the difference inside.
        options: the options, which ask for one or the other.
        noised: gives, from a term's rows, the noised variable and what the denoisers' errors take beside it.
    """

    def formula(recipe: Recipe, evidence: Evidence) -> dict[str, Any]:
        return {"formula": {"difference": options.difference, "sigma": options.finite_sigma}}

    recipe = replace(recipe, mix=mixing.orthogonal, integrand="orthogonal", describe=formula)
    if not options.outside:
        return recipe
    sums = OutsideSums(options.finite_sigma, noised)
    gap = replace(recipe.gap, sums=sums, denoising=False, in_torch=True)
    return replace(recipe, gap=gap, mix=mixing.direct, steps=STEPS)
