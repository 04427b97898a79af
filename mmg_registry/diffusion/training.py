"""How a denoiser is trained: the settings of its stretches, and the parts of the loop that they stand for."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mmg_registry.contracts import Run
from mmg_registry.core import Proposal, TrainPlan
from mmg_registry.diffusion.denoisers import Denoiser
from mmg_registry.diffusion.learner import HELD_OUT_DRAWS, DenoiserLearner, ProposalRefinement, Refine
from mmg_registry.training import (
    AlignedIntervals,
    Decay,
    EarliestUnbeaten,
    Latest,
    Procedure,
    Report,
    RowPair,
    Settled,
    loop,
    wherever_learned,
)
from mmg_registry.training.clock import Now


@dataclass(frozen=True)
class Schedule:
    """When to evaluate and when to stop.

    Attributes:
        max_steps: of the whole training, decay included.
        min_steps: before a plateau may end the constant stretch.
        check_every: steps between two evaluations of the held-out rows.
        tolerance: nats; a plateau is an improvement of less, over the last third of the steps.
        decay: share of the whole that the final decay takes. Most of the orthogonal integrand's bias goes
            there: at 3,000 steps on a spiral of true MI 1.02 a share of 0.25 leaves 0.83, 0.6 and 0.9 leave 0.90.
        pilot_steps: after them, and each time the steps have tripled since, the proposal is refined, where the
            estimator wants that, and once more for the weights that are kept.
        keep_last: keep the last weights whatever the held-out loss says, as published recipes do.
    """

    max_steps: int = 10_000
    min_steps: int = 500
    check_every: int = 250
    tolerance: float = 0.005
    decay: float = 0.6
    pilot_steps: int = 500
    keep_last: bool = False

    def procedure(self) -> Procedure:
        """Return the parts of the training loop that these settings stand for."""
        return Procedure(
            self.max_steps,
            AlignedIntervals(self.check_every),
            Decay(self.decay, wherever_learned, least_steps=1),
            [Settled(self.tolerance, self.min_steps)],
            Latest() if self.keep_last else EarliestUnbeaten(),
        )

    @property
    def draws(self) -> int:
        """Network rows of one evaluation: one a held-out row where nothing is chosen by it, and it only is shown."""
        return 1 if self.keep_last else HELD_OUT_DRAWS

    @property
    def first_refinement(self) -> int:
        """The step after which the proposal is refined first: half-way at the latest."""
        return min(self.pilot_steps, Decay(self.decay, wherever_learned).constant_steps(self.max_steps) // 2)


@dataclass(frozen=True)
class TrainingSetup:
    """What a denoiser's training is given beside the denoiser and the optimiser's settings.

    Attributes:
        held_out: rows `(x, y)` in the denoiser's coordinates that training never sees.
        schedule: when to evaluate and when to stop.
        run: seed, time limit and listener.
        now: the time in seconds.
    """

    held_out: RowPair
    schedule: Schedule
    run: Run
    now: Now = time.monotonic


def train(
    denoiser: Denoiser,
    proposal: Proposal,
    plan: TrainPlan,
    setup: TrainingSetup,
    *,
    refine: Refine | None = None,
    integrand: str = "direct",
) -> tuple[Proposal, Report]:
    """Train `denoiser` in place and leave it at its best held-out weights.

    Args:
        denoiser: fresh, with its training rows.
        proposal: of the log-SNR in training and in the held-out loss.
        plan: the optimiser's settings; the schedule says when its decay begins and ends.
        setup: held-out rows, schedule and run.
        refine: called after the pilot steps and each time they have tripled, with the held-out sums under the
            proposal that training began with, and the present one; returns the one to go on with.
        integrand: "direct" or "orthogonal": which running estimate is shown.

    Returns:
        The last proposal, and the report.
    """
    schedule, seed = setup.schedule, setup.run.seed
    learner = DenoiserLearner(denoiser, setup.held_out, proposal, plan, seed, schedule.draws, integrand)
    refinement = ProposalRefinement(learner, refine, schedule.first_refinement) if refine else None
    report = loop.train(learner, schedule.procedure(), setup.run, refinement=refinement, now=setup.now)
    return learner.proposal, report
