"""How much of the past a question gives, and which lags of the source it asks about, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmg_registry.series.embedding import Reach
from mmg_registry.series.history import Chosen, Gain, lags_of, steps_of
from mmg_registry.series.plan import Plan
from mmg_registry.series.problem import Functions, LagProblem
from mmg_registry.series.recording import Recording
from mmg_registry.series.screen import LEVEL, Screened

MOST_STEPS = 10
"""Steps of the past that are tried where no history is asked for. Lower: a longer memory passes for the source's.
Higher: every row needs as many before it, and time."""
SHARE_OF_TRIAL = 4  # the longest trial has so many times the steps that are tried at least
MOST_TOGETHER = 3
"""Lags of the source that are asked about together. Lower: a source that acts over a stretch is cut. Higher: estimators
of many columns from the same rows."""


@dataclass(frozen=True)
class Past:
    """What a question gives of the past.

    Attributes:
        reach: the lags, and the steps of the target's own past and of what is given.
        reasons: why so many steps, in sentences.
    """

    reach: Reach
    reasons: tuple[str, ...] = ()


def most_steps(recording: Recording) -> int:
    """Return how many steps of the past are tried where no history is asked for: fewer in short trials."""
    return max(1, min(MOST_STEPS, int(np.bincount(recording.trial).max()) // SHARE_OF_TRIAL))


def past_of(recording: Recording, plan: Plan, functions: Functions) -> Past:
    """Return how much of the past is given: what is asked for, else what held-out prediction chooses.

    Args:
        recording: the series, of a source "x", a target "y" and perhaps "given".
        plan: lags and history.
        functions: those that are known (see `LagProblem`), to which others are added.
    """
    most = most_steps(recording)
    wanted = {"own": plan.history, "given": plan.given_history if "given" in recording.sides else 0}
    tried = {name: most if steps is None else steps for name, steps in wanted.items()}
    if None not in wanted.values():
        return Past(Reach(plan.lags, **tried))
    problem = LagProblem(recording, Reach(plan.lags, **tried), plan.degree, functions)
    reasons = []
    for name, side in (("own", "y"), ("given", "given")):
        if wanted[name] is None:
            chosen = _chosen(problem, side, tried["own"] if name == "given" else 0, tried[name])
            tried[name] = chosen.steps
            reasons.append(chosen.reason(", ".join(recording.side(side).names)))
    return Past(Reach(plan.lags, **tried), tuple(reasons))


def _chosen(problem: LagProblem, side: str, own: int, most: int) -> Chosen:
    """Return how many steps of the past of a side to give; of what a person gives, one at least."""
    beside = [problem.step("y", lag) for lag in range(1, own + 1)]
    chosen = steps_of(problem.target, [problem.step(side, lag) for lag in range(1, most + 1)], beside)
    return replace(chosen, steps=max(chosen.steps, 1)) if side == "given" else chosen


@dataclass(frozen=True)
class Together:
    """The lags of the source that are asked about.

    Attributes:
        lags: the one that tells most first, then those that add to it.
        gain: what they add to a held-out prediction.
        reason: why these.
    """

    lags: tuple[int, ...]
    gain: Gain
    reason: str


def together(problem: LagProblem, screened: Screened, most: int = MOST_TOGETHER) -> Together:
    """Return the lag that tells most, and those that add to it in held-out stretches."""
    lags, best = problem.reach.lags, int(screened.value.argmax())
    beyond = [place for place in np.flatnonzero(screened.p_values <= LEVEL).tolist() if place != best]
    places = [best, *beyond]
    source = [problem.with_gate(place) for place in places]
    taken, gain = lags_of(problem.target, problem.past, source, 0, most)
    chosen = tuple(lags[places[place]] for place in taken)
    others = most > 1 and len(lags) > 1
    return Together(chosen, gain, _reason(chosen, gain, len(lags), others))


def _reason(lags: tuple[int, ...], gain: Gain, tried: int, others: bool) -> str:
    added = f", and with {', '.join(map(str, lags[1:]))}" if len(lags) > 1 else ""
    held = f"held out {'they gain' if added else 'it gains'} {gain.nats:.4f} ± {gain.error:.4f} nats a sample"
    more = "no other adds more than its error" if others and len(lags) < MOST_TOGETHER else ""
    return f"Lag {lags[0]} tells most of {tried}{added}; {held}{', and ' if more else ''}{more}."
