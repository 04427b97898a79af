"""The training of denoisers: its settings, and the parts of the training loop that they select."""

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

LOOKS_WITHIN_DECAY = 3  # each costs as much as 26 steps of a batch of 512 pairs, and a decay has hundreds


@dataclass(frozen=True)
class Schedule:
    """The settings for when to evaluate, when to stop, and which weights to keep.

    Attributes:
        max_steps: limit on the steps of the whole training, decay included.
        min_steps: number of steps before which a plateau does not end the constant stretch.
        check_every: steps between two evaluations of the held-out rows.
        tolerance: gain (nats) over the last third of the steps below which training has reached a plateau.
        decay: share of all steps that the final decay takes. The decay removes most of the orthogonal integrand's
            bias: after 3,000 steps on a spiral of true MI 1.02 its estimate is 0.83 with a share of 0.25, and 0.90
            with shares of 0.6 and 0.9.
        pilot_steps: number of steps after which the proposal is refined, if the estimator refines it; it is refined
            again each time the steps have tripled, and once more for the kept weights.
        keep_last: whether to keep the last weights whatever the held-out loss says, as published recipes do.
    """

    max_steps: int = 10_000
    min_steps: int = 500
    check_every: int = 250
    tolerance: float = 0.005
    decay: float = 0.6
    pilot_steps: int = 500
    keep_last: bool = False

    def procedure(self) -> Procedure:
        """Return the parts of the training loop that these settings select."""
        return Procedure(
            self.max_steps,
            AlignedIntervals(self.check_every),
            Decay(self.decay, wherever_learned, least_steps=1, looks=0 if self.keep_last else LOOKS_WITHIN_DECAY),
            [Settled(self.tolerance, self.min_steps)],
            Latest() if self.keep_last else EarliestUnbeaten(),
        )

    @property
    def draws(self) -> int:
        """Return the noised rows per evaluation: one per held-out row where evaluations only inform the user."""
        return 1 if self.keep_last else HELD_OUT_DRAWS

    @property
    def first_refinement(self) -> int:
        """Return the step after which the proposal is first refined: half of the constant stretch at the latest."""
        return min(self.pilot_steps, Decay(self.decay, wherever_learned).constant_steps(self.max_steps) // 2)


@dataclass(frozen=True)
class TrainingSetup:
    """The inputs of a denoiser's training other than the denoiser and the optimiser's settings.

    Attributes:
        held_out: rows (x, y) in the denoiser's coordinates that training never sees.
        schedule: the settings for when to evaluate and when to stop.
        run: seed, time limit and listener.
        now: returns the present time in seconds.
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
    """Train `denoiser` in place and leave it with the weights that held-out rows favour.

    Args:
        denoiser: an untrained denoiser with its training rows.
        proposal: the density of log-SNR in training and in the held-out loss.
        plan: the optimiser's settings; the schedule determines when the decay begins and ends.
        setup: held-out rows, schedule and run.
        refine: returns the next proposal from the held-out sums under the initial proposal and from the present
            proposal; called after the pilot steps and each time the steps have tripled. None keeps the proposal.
        integrand: the running estimate to show, "direct" or "orthogonal".

    Returns:
        The last proposal, and the report of the training.
    """
    schedule, seed = setup.schedule, setup.run.seed
    learner = DenoiserLearner(denoiser, setup.held_out, proposal, plan, seed, schedule.draws, integrand)
    refinement = ProposalRefinement(learner, refine, schedule.first_refinement) if refine else None
    report = loop.train(learner, schedule.procedure(), setup.run, refinement=refinement, now=setup.now)
    return learner.proposal, report
