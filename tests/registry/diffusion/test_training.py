"""The training of denoisers, on one whose held-out loss is written down beforehand; then on a real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from fake_time import Time
from torch import Tensor

from mmg_registry.contracts import Progress, Run
from mmg_registry.core import BIN_SUMS, ROW_VALUES, Network, Proposal, TrainPlan
from mmg_registry.diffusion import FusedDenoiser, Schedule, TrainingSetup, default_logistic, train
from mmg_registry.diffusion.proposals import pilot
from mmg_registry.training import Report
from mmg_registry.training.unfinished import ERROR_POWER

HELD_OUT = torch.zeros(50, 1), torch.zeros(50, 1)
SCHEDULE = Schedule(max_steps=4_000, min_steps=200, check_every=100, pilot_steps=200)


class Scripted:
    """A denoiser with a given held-out loss after every number of steps; remembers what it was asked."""

    n_parameters = 0

    def __init__(self, loss: Callable[[int], float], spread: float = 0.0, seconds: float = 0.0) -> None:
        self.loss, self.spread, self.seconds = loss, spread, seconds
        self.time = Time()
        self.step = self.trained = 0
        self.calls: list[tuple[Proposal, TrainPlan, int, int]] = []
        self.gaps: list[tuple[Proposal, int, int]] = []

    def train(self, proposal: Proposal, plan: TrainPlan, first_step: int, n_steps: int) -> Tensor:
        self.calls.append((proposal, plan, first_step, n_steps))
        self.time.pass_by(self.seconds * n_steps)
        self.step += n_steps
        self.trained = first_step + n_steps
        return torch.zeros(n_steps, 2, dtype=torch.float64)

    def gap(self, x: Tensor, y: Tensor, proposal: Proposal, *, repeats: int, seed: int) -> tuple[Tensor, Tensor]:
        self.gaps.append((proposal, repeats, seed))
        rows = torch.zeros(len(x), len(ROW_VALUES), dtype=torch.float64)
        noise = torch.randn(len(x), generator=torch.Generator().manual_seed(self.step), dtype=torch.float64)
        rows[:, ROW_VALUES.index("direct")] = self.step + noise
        rows[:, ROW_VALUES.index("orthogonal")] = -self.step
        rows[:, ROW_VALUES.index("excess")] = self.loss(self.step) + self.spread * (noise - noise.mean())
        return torch.zeros(proposal.n_bins, len(BIN_SUMS), dtype=torch.float64), rows

    def snapshot(self) -> dict[str, Tensor]:
        return {"step": torch.tensor(self.step)}

    def rewind(self, snapshot: Mapping[str, Tensor]) -> None:
        self.step = int(snapshot["step"])

    def checkpoint(self) -> int:
        return self.step

    def resume(self, checkpoint: int) -> None:
        self.step = checkpoint


def go(denoiser: Scripted, schedule: Schedule = SCHEDULE, run: Run | None = None, **how: object) -> Report:
    setup = TrainingSetup(HELD_OUT, schedule, run or Run(), denoiser.time)
    _, report = train(denoiser, default_logistic(), TrainPlan(), setup, **how)  # type: ignore[arg-type]
    return report


def falling(step: int) -> float:
    return -1e-3 * step


def settled(step: int) -> float:
    return -min(step, 600) * 1e-3


def over_fitted(step: int) -> float:
    return -min(step, 600) * 1e-3 + max(0, step - 600) * 1e-3


# --- What ends the constant stretch ---------------------------------------------------------------------------------
def test_a_loss_that_keeps_falling_ends_at_max_steps() -> None:
    report = go(Scripted(falling))
    assert report.stopped == "max_steps"
    assert report.steps == SCHEDULE.max_steps
    assert report.kept == report.steps


@pytest.mark.parametrize("decay", [0.0, 1e-6, 0.6])
@pytest.mark.parametrize("max_steps", [20, 21, 333])
def test_max_steps_are_never_exceeded(max_steps: int, decay: float) -> None:
    denoiser = Scripted(falling)
    report = go(denoiser, Schedule(max_steps=max_steps, min_steps=max_steps, decay=decay))
    assert max_steps - 1 <= report.steps <= max_steps
    assert report.history[-1]["step"] == report.steps == denoiser.trained
    assert len({each["step"] for each in report.history}) == len(report.history)


def test_a_settled_loss_ends_on_its_plateau() -> None:
    report = go(Scripted(settled))
    assert report.stopped == "plateau"
    constant = max(each["step"] for each in report.history[:-1])
    assert 900 <= constant <= 1_100  # a third of the steps without gain
    assert report.kept == 600  # nothing later is surely better


def test_no_plateau_is_seen_before_min_steps() -> None:
    report = go(Scripted(lambda step: 0.0), Schedule(max_steps=4_000, min_steps=700, check_every=100))
    assert report.stopped == "plateau"
    assert report.steps * 0.4 >= 700


def test_a_rising_loss_ends_the_training_and_the_best_weights_are_kept() -> None:
    denoiser = Scripted(over_fitted)
    report = go(denoiser)
    assert report.stopped == "overfitting"
    assert report.steps <= SCHEDULE.max_steps / 2
    assert report.kept == denoiser.step == 600
    assert report.history[-1]["step"] == report.steps == denoiser.trained


def test_a_tolerance_asks_for_more_gain() -> None:
    slow = Scripted(lambda step: -1e-5 * step)
    assert go(slow, Schedule(max_steps=4_000, check_every=100, tolerance=0.1)).stopped == "plateau"
    slow = Scripted(lambda step: -1e-5 * step)
    assert go(slow, Schedule(max_steps=4_000, check_every=100, tolerance=1e-6)).stopped == "max_steps"


@pytest.mark.parametrize("seconds", [0.002, 0.1])
def test_max_seconds_is_kept(seconds: float) -> None:
    denoiser = Scripted(falling, seconds=seconds)
    report = go(denoiser, Schedule(max_steps=10**6), Run(max_seconds=1.0))
    assert report.stopped == "max_seconds"
    assert 1.0 <= report.seconds < 1.3
    assert report.steps > 1
    assert report.seconds == pytest.approx(denoiser.time.now, abs=1e-3)


# --- Steps and rates ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("loss", [falling, settled, over_fitted])
def test_every_step_is_done_once_and_in_order(loss: Callable[[int], float]) -> None:
    denoiser = Scripted(loss)
    report = go(denoiser)
    done = [step for _, _, first, n in denoiser.calls for step in range(first, first + n)]
    constant = int(max(each["step"] for each in report.history[:-1]))
    kept = constant if loss is falling else 600
    assert done == [*range(constant), *range(kept, report.steps)]


def test_the_decay_starts_from_the_weights_that_nothing_later_beats() -> None:
    report = go(Scripted(settled))
    assert report.steps == 600 / (1 - SCHEDULE.decay)
    assert report.history[-1]["step"] == report.steps


def test_the_decay_starts_from_the_last_weights_where_nothing_was_learned() -> None:
    report = go(Scripted(lambda step: 0.0), Schedule(max_steps=4_000, min_steps=200, check_every=100))
    assert report.steps == 200 / (1 - SCHEDULE.decay)


def test_rate_is_constant_and_then_falls_to_zero_at_the_last_step() -> None:
    denoiser = Scripted(settled)
    report = go(denoiser)
    rates = [plan.lr_at(step) for _, plan, first, n in denoiser.calls for step in range(first, first + n)]
    peak = TrainPlan().lr
    falling_part = rates[-round(report.steps * SCHEDULE.decay) :]
    assert set(rates[TrainPlan().warmup : -len(falling_part)]) == {peak}
    assert falling_part == sorted(falling_part, reverse=True)
    assert falling_part[-1] < 1e-3 * peak


# --- What is kept ---------------------------------------------------------------------------------------------------
def test_a_gain_within_its_noise_does_not_replace_earlier_weights() -> None:
    denoiser = Scripted(lambda step: -1e-4 if step else 0.0, spread=1.0)
    report = go(denoiser)
    assert report.kept == denoiser.step == 0
    assert report.choice_error > 0


@pytest.mark.parametrize("loss", [falling, over_fitted])
def test_the_choice_has_no_error_where_the_last_weights_are_kept_or_surely_worse(loss: Callable[[int], float]) -> None:
    assert go(Scripted(loss)).choice_error == 0.0


def test_unfinished_is_what_the_power_law_leaves_after_the_last_step() -> None:
    def loss(step: int) -> float:
        return 50.0 * max(step, 1) ** -ERROR_POWER

    report = go(Scripted(loss), Schedule(max_steps=4_000, check_every=100, tolerance=0.0))
    assert report.unfinished == pytest.approx(loss(4_000), rel=1e-6)


@pytest.mark.parametrize("loss", [lambda step: 0.0, settled, over_fitted])
def test_a_settled_training_leaves_nothing_unfinished(loss: Callable[[int], float]) -> None:
    assert go(Scripted(loss)).unfinished == 0.0


def test_noise_does_not_pass_for_unfinished_training() -> None:
    found = [go(Scripted(lambda step: 0.0, spread=spread)).unfinished for spread in (0.5, 1.0, 2.0)]
    assert found == [0.0, 0.0, 0.0]


def test_history_holds_every_evaluation() -> None:
    report = go(Scripted(settled))
    steps = [int(each["step"]) for each in report.history]
    assert steps[0] == 0
    assert steps == sorted(set(steps))
    assert all(later - earlier <= 100 for earlier, later in pairwise(steps[:-1]))  # none in the decay but its end
    assert report.history[3]["direct"] == pytest.approx(steps[3], abs=1.0)
    assert Report(**report.to_dict()) == report


def test_every_evaluation_has_the_same_noise_and_proposal() -> None:
    denoiser = Scripted(settled)
    go(denoiser, run=Run(seed=3))
    assert len({id(q) for q, _, _ in denoiser.gaps}) == 1
    assert {(repeats, seed) for _, repeats, seed in denoiser.gaps} == {(64, 3)}


def test_evaluations_that_choose_nothing_are_short_and_those_for_the_proposal_are_not() -> None:
    denoiser = Scripted(settled)
    go(denoiser, replace(SCHEDULE, keep_last=True), refine=lambda sums, proposal: proposal)
    assert {repeats for _, repeats, _ in denoiser.gaps} == {1, 64}
    assert [repeats for _, repeats, _ in denoiser.gaps][-1] == 64


# --- Refinement -----------------------------------------------------------------------------------------------------
def test_a_refined_proposal_is_used_from_then_on() -> None:
    denoiser, second, asked = Scripted(falling), pilot(), []

    def refine(bins: Tensor, proposal: Proposal) -> Proposal:
        asked.append(denoiser.step)
        return second

    setup = TrainingSetup(HELD_OUT, SCHEDULE, Run())
    last, _ = train(denoiser, default_logistic(), TrainPlan(), setup, refine=refine)
    assert last is second
    assert asked[0] == SCHEDULE.pilot_steps
    assert all(later >= 3 * earlier for earlier, later in pairwise(asked[:-1]))
    assert asked[-1] == SCHEDULE.max_steps
    assert all((q is second) == (first >= asked[0]) for q, _, first, _ in denoiser.calls)


def test_evaluations_under_a_new_proposal_are_not_compared_with_old_ones() -> None:
    """The second proposal adds a constant to every loss: nothing but a change of measure."""

    class Shifted(Scripted):
        def gap(self, x: Tensor, y: Tensor, proposal: Proposal, *, repeats: int, seed: int) -> tuple[Tensor, Tensor]:
            bins, rows = super().gap(x, y, proposal, repeats=repeats, seed=seed)
            rows[:, ROW_VALUES.index("excess")] += 5.0 if proposal is second else 0.0
            return bins, rows

    denoiser, second = Shifted(settled), pilot()
    report = go(denoiser, refine=lambda bins, proposal: second)
    assert report.stopped == "plateau"
    assert report.kept == 600


# --- Progress -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("integrand", ["direct", "orthogonal"])
@pytest.mark.parametrize("loss", [falling, settled])
def test_progress_never_goes_back(loss: Callable[[int], float], integrand: str) -> None:
    heard: list[Progress] = []
    go(Scripted(loss), run=Run(progress=heard.append), integrand=integrand)
    fractions = [event.fraction for event in heard]
    assert len(heard) > 5
    assert fractions == sorted(fractions)
    assert 0.0 <= fractions[0] < fractions[-1] <= 1.0
    sign = 1 if integrand == "direct" else -1
    assert all(event.mi is not None and sign * event.mi > -1 for event in heard)
    assert all(event.seconds_left is None or event.seconds_left >= 0 for event in heard)


def test_an_interrupt_leaves_the_loop() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.fraction > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(Scripted(falling), run=Run(progress=interrupt))


# --- A real denoiser ------------------------------------------------------------------------------------------------
def test_a_few_independent_rows_do_not_become_information() -> None:
    """A network of this size learns 90 rows by heart; the weights kept must not."""
    rng = torch.Generator().manual_seed(0)
    x, y, new_x, new_y = (torch.randn(n, 3, generator=rng) for n in (90, 90, 500, 500))
    rho = torch.zeros(3, dtype=torch.float64)
    denoiser = FusedDenoiser(Network(3, 3, 32, 1), x, y, rho, seed=0, threads=1)
    held_out = torch.randn(60, 3, generator=rng), torch.randn(60, 3, generator=rng)
    schedule = Schedule(max_steps=2_000, min_steps=200, check_every=100)
    plan = TrainPlan(batch=128, lr=3e-3, warmup=20)
    q = default_logistic()
    _, report = train(denoiser, q, plan, TrainingSetup(held_out, schedule, Run(threads=1)))
    assert report.stopped in ("overfitting", "plateau")
    assert report.kept < report.steps
    direct, orthogonal = denoiser.gap(new_x, new_y, q, repeats=8, seed=1)[1].mean(0)[:2].tolist()
    assert abs(direct) < 0.1
    assert orthogonal < 0.1
