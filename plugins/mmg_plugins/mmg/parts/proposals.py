"""Proposals over log-SNR: at the start of training, after the gap has been measured, and for the evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmg_registry.core import BIN_SUMS, Proposal
from mmg_registry.diffusion import Refine, adaptive_logistic, default_logistic
from mmg_registry.diffusion.proposals import gap_proposal, pilot


@dataclass(frozen=True)
class LogSNRDraws:
    """The proposals of one estimator.

    Attributes:
        first: makes the proposal that training begins with.
        refine: makes, from the number of noised columns, the function that chooses the next proposal; None where the
            first one stays.
        evaluate: makes the proposal of the evaluation; None for the one that training ended with.
    """

    first: Callable[[], Proposal]
    refine: Callable[[int], Refine] | None = None
    evaluate: Callable[[], Proposal] | None = None

    def refinement(self, dim_x: int) -> Refine | None:
        """Return the function that chooses the next proposal for `dim_x` noised columns, or None."""
        return None if self.refine is None else self.refine(dim_x)

    def evaluated(self, trained: Proposal) -> Proposal:
        """Return the proposal of the evaluation, given the one that training ended with."""
        return trained if self.evaluate is None else self.evaluate()


def fixed() -> LogSNRDraws:
    """Return draws from the published logistic density throughout."""
    return LogSNRDraws(default_logistic)


def two_stage() -> LogSNRDraws:
    """Return uniform draws at first, then draws from a logistic fitted to the conditional error (arXiv 2509.20609)."""
    return LogSNRDraws(pilot, TwoStageRefinement)


def following_gap(floor: float) -> LogSNRDraws:
    """Return uniform draws at first, then draws by the measured gap; a share `floor` stays uniform over its window."""
    return LogSNRDraws(pilot, lambda dim_x: GapRefinement(floor))


class TwoStageRefinement:
    """A refinement that chooses the second stage's proposal at its first call, and keeps to it.

    Args:
        dim_x: number of noised columns.
    """

    def __init__(self, dim_x: int) -> None:
        self.dim_x = dim_x
        self.chosen: Proposal | None = None

    def __call__(self, bins: Tensor, proposal: Proposal) -> Proposal:
        if self.chosen is None:
            self.chosen = self._shaped(bins, proposal) or default_logistic()
        return self.chosen

    def _shaped(self, bins: Tensor, proposal: Proposal) -> Proposal | None:
        """Return the two-stage proposal from the pilot's held-out sums; None where their curve has no crossings."""
        edges, sums = proposal.edges.double().numpy(), bins.numpy()
        # Under a constant density the mean weight is the window's width; the sums hold half the squared error.
        given = 2 * sums[:, BIN_SUMS.index("mse_given")] / np.maximum(sums[:, 0], 1) / proposal.window
        return adaptive_logistic(edges, given, self.dim_x, sums[:, BIN_SUMS.index("orthogonal")])


@dataclass(frozen=True)
class GapRefinement:
    """A refinement that follows, at every call, the gap of held-out rows under the first proposal."""

    floor: float

    def __call__(self, bins: Tensor, proposal: Proposal) -> Proposal:
        gap = bins[:, BIN_SUMS.index("orthogonal")].double().numpy()
        return gap_proposal(pilot().edges.double().numpy(), gap, self.floor)
