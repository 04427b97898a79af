"""`auto`: an MMG estimate that needs no choice of variant.

What it decides, and by what:

- **Direction**: the variable with fewer columns is noised, x where they tie; the identity holds either way, and the
  noise to be guessed, the output of the network and the variance of the integrand grow with the noised one.
- **Window and proposal over log-SNR**: from the held-out gap itself; bins are drawn in proportion to the square root of
  their second moment's proxy, the gap, which minimises the variance of an importance-sampled integral.
- **Length of training**: the held-out loss, as for all variants.
- **Direct or orthogonal**: their difference, the cross term, is zero in the mean for an exact conditional denoiser.
  Orthogonal varies less, direct is biased only to second order in the denoisers' errors; the estimate is
  `orthogonal + w cross` with `w = max(0, 1 - se^2 / cross^2)`, the positive-part shrinkage of James and Stein (1961)
  of the cross term towards zero.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from mmg_plugins.mmg import MMG, MMGOptions
from mmg_plugins.recipes import Prepared
from mmg_registry.contracts import Array
from mmg_registry.core import BIN_SUMS, Proposal
from mmg_registry.diffusion import GapEstimate
from mmg_registry.diffusion.proposals import gap_proposal, pilot
from mmg_registry.diffusion.training import Refine
from mmg_registry.results import Estimate


class AutoOptions(MMGOptions):
    """Options of `auto`; none needs to be set."""

    preset: Literal["default"] = Field("default", description="only the default recipe")
    steps: int | None = Field(16_000, ge=20, le=10_000_000, description="most training steps")
    tolerance: float = Field(
        0.003, ge=0, le=1, description="nats; training ends when a third of it gains less on held-out rows"
    )
    direction: Literal["auto", "x", "y"] = Field(
        "auto", description="the variable to noise; auto: the one with fewer columns"
    )


class Auto(MMG):
    """MMG that chooses direction, window, proposal, length of training and the mix of its two integrands.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> estimate = Auto(run=Run(seed=0, threads=1), steps=50).fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(estimate.mi - 0.511) < 0.1), estimate.diagnostics["choices"]["noised"]
        (True, 'x')
    """

    name = "auto"
    summary = "MMSE gap; chooses direction, proposal and integrand from the data"
    reference = "this project, after MMG, arXiv 2509.20609"
    Options: ClassVar[type[AutoOptions]] = AutoOptions
    adaptive = True

    options: AutoOptions

    def estimate(self, x: Array, y: Array) -> Estimate:
        found = super().estimate(x, y)
        found.diagnostics["choices"] = self._choices(found.diagnostics, x, y)
        return found

    def _swapped(self, x: Array, y: Array) -> bool:
        if self.options.direction == "auto":
            return bool(y.shape[1] < x.shape[1])
        return self.options.direction == "y"

    def _orient(self, x: Array, y: Array) -> tuple[Array, Array]:
        return (y, x) if self._swapped(x, y) else (x, y)

    def _refine(self, prepared: Prepared) -> Refine:
        column, watch = BIN_SUMS.index("orthogonal"), pilot().edges.double().numpy()

        def refine(bins: Tensor, proposal: Proposal) -> Proposal:
            return gap_proposal(watch, bins[:, column].double().numpy())

        return refine

    def _combine(self, gap: GapEstimate) -> tuple[float, float, Tensor]:
        weight = shrinkage(gap.cross, gap.cross_se)
        rows = gap.rows[:, 1] + weight * (gap.rows[:, 0] - gap.rows[:, 1])
        spread = float(rows.std() / math.sqrt(len(rows))) if len(rows) > 1 else math.inf
        left = (1 - weight) * gap.cross  # the part of the cross term that is taken for noise
        return float(rows.mean()), math.hypot(spread, left), rows

    def _choices(self, diagnostics: dict[str, Any], x: Array, y: Array) -> dict[str, Any]:
        weight = shrinkage(diagnostics["cross"], diagnostics["cross_se"])
        return {
            "noised": "y" if self._swapped(x, y) else "x",
            "noised_why": "asked for" if self.options.direction != "auto" else "fewer columns, or x where they tie",
            "weight_of_cross_term": weight,
            "weight_why": "positive-part shrinkage of the measured cross term by its error",
            "training_stopped": diagnostics["training"]["stopped"],
        }


def shrinkage(value: float, error: float) -> float:
    """Share of a noisy value to believe: `max(0, 1 - error^2 / value^2)`.

    Example:
        >>> shrinkage(0.1, 0.05), shrinkage(0.01, 0.05)
        (0.75, 0.0)
    """
    return max(0.0, 1.0 - (error / value) ** 2) if value else 0.0
