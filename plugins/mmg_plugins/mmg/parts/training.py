"""Training of all terms: the only place in this package that calls the registry's trainer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mmg_plugins.mmg.parts.coordinates import CoordinateRows, Coordinates
from mmg_plugins.mmg.parts.gap import GapMeasure
from mmg_plugins.mmg.parts.networks import Networks
from mmg_plugins.mmg.parts.plans import MakePlan
from mmg_plugins.mmg.parts.proposals import LogSNRDraws
from mmg_plugins.mmg.parts.stack import Stack
from mmg_plugins.mmg.parts.terms import Term
from mmg_plugins.mmg.trained import TrainedTerm, TrainedTerms
from mmg_registry.arrays import Index
from mmg_registry.contracts import Run
from mmg_registry.core import Proposal
from mmg_registry.diffusion import TrainingSetup, envelope, train
from mmg_registry.training.held_out import hold_back

Integrand = Literal["direct", "orthogonal"]


@dataclass(frozen=True)
class TrainingJob:
    """A training to be done: what is trained, on which rows, by which plan.

    Attributes:
        coordinates, terms, network, proposals, plan: parts of the recipe, or what they made of the training rows.
        gap: measures losses on held-out rows.
        stack: asks others beside each trained network.
        integrand: the integrand whose running value is reported as progress.
        rows: rows to learn from, in the denoisers' coordinates.
        held_out: rows to stop by, in the denoisers' coordinates.
    """

    coordinates: Coordinates
    terms: Sequence[Term]
    network: Networks
    proposals: LogSNRDraws
    plan: MakePlan
    gap: GapMeasure
    stack: Stack
    integrand: Integrand
    run: Run
    rows: CoordinateRows
    held_out: CoordinateRows

    @property
    def n_rows(self) -> int:
        """Return the number of rows given to `fit`, held-out ones included."""
        return len(self.rows[0]) + len(self.held_out[0])


def split_off_held_out(
    rows: CoordinateRows, seed: int, groups: Index | None = None
) -> tuple[CoordinateRows, CoordinateRows]:
    """Split rows into those to learn from and those to stop by, no group into both; `rows` are shuffled in place."""
    return hold_back(*rows, seed, groups)


Train = Callable[[TrainingJob], TrainedTerms]


def train_terms(job: TrainingJob) -> TrainedTerms:
    """Train one network for each term, in equal shares of the time, and return them with a proposal that serves all."""
    limit = None if job.run.max_seconds is None else job.run.max_seconds / len(job.terms)
    job = replace(job, run=replace(job.run, max_seconds=limit))
    found = [_train_term(job, term) for term in job.terms]
    return TrainedTerms(job.network, tuple(term for term, _ in found), envelope([proposal for _, proposal in found]))


def _train_term(job: TrainingJob, term: Term) -> tuple[TrainedTerm, Proposal]:
    denoiser = job.network.build(job.coordinates, term, job.rows, job.run)
    how: dict[str, Any] = {"refine": job.proposals.refinement(job.coordinates.dim_x), "integrand": job.integrand}
    plan, schedule = job.plan(job.coordinates.dim_x, job.n_rows)
    setup = TrainingSetup(term.rows(job.held_out), schedule, job.run)
    last, report = train(denoiser, job.proposals.first(), plan, setup, **how)
    trained = TrainedTerm(term, denoiser, report)
    return job.stack(trained, term.rows(job.rows), setup.held_out, last, job.run), job.proposals.evaluated(last)
