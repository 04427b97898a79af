"""Training until it stops paying: a constant learning rate to a plateau of the held-out loss, then a decay.

The number of steps need not be known beforehand (unlike with a cosine over a fixed horizon): the constant
stretch ends on a plateau, on over-fitting, on the clock or at `max_steps`, and a cosine to zero follows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from mmg_registry.contracts import Progress, Run
from mmg_registry.core import ROW_VALUES, Proposal, TrainPlan
from mmg_registry.diffusion.denoisers import Denoiser
from mmg_registry.training.held_out import Look, carried_on, choice_error, settled

VALIDATION_DRAWS = 80_000  # network rows of one look at the held-out loss
DIRECT = ROW_VALUES.index("direct")
EXCESS = [ROW_VALUES.index("excess"), ROW_VALUES.index("excess_given")]

Refine = Callable[[Tensor, Proposal], Proposal]


@dataclass(frozen=True)
class Schedule:
    """When to look and when to stop.

    Attributes:
        max_steps: of the whole training, decay included.
        min_steps: before a plateau may end the constant stretch.
        check_every: steps between two looks at the held-out loss.
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


@dataclass
class TrainReport:
    """What happened: goes into the result's diagnostics.

    Attributes:
        steps: optimiser steps behind the last weights; steps that were gone back behind are not among them.
        kept: the step whose weights were kept.
        choice_error: standard error (nats) of what the last weights would have given in place of the kept ones, on
            held-out rows: how far the choice between them is a matter of noise. 0 when the last ones were kept or
            were surely worse.
        unfinished: what held-out rows say that more training would still gain (nats): the gain of the decay, carried
            on by a power law of the steps.
        seconds: wall time of the training.
        stopped: "plateau", "overfitting", "max_seconds" or "max_steps": what ended the constant stretch.
        history: of every look: step, seconds, held-out excess losses over the linear denoisers without and with y,
            and the direct and orthogonal estimates there (nats). The last look follows the decay.
    """

    steps: int = 0
    kept: int = 0
    choice_error: float = 0.0
    unfinished: float = 0.0
    seconds: float = 0.0
    stopped: str = "max_steps"
    history: list[dict[str, float]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def train(
    denoiser: Denoiser,
    held_out: tuple[Tensor, Tensor],
    proposal: Proposal,
    plan: TrainPlan,
    schedule: Schedule,
    run: Run,
    *,
    refine: Refine | None = None,
    integrand: str = "direct",
) -> tuple[Proposal, TrainReport]:
    """Train `denoiser` in place and leave it at its best held-out weights.

    Args:
        held_out: rows `(x, y)` that training never sees.
        proposal: of the log-SNR in training and in the held-out loss.
        refine: called after the pilot steps and each time they have tripled, with the held-out sums under the
            proposal that training began with, and the present one; returns the one to go on with.
        integrand: "direct" or "orthogonal": which running estimate is reported.

    Returns:
        The last proposal, and the report.
    """
    return _Training(denoiser, held_out, proposal, plan, schedule, run, refine, integrand).go()


@dataclass
class _Chosen:
    """The look to keep, its weights, and what training needs to go on from there."""

    look: Look
    weights: Any
    checkpoint: Any


@dataclass
class _Training:
    """The arguments of `train`, and the loop's state; one use."""

    denoiser: Denoiser
    held_out: tuple[Tensor, Tensor]
    proposal: Proposal
    plan: TrainPlan
    schedule: Schedule
    run: Run
    refine: Refine | None
    integrand: str
    report: TrainReport = field(default_factory=TrainReport)
    looks: list[Look] = field(default_factory=list)  # under the present proposal
    chosen: _Chosen | None = None
    next_refinement: int = 0
    told: float = 0.0
    start: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.scout = self.proposal

    def go(self) -> tuple[Proposal, TrainReport]:
        hold = max(1, round(self.schedule.max_steps * (1 - self.schedule.decay)))
        self.plan = replace(self.plan, hold_until=hold, total=hold)
        self.next_refinement = min(self.schedule.pilot_steps, hold // 2)
        self._look()
        while not (reason := self._why_stop(hold)):
            self._advance(min(self._chunk(), hold - self.report.steps), self._look_and_refine)
        self.report.stopped = reason
        self._decay()
        self._settle()
        self.report.seconds = round(time.monotonic() - self.start, 3)
        return self.proposal, self.report

    def _decay(self) -> None:
        """From the kept weights, for what was trained after them gained nothing; from the last if none were trained."""
        before = self.looks[-1]
        if self.chosen is not None and 0 < self.report.kept < self.report.steps and not self.schedule.keep_last:
            self.denoiser.resume(self.chosen.checkpoint)
            before, self.report.steps = self.chosen.look, self.report.kept
        done, share = self.report.steps, self.schedule.decay
        steps = min(max(1, round(done * share / (1 - share))), self.schedule.max_steps - done)
        if steps < 1:
            return
        self.plan = replace(self.plan, hold_until=done, total=done + steps)
        while self.report.steps < done + steps:
            self._advance(min(self._chunk(), done + steps - self.report.steps), self._say)
        self._look()
        if before.step:
            self.report.unfinished = carried_on(*self.looks[-1].gain(before), self.report.steps / before.step)

    def _settle(self) -> None:
        """Go to the kept weights, and have the proposal fit them."""
        if self.chosen is not None:
            self.denoiser.rewind(self.chosen.weights)
            self.report.choice_error = choice_error(self.chosen.look, self.looks[-1])
        if self.refine is not None:
            self.proposal = self.refine(self._gap(self.scout)[0], self.proposal)

    def _advance(self, n_steps: int, then: Callable[[], None]) -> None:
        self.denoiser.train(self.proposal, self.plan, self.report.steps, n_steps)
        self.report.steps += n_steps
        then()

    def _chunk(self) -> int:
        """Steps to the next look; few at first and under a clock, so that no limit is overrun by much."""
        if self.report.steps == 0:
            return 1 if self.run.max_seconds is not None else min(20, self.schedule.check_every)
        rest = self.schedule.check_every - self.report.steps % self.schedule.check_every
        if self.run.max_seconds is None:
            return rest
        rate = self.report.steps / (time.monotonic() - self.start)
        return max(1, min(rest, int(rate * self.run.max_seconds / 10)))

    def _look(self) -> None:
        """Measure the held-out loss, and judge the weights by it."""
        rows, mean = self._measure()
        self.looks.append(Look(self.report.steps, rows))
        seconds = round(time.monotonic() - self.start, 3)
        self.report.history.append({"step": self.report.steps, "seconds": seconds, **mean})
        self._judge()
        self._say()

    def _look_and_refine(self) -> None:
        self._look()
        if self.refine is not None and self.report.steps >= self.next_refinement:
            self.proposal = self.refine(self._gap(self.scout)[0], self.proposal)
            self.next_refinement = 3 * self.report.steps
            self._look_anew()

    def _gap(self, proposal: Proposal, draws: int = VALIDATION_DRAWS) -> tuple[Tensor, Tensor]:
        """With the same noise every time."""
        x, y = self.held_out
        repeats = max(1, min(64, draws // len(x)))
        return self.denoiser.gap(x, y, proposal, repeats=repeats, seed=self.run.seed)

    def _measure(self) -> tuple[Tensor, dict[str, float]]:
        draws = 1 if self.schedule.keep_last else VALIDATION_DRAWS  # a row: a look that nothing hangs on is for the eye
        rows = self._gap(self.proposal, draws)[1]
        mean = dict(zip(ROW_VALUES, rows.mean(0).tolist(), strict=True))
        return torch.stack([-rows[:, EXCESS].sum(1), rows[:, DIRECT]], 1), mean

    def _look_anew(self) -> None:
        """Rows measured under another proposal compare with none of before: measure the kept weights again too."""
        self.looks = [Look(self.report.steps, self._measure()[0])]
        if self.chosen is None or self.report.kept == self.report.steps:
            self._choose()
            return
        present = self.denoiser.snapshot()
        self.denoiser.rewind(self.chosen.weights)
        self.chosen.look = Look(self.report.kept, self._measure()[0])
        self.denoiser.rewind(present)

    def _judge(self) -> None:
        """Keep the weights if they beat the kept ones by more than the standard error of the difference.

        The earliest weights that nothing later beats are the least fitted ones: with few rows, when the held-out
        loss is too noisy to choose by, training stays near the linear denoisers that it started from.
        """
        if self.chosen is not None and not self.schedule.keep_last:
            gain, error = self.looks[-1].gain(self.chosen.look)
            if gain <= error:
                return
        self._choose()

    def _choose(self) -> None:
        self.chosen = _Chosen(self.looks[-1], self.denoiser.snapshot(), self.denoiser.checkpoint())
        self.report.kept = self.report.steps

    def _say(self) -> None:
        last = self.report.history[-1] if self.report.history else {}
        done = self.report.steps / max(1, self.schedule.max_steps)
        elapsed = time.monotonic() - self.start
        if self.run.max_seconds is not None:
            done = max(done, elapsed / self.run.max_seconds)
        self.told = done = max(self.told, min(done, 1.0))  # where training goes back, progress does not
        left = elapsed * (1 - done) / done if done > 0 else None
        self.run.report(Progress(done, "training", last.get(self.integrand), left))

    def _why_stop(self, hold: int) -> str:
        if self.report.steps >= hold:
            return "max_steps"
        if self.run.max_seconds is not None and self._out_of_time(self.run.max_seconds):
            return "max_seconds"
        return settled(self.looks, self.schedule.tolerance) if self.report.steps >= self.schedule.min_steps else ""

    def _out_of_time(self, seconds: float) -> bool:
        """Whether the decay, at the speed so far, would end at the limit or later."""
        return (time.monotonic() - self.start) / (1 - self.schedule.decay) >= seconds
