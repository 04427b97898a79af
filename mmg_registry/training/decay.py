"""The schedule of the learning rate: constant for as long as training gains, then a decay to zero.

The decay takes a fixed share of all steps, so its length follows from that of the constant stretch before it. Unlike
with a decay over a fixed horizon, the number of steps need not be known beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mmg_registry.training.stopping import OVERFITTING

GoesBack = Callable[[str, int], bool]  # from (reason for stopping, kept step) to whether the decay starts at the latter


@dataclass(frozen=True)
class Horizon:
    """The step at which the learning rate begins to fall, and the step at which it is zero; equal before any decay."""

    decay_from: int
    end: int


def after_overfitting(stopped: str, kept: int) -> bool:
    """Return whether the constant stretch ended by over-fitting: only then does the decay start from the kept weights.

    Critics and densities use this rule. `wherever_learned` would be better for them too, because it never spends a
    decay on weights that were not kept, but it would change every estimate of theirs.
    """
    return stopped == OVERFITTING


def wherever_learned(stopped: str, kept: int) -> bool:
    """Return whether the kept weights were trained at all: the decay then starts from them, else from the last ones.

    Whatever was trained after the kept weights gained nothing on held-out rows.
    """
    return kept > 0


@dataclass(frozen=True)
class Decay:
    """The layout of the final decay in steps; the learner turns it into learning rates.

    Attributes:
        share: fraction of all steps that the decay takes, below 1.
        goes_back: decides whether the decay starts from the kept weights, where these are not the last ones.
        least_steps: the fewest steps of any decay. Use 1 for trainings so short that the share may round to no step,
            and 0 where no step may be trained after going back to the start.
        pieces: number of calls of the learner that an interval is cut into, for learners whose rate is constant
            within a call.
        cut_by_clock: whether the time limit may also cut the decay short. If so, the limit is kept to the second, but
            the weights of a rate that has not come down to zero are noisy. If not, the decay is always complete, and
            the constant stretch ends early enough to leave it time; prefer this where steps take equally long.
        looks: number of looks at held-out rows within the decay, evenly apart. One that finds the weights surely worse
            than the kept ones ends the decay: what over-fits at a high rate over-fits more at a low one.

    Example:
        >>> decay = Decay(share=0.6, goes_back=wherever_learned)
        >>> decay.constant_steps(1_000), decay.steps(400, most_steps=1_000), decay.steps(200, most_steps=1_000)
        (400, 600, 300)
    """

    share: float
    goes_back: GoesBack
    least_steps: int = 0
    pieces: int = 1
    cut_by_clock: bool = False
    looks: int = 0

    def constant_steps(self, most_steps: int) -> int:
        """Return the most steps that the constant stretch may take in a training of at most `most_steps` steps."""
        return max(1, round(most_steps * (1 - self.share)))

    def steps(self, done: int, most_steps: int) -> int:
        """Return the number of steps of the decay that follows `done` steps at the constant rate."""
        share = round(done * self.share / (1 - self.share))
        return min(max(self.least_steps, share), most_steps - done)

    def looks_at(self, horizon: Horizon) -> list[int]:
        """Return the steps after which to look, within a decay of as many steps as `horizon` says.

        Example:
            >>> Decay(share=0.6, goes_back=wherever_learned, looks=3).looks_at(Horizon(400, 1_000))
            [550, 700, 850]
        """
        steps = horizon.end - horizon.decay_from
        return [horizon.decay_from + steps * i // (self.looks + 1) for i in range(1, self.looks + 1)]

    def piece(self, interval: int) -> int:
        """Return how many steps (at least 1) to train in one call of the learner in an interval of `interval` steps."""
        return max(1, interval // self.pieces)


def linear_rate(peak: float, step: int, horizon: Horizon) -> float:
    """Return the learning rate of a step: `peak` before the decay, then a linear fall to zero at the decay's end.

    Example:
        >>> [linear_rate(0.1, step, Horizon(10, 20)) for step in (0, 10, 15)]
        [0.1, 0.1, 0.05]
    """
    if step < horizon.decay_from:
        return peak
    return peak * (1 - (step - horizon.decay_from) / (horizon.end - horizon.decay_from))
