"""Progress of a training, told to whoever listens: it never goes back, even where the training does."""

from __future__ import annotations

from dataclasses import dataclass

from mmg_registry.contracts import Progress, Run
from mmg_registry.training.clock import Clock


@dataclass
class ProgressTeller:
    """Turn steps and time into the share of the work that is done.

    Attributes:
        run: whose listener is told.
        clock: of the training.
        most_steps: of the training.
        told: the largest share told so far.
    """

    run: Run
    clock: Clock
    most_steps: int
    told: float = 0.0

    def tell(self, steps: int, mi: float | None) -> None:
        """Report the progress after `steps` steps, and the running estimate `mi` (nats)."""
        elapsed = self.clock.elapsed
        done = self.told = max(self.told, self._share(steps, elapsed))
        self.run.report(Progress(done, "training", mi, elapsed * (1 - done) / done if done > 0 else None))

    def _share(self, steps: int, elapsed: float) -> float:
        """Return the share of the steps or of the time limit, whichever is nearer to its end."""
        of_steps = steps / max(1, self.most_steps)
        of_time = 0.0 if self.clock.limit is None else elapsed / self.clock.limit
        return min(max(of_steps, of_time), 1.0)
