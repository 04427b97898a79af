"""Rules for the number of steps between two evaluations of the held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mmg_registry.training.clock import Clock

FIFTH = 5  # under a time limit, `EvenIntervals` are at most this part of the steps so far
TENTH = 10  # under a time limit, `AlignedIntervals` take at most this part of the limit
DEAR = 0.02  # share of a time limit from which a look is dear: of cheap ones, fifty cost no more than the limit
PAUSE = 3  # dear looks are this many times their own seconds apart, so that they take a quarter of the time at most
LONGEST = 0.2  # share of a time limit that a pause may take; without it the limit would be overrun by a pause


class Intervals(Protocol):
    """A rule for when to evaluate next."""

    def steps_after(self, done: int, clock: Clock) -> int:
        """Return how many steps (at least 1) to train between step `done` and the next evaluation."""


@dataclass(frozen=True)
class EvenIntervals:
    """Intervals of `every` steps; under a time limit, of a fifth of the steps so far where that is shorter.

    Prefer this rule under a time limit: evaluations depend on the number of steps alone, so a training that stops
    before the limit gives the same result on a fast and on a slow machine, unless its looks are dear.
    """

    every: int

    def steps_after(self, done: int, clock: Clock) -> int:
        if clock.limit is None:
            return self.every
        return max(1, min(self.every, done // FIFTH), _steps_in(_pause(clock), done, clock))


@dataclass(frozen=True)
class AlignedIntervals:
    """Evaluations at the multiples of `every`, and one after `first` steps, so that an estimate can be shown early.

    Under a time limit the first evaluation follows the first step, and no interval takes longer than a tenth of the
    limit at the speed so far, or than the pause after a dear look: a step of a large denoiser may take seconds on a
    slow machine, and the limit should not be overrun by much.
    """

    every: int
    first: int = 20

    def steps_after(self, done: int, clock: Clock) -> int:
        if done == 0:
            return min(self.first, self.every) if clock.limit is None else 1
        rest = self.every - done % self.every
        if clock.limit is None or clock.trained <= 0:  # a clock of coarse resolution may still show 0
            return rest
        return max(1, min(rest, _steps_in(max(clock.limit / TENTH, _pause(clock)), done, clock)))


def _pause(clock: Clock) -> float:
    """Return the least seconds of training between two looks under a time limit; 0 where they are not dear."""
    limit = clock.limit or 0.0
    return min(PAUSE * clock.last_look, LONGEST * limit) if clock.last_look > DEAR * limit else 0.0


def _steps_in(seconds: float, done: int, clock: Clock) -> int:
    """Return how many steps take `seconds` of training at the speed of the `done` ones."""
    return int(done / clock.trained * seconds) if clock.trained > 0 else 0
