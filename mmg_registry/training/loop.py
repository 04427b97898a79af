"""The one training loop, which combines a learner, evaluation intervals, stopping rules, a decay and a choice rule.

A training has two stretches: one at a constant learning rate, evaluated at intervals and ended by a stopping rule or
a limit, and then a decay of the rate to zero. The choice rule picks the weights to keep by held-out rows. The rows
that an estimate is later made on play no part in it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mmg_registry.contracts import Run
from mmg_registry.training.choice import ChoiceRule, EarliestUnbeaten, choice_error, surely_worse
from mmg_registry.training.clock import Clock, Now
from mmg_registry.training.decay import Decay, Horizon
from mmg_registry.training.evaluation import OBJECTIVE, Evaluation
from mmg_registry.training.intervals import Intervals
from mmg_registry.training.learner import Learner, Measurement, Refinement
from mmg_registry.training.progress import ProgressTeller
from mmg_registry.training.report import Report
from mmg_registry.training.stopping import NOTHING_GAINED, STEPS_SPENT, TIME_SPENT, StoppingRule, first_verdict
from mmg_registry.training.unfinished import left_to_gain


@dataclass(frozen=True)
class Procedure:
    """The parts of a training other than its learner.

    Attributes:
        most_steps: limit on the steps of the whole training, decay included.
        intervals: the rule for when to evaluate.
        decay: the layout of the final decay of the learning rate.
        stopping: rules that may end the constant stretch; the first one with a verdict counts.
        choice: the rule for which weights to keep.
        unfinished_column: the column of the evaluations whose gain during the decay tells what more training would
            gain: `OBJECTIVE` where the objective is in nats, else `ESTIMATE`.
    """

    most_steps: int
    intervals: Intervals
    decay: Decay
    stopping: Sequence[StoppingRule]
    choice: ChoiceRule = field(default_factory=EarliestUnbeaten)
    unfinished_column: int = OBJECTIVE


def train(
    learner: Learner, procedure: Procedure, run: Run, *, refinement: Refinement | None = None, now: Now = time.monotonic
) -> Report:
    """Train `learner` in place, leave it with the kept weights, and report how the training went.

    Args:
        learner: an untrained learner; its initial weights are the first candidates to keep.
        procedure: intervals, stopping rules, decay and choice rule.
        run: the time limit to respect and the listener to inform.
        refinement: changes the learner's sampling during training, and once more for the kept weights; None for none.
        now: returns the present time in seconds.

    Returns:
        The report: steps, kept step, choice error and unfinished gain (nats), reason for stopping, and history.
    """
    clock = Clock(run.max_seconds, now)
    return _Training(learner, procedure, clock, ProgressTeller(run, clock, procedure.most_steps), refinement).go()


@dataclass(frozen=True)
class _Kept:
    """The weights to keep: their evaluation on held-out rows, and the checkpoint to go back to."""

    evaluation: Evaluation
    checkpoint: Any

    @property
    def step(self) -> int:
        return self.evaluation.step


@dataclass
class _Training:
    """A single training: its parts and its state."""

    learner: Learner
    procedure: Procedure
    clock: Clock
    progress: ProgressTeller
    refinement: Refinement | None
    report: Report = field(default_factory=Report)
    evaluations: list[Evaluation] = field(default_factory=list)  # since the last refinement, thus comparable
    kept: _Kept | None = None
    mi: float | None = None

    def go(self) -> Report:
        """Run both stretches and return the report."""
        self._evaluate()
        self._train_at_constant_rate()
        if self.report.stopped != NOTHING_GAINED:
            self._decay()
        self._finish()
        return self.report

    # --- The two stretches ---

    def _train_at_constant_rate(self) -> None:
        end = self.procedure.decay.constant_steps(self.procedure.most_steps)
        while not (reason := self._why_stop(end)):
            self._advance(self._interval(end), Horizon(end, end))
            self._evaluate()
            self._refine()
        self.report.stopped = reason

    def _why_stop(self, end: int) -> str:
        if self.report.steps >= end:
            return STEPS_SPENT
        if self.clock.is_over(1 - self.procedure.decay.share):  # at the speed so far, the decay needs the rest
            return TIME_SPENT
        return first_verdict(self.procedure.stopping, self.evaluations)

    def _decay(self) -> None:
        before, decay = self._start_of_decay(), self.procedure.decay
        horizon = Horizon(before.step, before.step + decay.steps(before.step, self.procedure.most_steps))
        looks = decay.looks_at(horizon)
        while self.report.steps < horizon.end and not self._is_cut(looks):
            self._advance(decay.piece(self._interval(horizon.end)), horizon)
            self._tell()
        if self.report.steps > before.step:
            self._evaluate()
            self._judge_unfinished(before)

    def _is_cut(self, looks: list[int]) -> bool:
        """Return whether the decay ends here: by the clock, or at one of `looks`, which is then taken off the list."""
        if self.procedure.decay.cut_by_clock and self.clock.is_over():
            return True
        if not looks or self.report.steps < looks[0]:
            return False
        del looks[0]
        return surely_worse(self._measured(self.report.steps), self._need_kept().evaluation)

    def _start_of_decay(self) -> Evaluation:
        """Go back to the kept weights if the decay starts from them; return the evaluation of its starting point."""
        kept = self._need_kept()
        if kept.step < self.report.steps and self.procedure.decay.goes_back(self.report.stopped, kept.step):
            self.learner.resume(kept.checkpoint)
            self.report.steps = kept.step
            return kept.evaluation
        return self.evaluations[-1]

    def _judge_unfinished(self, before: Evaluation) -> None:
        """Report the unfinished gain, extrapolated from that of the decay; skip a decay that follows no steps."""
        if before.step:
            gain = self.evaluations[-1].gain(before, self.procedure.unfinished_column)
            self.report.unfinished = left_to_gain(*gain, self.report.steps / before.step)

    def _finish(self) -> None:
        kept = self._need_kept()
        self.learner.adopt(kept.checkpoint)
        self.report.kept = kept.step
        self.report.choice_error = choice_error(kept.evaluation, self.evaluations[-1])
        if self.refinement is not None:
            self.refinement.apply(self.report.steps)
        self.report.seconds = round(self.clock.elapsed, 3)

    # --- Steps and evaluations ---

    def _interval(self, end: int) -> int:
        return min(self.procedure.intervals.steps_after(self.report.steps, self.clock), end - self.report.steps)

    def _advance(self, n_steps: int, horizon: Horizon) -> None:
        self.learner.train(self.report.steps, n_steps, horizon)
        self.report.steps += n_steps

    def _evaluate(self) -> None:
        step, seconds, found = self.report.steps, round(self.clock.elapsed, 3), self._look()
        self.evaluations.append(Evaluation(step, found.rows))
        self.report.history.append({"step": step, "seconds": seconds, **found.means})
        self.mi = found.mi
        if self.kept is None or self.procedure.choice.replaces(self.evaluations[-1], self.kept.evaluation):
            self.kept = _Kept(self.evaluations[-1], self.learner.checkpoint())
        self._tell()

    def _tell(self) -> None:
        self.progress.tell(self.report.steps, self.mi)

    def _need_kept(self) -> _Kept:
        assert self.kept is not None  # `go` evaluates before the first step, which keeps the initial weights
        return self.kept

    # --- Refinement ---

    def _refine(self) -> None:
        """Refine if it is due, and measure again: evaluations from before and after cannot be compared."""
        if self.refinement is None or not self.refinement.is_due(self.report.steps):
            return
        self.refinement.apply(self.report.steps)
        self.evaluations = [self._measured(self.report.steps)]
        self.kept = _Kept(self._kept_again(), self._need_kept().checkpoint)

    def _kept_again(self) -> Evaluation:
        """Measure the kept weights again and put the present ones back."""
        kept = self._need_kept()
        if kept.step == self.report.steps:
            return self.evaluations[-1]
        present = self.learner.checkpoint()
        self.learner.resume(kept.checkpoint)
        evaluation = self._measured(kept.step)
        self.learner.resume(present)
        return evaluation

    def _measured(self, step: int) -> Evaluation:
        return Evaluation(step, self._look().rows)

    def _look(self) -> Measurement:
        with self.clock.looking():
            return self.learner.measure()
