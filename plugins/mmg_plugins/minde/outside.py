"""The form of MINDE with the difference outside the square: a difference of distances from a Gaussian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_plugins.mmg.steps import PLAIN, Finding, Step, cross
from mmg_registry.core import Proposal, reference
from mmg_registry.diffusion import TrainedDenoiser


def as_they_are(rows: CoordinateRows) -> CoordinateRows:
    """Return the rows as they are: the first variable is noised, the second given."""
    return rows


@dataclass(frozen=True)
class OutsideSums:
    """Sums of distances from a Gaussian, computed in torch.

    Attributes:
        sigma: standard deviation of the Gaussian; None for an infinitely wide one.
        noised: gives, from a term's rows, the noised variable and what the denoisers' errors take beside it.
    """

    sigma: float | None
    noised: Callable[[CoordinateRows], CoordinateRows] = as_they_are

    def __call__(
        self, denoiser: TrainedDenoiser, rows: CoordinateRows, proposal: Proposal, repeats: int, seed: int
    ) -> tuple[Tensor, Tensor]:
        errors_of = against_gaussian(denoiser.errors(), self.sigma)
        return reference.gap_of_errors(errors_of, *self.noised(rows), proposal, seed=seed, repeats=repeats)


def against_gaussian(errors_of: reference.ErrorsOf, sigma: float | None) -> reference.ErrorsOf:
    """Return the function that computes distances from the noise of a Gaussian, in place of denoising errors.

    `mmse_gap` subtracts the square of the second from that of the first: with c - r and u - r, the difference outside.

    Args:
        errors_of: computes the denoisers' errors, on rows of the noised variable and of the given one.
        sigma: standard deviation of the Gaussian; None for an infinitely wide one, whose noise is 0.
    """

    def distances(x: Tensor, y: Tensor, draws: reference.Draws) -> reference.Errors:
        errors = errors_of(x, y, draws)
        beyond = draws.eps - _gaussian_noise(x, draws, sigma)
        none = torch.zeros_like(beyond)
        return reference.Errors(beyond - errors.given, beyond - errors.marginal, none, none)

    return distances


def _gaussian_noise(x: Tensor, draws: reference.Draws, sigma: float | None) -> Tensor:
    """Return E[eps | z] at the drawn z for x from N(0, sigma^2), by its score."""
    if sigma is None:
        return torch.zeros_like(draws.eps)
    a, b = reference.channel(draws.logsnr)
    return b * (a * x[draws.row] + b * draws.eps) / (a.square() * sigma**2 + b.square())


def warn_forms_differ(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn that the two forms disagree, where they do so significantly."""
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
"""Steps of the form with the difference outside: those of `PLAIN`, with another warning about the cross term."""
