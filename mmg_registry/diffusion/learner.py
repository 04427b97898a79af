"""The learner of all diffusion estimators: a denoiser that trains under a proposal, and the proposal's refinement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from mmg_registry.core import ROW_VALUES, Proposal, TrainPlan
from mmg_registry.diffusion.denoisers import Denoiser
from mmg_registry.training import Horizon, Measurement, RowPair

HELD_OUT_DRAWS = 80_000  # noised rows that one evaluation passes through the network
MOST_REPEATS = 64  # most draws per held-out row
DIRECT = ROW_VALUES.index("direct")
EXCESS = [ROW_VALUES.index("excess"), ROW_VALUES.index("excess_given")]

Refine = Callable[[Tensor, Proposal], Proposal]  # from held-out sums `(n_bins, len(BIN_SUMS))` to the next one


@dataclass
class DenoiserLearner:
    """The `Learner` that trains a `Denoiser`.

    Its objective is the reduction of the loss below that of the linear denoisers, without and with y together, in nats.

    Attributes:
        denoiser: the denoiser to train in place, on its own rows.
        held_out: rows to measure on.
        proposal: the density of log-SNR, in training and on held-out rows.
        plan: the optimiser's settings; the training loop sets where the decay begins and ends.
        seed: seed of the noise on held-out rows, which is the same at every evaluation.
        draws: noised rows of one evaluation, which determine the number of draws per held-out row.
        integrand: the running estimate to show, "direct" or "orthogonal".
        first_proposal: the proposal at the start, under which refinements measure the gap.
    """

    denoiser: Denoiser
    held_out: RowPair
    proposal: Proposal
    plan: TrainPlan
    seed: int
    draws: int = HELD_OUT_DRAWS
    integrand: str = "direct"
    first_proposal: Proposal = field(init=False)

    def __post_init__(self) -> None:
        self.first_proposal = self.proposal

    def train(self, first_step: int, n_steps: int, horizon: Horizon) -> None:
        plan = replace(self.plan, hold_until=horizon.decay_from, total=horizon.end)
        self.denoiser.train(self.proposal, plan, first_step, n_steps)

    def measure(self) -> Measurement:
        rows = self._gap(self.proposal, self.draws)[1]
        means = dict(zip(ROW_VALUES, rows.mean(0).tolist(), strict=True))
        shares = torch.stack([-rows[:, EXCESS].sum(1), rows[:, DIRECT]], 1)
        return Measurement(shares, means, means[self.integrand])

    def checkpoint(self) -> Any:
        return self.denoiser.snapshot(), self.denoiser.checkpoint()

    def resume(self, checkpoint: Any) -> None:
        self.denoiser.resume(checkpoint[1])

    def adopt(self, checkpoint: Any) -> None:
        """Take the averaged weights of `checkpoint` only; a user's module keeps the weights that training left it."""
        self.denoiser.rewind(checkpoint[0])

    def refine(self, refine: Refine) -> None:
        """Replace the proposal by `refine` of the held-out sums under the first proposal, and the present proposal."""
        self.proposal = refine(self._gap(self.first_proposal, HELD_OUT_DRAWS)[0], self.proposal)

    def _gap(self, proposal: Proposal, draws: int) -> tuple[Tensor, Tensor]:
        x, y = self.held_out
        repeats = max(1, min(MOST_REPEATS, draws // len(x)))
        return self.denoiser.gap(x, y, proposal, repeats=repeats, seed=self.seed)


@dataclass
class ProposalRefinement:
    """A `Refinement` of the learner's proposal after the pilot steps, and each time the steps have tripled since.

    Attributes:
        learner: the learner whose proposal is refined.
        refine: returns the next proposal.
        next_step: the step after which the next refinement is due.
    """

    learner: DenoiserLearner
    refine: Refine
    next_step: int

    def is_due(self, step: int) -> bool:
        return step >= self.next_step

    def apply(self, step: int) -> None:
        self.learner.refine(self.refine)
        self.next_step = 3 * step
