"""The loop, on a learner whose held-out objective is written down beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
import torch
from fake_time import Time

from mmg_registry.contracts import Progress, Run
from mmg_registry.training import (
    ESTIMATE,
    Decay,
    EvenIntervals,
    Horizon,
    Latest,
    Measurement,
    NothingGained,
    Procedure,
    Report,
    Settled,
    after_overfitting,
    train,
    wherever_learned,
)

PROCEDURE = Procedure(4_000, EvenIntervals(100), Decay(0.6, wherever_learned), [Settled(0.005, 200)])


@dataclass
class Scripted:
    """A learner with a given held-out objective after every number of steps; remembers what it was asked."""

    objective: Callable[[int], float]
    seconds: float = 0.0  # that a step takes
    time: Time = field(default_factory=Time)
    step: int = 0
    shift: float = 0.0  # of every objective, since a refinement
    calls: list[tuple[int, int, Horizon]] = field(default_factory=list)

    def train(self, first_step: int, n_steps: int, horizon: Horizon) -> None:
        self.calls.append((first_step, n_steps, horizon))
        self.time.pass_by(self.seconds * n_steps)
        self.step += n_steps

    def measure(self) -> Measurement:
        rows = torch.tensor([[self.objective(self.step) + self.shift, 2 * self.step]], dtype=torch.float64)
        return Measurement(rows.expand(9, 2), {"mi": float(self.step)}, float(self.step))

    def checkpoint(self) -> int:
        return self.step

    def resume(self, checkpoint: int) -> None:
        self.step = checkpoint

    def adopt(self, checkpoint: int) -> None:
        self.resume(checkpoint)

    @property
    def done(self) -> list[int]:
        """All steps, in their order."""
        return [step for first, n, _ in self.calls for step in range(first, first + n)]


@dataclass
class Shift:
    """A refinement that moves all objectives, once after 300 steps: nothing but a change of measure."""

    learner: Scripted
    applied: list[int] = field(default_factory=list)

    def is_due(self, step: int) -> bool:
        return step >= 300 and not self.applied

    def apply(self, step: int) -> None:
        self.applied.append(step)
        self.learner.shift = -5.0


def rising(step: int) -> float:
    return 1e-3 * step


def settled(step: int) -> float:
    return 1e-3 * min(step, 600)


def over_fitted(step: int) -> float:
    return 1e-3 * (min(step, 600) - max(0, step - 600))


def go(learner: Scripted, procedure: Procedure = PROCEDURE, run: Run | None = None, **how: object) -> Report:
    return train(learner, procedure, run or Run(), now=learner.time, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("objective", "stopped", "kept"),
    [(rising, "max_steps", 4_000), (settled, "plateau", 600), (over_fitted, "overfitting", 600)],
)
def test_what_ends_a_training_and_what_is_kept(objective: Callable[[int], float], stopped: str, kept: int) -> None:
    learner = Scripted(objective)
    report = go(learner)
    assert (report.stopped, report.kept, learner.step) == (stopped, kept, kept)
    assert Report(**report.to_dict()) == report


@pytest.mark.parametrize("objective", [settled, over_fitted])
@pytest.mark.parametrize("goes_back", [wherever_learned, after_overfitting])
def test_the_decay_goes_back_only_where_it_is_to(objective: Callable[[int], float], goes_back: object) -> None:
    learner = Scripted(objective)
    report = go(learner, replace(PROCEDURE, decay=Decay(0.6, goes_back)))  # type: ignore[arg-type]
    constant = int(report.history[-2]["step"])
    stays = goes_back is after_overfitting and objective is settled
    first = constant if stays else 600
    assert learner.done == [*range(constant), *range(first, report.steps)]
    assert report.steps == first + round(first * 0.6 / 0.4)


def test_horizons_tell_the_learner_where_its_decay_begins_and_ends() -> None:
    learner = Scripted(settled)
    report = go(learner)
    assert [horizon for first, _, horizon in learner.calls[:3]] == [Horizon(1_600, 1_600)] * 3
    assert learner.calls[-1][2] == Horizon(600, report.steps)


def test_a_decay_in_pieces_is_the_same_steps_in_more_calls() -> None:
    whole, cut = Scripted(rising), Scripted(rising)
    go(whole)
    go(cut, replace(PROCEDURE, decay=replace(PROCEDURE.decay, pieces=5)))
    assert whole.done == cut.done
    pieces = [n for first, n, _ in cut.calls if first >= 1_600]
    assert pieces[0] == max(pieces) == 20  # of intervals of 100
    assert pieces == sorted(pieces, reverse=True)  # what is left is cut too


def test_a_look_ends_a_decay_that_is_surely_worse_and_no_other() -> None:
    lost, gained = Scripted(over_fitted), Scripted(rising)
    looking = replace(PROCEDURE, decay=replace(PROCEDURE.decay, looks=3))
    report = go(lost, looking)
    assert (report.steps, report.kept, report.choice_error) == (900, 600, 0.0)  # the first look, after 225 of 900
    assert go(gained, looking) == go(Scripted(rising))
    assert gained.step == 4_000


def test_where_nothing_was_gained_no_decay_follows() -> None:
    learner = Scripted(lambda step: 0.0)
    report = go(learner, replace(PROCEDURE, stopping=[NothingGained(0.005, 500), Settled(0.005, 200)]))
    assert report.stopped == "plateau"
    rules = [NothingGained(0.005, 100), Settled(0.005, 200)]
    report = go(learner := Scripted(lambda step: 0.0), replace(PROCEDURE, stopping=rules))
    assert (report.stopped, report.steps, report.kept, learner.step) == ("start", 100, 0, 0)
    assert report.unfinished == 0.0


def test_the_last_weights_are_kept_where_nothing_is_chosen() -> None:
    learner = Scripted(over_fitted)
    report = go(learner, replace(PROCEDURE, choice=Latest()))
    assert report.kept == report.steps == learner.step
    assert learner.done == list(range(report.steps))  # nothing was gone back behind


def test_unfinished_is_told_by_the_column_that_is_in_nats() -> None:
    by_objective, by_estimate = (
        go(Scripted(rising), replace(PROCEDURE, unfinished_column=column)).unfinished for column in (0, ESTIMATE)
    )
    assert by_estimate == pytest.approx(2_000 * by_objective)  # a step adds 2 to the estimate


# --- Time ---------------------------------------------------------------------------------------------------------
def test_a_time_limit_leaves_the_decay_its_share() -> None:
    learner = Scripted(rising, seconds=0.01)
    report = go(learner, replace(PROCEDURE, most_steps=10**6), Run(max_seconds=10.0))
    assert report.stopped == "max_seconds"
    assert 10.0 <= report.seconds <= 12.5  # the last interval before the decay may overrun by a second of four
    assert report.seconds == pytest.approx(learner.time.now, abs=1e-3)


@pytest.mark.parametrize("cut", [False, True])
def test_a_machine_that_slows_down_cuts_the_decay_only_where_it_may(cut: bool) -> None:
    learner = Scripted(rising, seconds=0.01)

    def slow_down(progress: Progress) -> None:
        learner.seconds = 0.1 if learner.time.now >= 4.0 else 0.01  # in the decay

    decay = replace(PROCEDURE.decay, cut_by_clock=cut)
    run = Run(max_seconds=10.0, progress=slow_down)
    report = go(learner, replace(PROCEDURE, most_steps=10**6, decay=decay), run)
    whole = report.steps == learner.calls[-1][2].end
    assert whole != cut
    assert (report.seconds < 25.0) == cut


def test_a_limit_that_is_over_at_once_leaves_a_report() -> None:
    learner = Scripted(rising)
    run = Run(max_seconds=0.5, progress=lambda _: learner.time.pass_by(1.0))  # the first evaluation takes it all
    report = go(learner, run=run)
    assert (report.stopped, report.steps, report.kept) == ("max_seconds", 0, 0)
    assert len(report.history) == 1


# --- Refinement ---------------------------------------------------------------------------------------------------
def test_evaluations_of_before_a_refinement_are_measured_again() -> None:
    """Without that, the objective's fall by 5 nats would pass for over-fitting, or old weights for the best."""
    learner = Scripted(settled)
    refinement = Shift(learner)
    report = go(learner, refinement=refinement)
    assert (report.stopped, report.kept) == ("plateau", 600)
    assert refinement.applied == [300, report.steps]  # and once more for the kept weights


def test_the_present_weights_are_trained_on_after_older_ones_were_measured_again() -> None:
    learner = Scripted(lambda step: 1e-3 * min(step, 100))
    report = go(learner, replace(PROCEDURE, stopping=[Settled(0.005, 900)]), refinement=Shift(learner))
    constant = int(report.history[-2]["step"])
    assert constant > 300
    assert learner.done[:constant] == list(range(constant))
    assert report.kept == 100


# --- Progress and history -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("objective", [rising, settled, over_fitted])
def test_progress_is_told_after_every_evaluation_and_never_goes_back(objective: Callable[[int], float]) -> None:
    heard: list[Progress] = []
    report = go(Scripted(objective), run=Run(progress=heard.append))
    fractions = [event.fraction for event in heard]
    assert len(heard) >= len(report.history)
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1.0


def test_history_holds_every_evaluation_and_none_within_the_decay() -> None:
    report = go(Scripted(settled))
    steps = [int(each["step"]) for each in report.history]
    assert steps[0] == 0
    assert all(later - earlier == 100 for earlier, later in pairwise(steps[:-1]))
    assert steps[-1] == report.steps
    assert [each["mi"] for each in report.history] == steps


def test_an_interrupt_leaves_the_loop() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.fraction > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(Scripted(rising), run=Run(progress=interrupt))
