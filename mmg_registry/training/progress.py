"""Progress reports of a training; the reported share never decreases, even where training goes back to a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from mmg_registry.contracts import Progress, Run
from mmg_registry.training.clock import Clock


@dataclass
class ProgressTeller:
    """A reporter that turns steps and time into the share of the work that is done.

    Attributes:
        run: the run whose listener is informed.
        clock: the clock of the training.
        most_steps: the most steps that the training may take.
        told: the largest share reported so far.
    """

    run: Run
    clock: Clock
    most_steps: int
    told: float = 0.0

    def tell(self, steps: int, mi: float | None) -> None:
        """Report the progress after `steps` steps, with the running estimate `mi` (nats) and the seconds left."""
        elapsed = self.clock.elapsed
        done = self.told = max(self.told, self._share(steps, elapsed))
        self.run.report(Progress(done, "training", mi, elapsed * (1 - done) / done if done > 0 else None))

    def _share(self, steps: int, elapsed: float) -> float:
        """Return the share of the steps or of the time limit that is used up, whichever is larger."""
        of_steps = steps / max(1, self.most_steps)
        of_time = 0.0 if self.clock.limit is None else elapsed / self.clock.limit
        return min(max(of_steps, of_time), 1.0)
