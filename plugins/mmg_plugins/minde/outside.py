"""The difference outside the square: of distances from a Gaussian, in the place of a distance of scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_plugins.mmg.steps import PLAIN, Finding, Step, cross
from mmg_registry.core import Proposal, reference
from mmg_registry.diffusion import Denoiser


def as_they_are(rows: CoordinateRows) -> CoordinateRows:
    """Noise the first variable, and give the second."""
    return rows


@dataclass(frozen=True)
class OutsideSums:
    """Sum distances from a Gaussian, in torch.

    Attributes:
        sigma: standard deviation of the Gaussian; None for an infinitely wide one.
        noised: from a term's rows, what is noised, and what the denoisers' errors take beside it.
    """

    sigma: float | None
    noised: Callable[[CoordinateRows], CoordinateRows] = as_they_are

    def __call__(
        self, denoiser: Denoiser, rows: CoordinateRows, proposal: Proposal, repeats: int, seed: int
    ) -> tuple[Tensor, Tensor]:
        errors_of = against_gaussian(denoiser.errors(), self.sigma)
        return reference.gap_of_errors(errors_of, *self.noised(rows), proposal, seed=seed, repeats=repeats)


def against_gaussian(errors_of: reference.ErrorsOf, sigma: float | None) -> reference.ErrorsOf:
    """Return distances from the noise that a Gaussian of width `sigma` would have, in the place of errors.

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
    """Return E[eps | z] for x from N(0, sigma^2): what its score says at the drawn z."""
    if sigma is None:
        return torch.zeros_like(draws.eps)
    a, b = reference.channel(draws.logsnr)
    return b * (a * x[draws.row] + b * draws.eps) / (a.square() * sigma**2 + b.square())


def warn_forms_differ(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Say that both forms disagree, where they surely do."""
    gap = evidence.gap
    if not cross.noticeable(gap):
        return []
    return [
        f"With the difference outside the estimate is {gap.direct:.3f} nats and inside {gap.orthogonal:.3f}, "
        f"{gap.cross:+.3f} +- {gap.cross_se:.3f} apart: exact scores would agree; train longer or with more rows."
    ]


STEPS: tuple[Step, ...] = tuple(
    Step(step.name, step.find, warn_forms_differ) if step is cross.WATCHED else step for step in PLAIN
)
"""Of the difference outside: as for all, but for what the cross term then means."""
