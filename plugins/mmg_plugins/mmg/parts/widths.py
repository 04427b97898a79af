"""The search for a narrower network where few rows are over-fitted.

With few rows the width hardly matters (`docs/decisions/network-width.md`), and the search takes 2 to 6 times the time.
No other part depends on this one: without it, `auto` trains once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from mmg_plugins.mmg.parts.networks import FusedNetworks
from mmg_plugins.mmg.parts.training import TrainingJob, train_terms
from mmg_plugins.mmg.thresholds import LEAST_WIDTH, MANY_ROWS
from mmg_plugins.mmg.trained import TrainedTerms
from mmg_registry.core import Proposal
from mmg_registry.diffusion.learner import EXCESS
from mmg_registry.training.evaluation import gained


@dataclass(frozen=True)
class HalveWidth:
    """The part that trains again with half the width, until nothing over-fits, the held-out loss rises or time is up.

    A rise of the held-out loss counts if it exceeds its standard error.
    """

    why: str = "half while few rows are over-fitted and the loss allows"

    def __call__(self, job: TrainingJob) -> TrainedTerms:
        last = best = train_terms(job)
        spent = last.seconds
        while _time_for(job, spent + last.seconds) and (smaller := narrower(job, best)) is not None:
            last = train_terms(smaller)
            spent += last.seconds
            if surely_worse(job, last, best):
                break
            best = last
        return best


def narrower(job: TrainingJob, trained: TrainedTerms) -> TrainingJob | None:
    """Return the job with half the width; None where rows are many, or where no useful network over-fits them."""
    over_fitted = any(report.stopped == "overfitting" and report.kept > 0 for report in trained.reports)
    network = trained.network
    if not (over_fitted and isinstance(network, FusedNetworks)):
        return None
    few = job.n_rows < MANY_ROWS and network.width >= 2 * LEAST_WIDTH
    return replace(job, network=replace(network, width=network.width // 2)) if few else None


def surely_worse(job: TrainingJob, last: TrainedTerms, best: TrainedTerms) -> bool:
    """Return whether the held-out loss rose by more than its standard error, under the proposal of the best so far."""
    gain, error = gained(*(-_losses(job, each, best.proposal) for each in (best, last)))
    return gain < -error


def _losses(job: TrainingJob, trained: TrainedTerms, proposal: Proposal) -> Tensor:
    """Return each held-out row's excess loss over the linear denoisers, without and with y, on the same noise."""
    return job.gap.row_values(trained, proposal, job.held_out)[:, EXCESS].sum(1)


def _time_for(job: TrainingJob, seconds: float) -> bool:
    return job.run.max_seconds is None or seconds <= job.run.max_seconds
