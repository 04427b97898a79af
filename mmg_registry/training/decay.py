"""The learning rate's course: constant as long as it pays, then a decay to zero over a share of the whole.

The number of steps need not be known beforehand, unlike with a decay over a fixed horizon: the decay is as long as the
constant stretch before it deserves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mmg_registry.training.stopping import OVERFITTING

GoesBack = Callable[[str, int], bool]  # of the reason why the constant stretch stopped, and the step that was kept


@dataclass(frozen=True)
class Horizon:
    """The step at which the rate begins to fall, and the one at which it is zero; equal before any decay."""

    decay_from: int
    end: int


def after_overfitting(stopped: str, kept: int) -> bool:
    """Decay from the kept weights only where what was trained after them made it worse.

    For critics and densities; `wherever_learned` is to be preferred, for it spends no decay on weights that lost the
    choice, but would move every estimate of theirs.
    """
    return stopped == OVERFITTING


def wherever_learned(stopped: str, kept: int) -> bool:
    """Decay from the kept weights, for what came after them gained nothing; from the last ones if none were trained."""
    return kept > 0


@dataclass(frozen=True)
class Decay:
    """How the final decay is laid out; the learner has the rates themselves.

    Attributes:
        share: of all steps that the decay takes, below 1.
        goes_back: whether it starts from the kept weights, where these are not the last ones.
        least_steps: of any decay. One in trainings whose shares may round to none; none where no step may be trained
            after going back to the start.
        pieces: the parts that an interval is cut into, for learners whose rate is constant within a call.
        cut_by_clock: whether the time limit ends the decay too. It is kept to the second then, but weights of a rate
            that has not come down to zero are noisy. Without it the decay is always whole, and the constant stretch
            alone leaves it the time it needs; to be preferred where speed is even.

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

    def constant_steps(self, most_steps: int) -> int:
        """Return the longest constant stretch of a training of at most `most_steps`."""
        return max(1, round(most_steps * (1 - self.share)))

    def steps(self, done: int, most_steps: int) -> int:
        """Return the steps of the decay after `done` constant ones."""
        share = round(done * self.share / (1 - self.share))
        return min(max(self.least_steps, share), most_steps - done)

    def piece(self, interval: int) -> int:
        """Return the steps, 1 at least, to train in one call where an interval is `interval` steps long."""
        return max(1, interval // self.pieces)


def linear_rate(peak: float, step: int, horizon: Horizon) -> float:
    """Return the learning rate of a step: `peak`, and within the decay a line to zero at its end.

    Example:
        >>> [linear_rate(0.1, step, Horizon(10, 20)) for step in (0, 10, 15)]
        [0.1, 0.1, 0.05]
    """
    if step < horizon.decay_from:
        return peak
    return peak * (1 - (step - horizon.decay_from) / (horizon.end - horizon.decay_from))
