"""How many steps lie between two evaluations of the held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mmg_registry.training.clock import Clock

FIFTH, TENTH = 5, 10  # of the steps so far; of the time limit


class Intervals(Protocol):
    """When to evaluate next."""

    def steps_after(self, done: int, clock: Clock) -> int:
        """Return how many steps, 1 at least, to train after `done` steps before the next evaluation."""


@dataclass(frozen=True)
class EvenIntervals:
    """Evaluate every `every` steps; under a time limit, after a fifth of the steps so far if that is sooner.

    Under a time limit this is the one to prefer: where evaluations fall depends on steps alone, so that a training that
    ends by itself is the same on a fast and on a slow machine.
    """

    every: int

    def steps_after(self, done: int, clock: Clock) -> int:
        return self.every if clock.limit is None else max(1, min(self.every, done // FIFTH))


@dataclass(frozen=True)
class AlignedIntervals:
    """Evaluate at all multiples of `every`, and once soon, after `first` steps, so that an estimate can be shown.

    Under a time limit the first step is evaluated at once, and no interval is longer than a tenth of the limit at the
    speed so far: a step of a large denoiser on a slow machine may take seconds, and the limit is not overrun by much.
    """

    every: int
    first: int = 20

    def steps_after(self, done: int, clock: Clock) -> int:
        if done == 0:
            return min(self.first, self.every) if clock.limit is None else 1
        rest = self.every - done % self.every
        elapsed = clock.elapsed
        if clock.limit is None or elapsed == 0:  # a coarse clock may not have moved yet
            return rest
        return max(1, min(rest, int(done / elapsed * clock.limit / TENTH)))
