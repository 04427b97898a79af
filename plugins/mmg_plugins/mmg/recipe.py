"""Recipes: an estimator of the MMSE gap is a frozen recipe of named parts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mmg_plugins.masked.fitted import MaskedTraining
from mmg_plugins.mmg import steps
from mmg_plugins.mmg.challengers import Given, Question
from mmg_plugins.mmg.evidence import Evidence, Tail, height
from mmg_plugins.mmg.options import MMGOptions
from mmg_plugins.mmg.parts import mixing, proposals
from mmg_plugins.mmg.parts.coordinates import (
    NO_CONTEXT,
    ContextColumns,
    CoordinateRows,
    Coordinates,
    FitCanonical,
    FitCoordinates,
    FitStandard,
)
from mmg_plugins.mmg.parts.gap import GapMeasure
from mmg_plugins.mmg.parts.links import Link
from mmg_plugins.mmg.parts.memory import NEIGHBOURS_ALONE, Remember
from mmg_plugins.mmg.parts.mixing import Mix
from mmg_plugins.mmg.parts.networks import Networks, PublishedNetworks, fused_or
from mmg_plugins.mmg.parts.orientation import Orient, noise_x
from mmg_plugins.mmg.parts.plans import DefaultPlan, MakePlan, PublishedPlan
from mmg_plugins.mmg.parts.proposals import LogSNRDraws
from mmg_plugins.mmg.parts.redraws import Redraws
from mmg_plugins.mmg.parts.stack import Stack, network_alone
from mmg_plugins.mmg.parts.terms import Split, one_term
from mmg_plugins.mmg.parts.training import Integrand, Train, TrainingJob, split_off_held_out, train_terms
from mmg_plugins.mmg.steps import Step
from mmg_plugins.mmg.thresholds import TRAINING_SHARE
from mmg_plugins.mmg.trained import FittedGap
from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array, Redrawn, Run, left_of
from mmg_registry.diffusion import RowDraws, beyond_linear, gaussian_tail, integrated_rows, linear_ratio
from mmg_registry.diffusion.row_ratios import ROW_DRAWS

SCORE_DRAWS = 64
"""Draws of log-SNR and noise by which a row is scored in tests, of whose repeats one is made.

Evidence: scores are summed over hundreds of rows. Lower: noise, which hides weak dependence. Higher: time.
"""


def say_no_more(recipe: Recipe, evidence: Evidence) -> dict[str, Any]:
    """Add nothing to the diagnostics."""
    return {}


def nothing_outside(rho: NDArray[np.float64], low: float, high: float) -> float:
    """Return no nats outside the window."""
    return 0.0


@dataclass(frozen=True)
class Recipe:
    """The parts of an estimator, in the order in which they are used.

    Attributes:
        run: seed, threads, device, limits.
        coordinates: fits the coordinates that the denoisers work in.
        network: makes the denoisers.
        plan: makes the training plan and the learning-rate schedule, stopping rule included.
        proposals: makes the densities that log-SNRs are drawn from.
        gap: measures the gap of trained denoisers on rows.
        orient: chooses the variable to noise.
        split: splits the information into terms of the chain rule.
        train: trains all terms.
        stack: asks others beside the trained network of each term.
        remember: gathers facts of the training rows for the steps; None where no step needs any.
        integrand: names the integrand whose running value is reported, and whose curve shows what happens at the
            window's end.
        mix: computes the value inside the window from both integrands.
        tail: computes the linear denoisers' integral outside the window, in nats.
        steps: lead from that value to the estimate and its standard error.
        describe: adds further diagnostics.
        left_out: the names of steps that were left out for an experiment.
        counts: whether counts are labels where both sides are of labels and counts alone, and a small table of labels
            is counted in place of training for it.
        positions: the training that predicts the labels of one side from those of the other.
        one_sided: whether one side alone is noised, so that the other may have labels.
        gates: whether a conditional denoiser that is surely worse than the unconditional one counts as unlearned.
        compresses: whether sides of many columns are compressed to few where that pays.
    """

    run: Run
    coordinates: FitCoordinates
    network: Networks
    plan: MakePlan
    proposals: LogSNRDraws
    gap: GapMeasure
    orient: Orient = noise_x
    split: Split = one_term
    train: Train = train_terms
    stack: Stack = network_alone
    remember: Remember | None = None
    integrand: Integrand = "direct"
    mix: Mix = mixing.direct
    tail: Tail = gaussian_tail
    steps: tuple[Step, ...] = steps.PLAIN
    describe: Callable[[Recipe, Evidence], dict[str, Any]] = say_no_more
    left_out: tuple[str, ...] = ()
    counts: bool = False
    positions: MaskedTraining = field(default_factory=MaskedTraining)
    one_sided: bool = True
    gates: bool = False
    compresses: bool = False

    def of(self, link: Link) -> Recipe:
        """Return the recipe of one link of the chain rule.

        Labels are known for certain from a finite log-SNR on, so that the linear denoisers, which always share ever
        finer digits, say nothing of what lies outside the window. They have no density that a mixture could be.
        """
        if not link.labels_given:
            return self
        kept = tuple(step for step in self.steps if step is not steps.precision.STEP)
        return replace(self, tail=nothing_outside, steps=kept, stack=network_alone)

    def fit(
        self, x: Array, y: Array, link: Link, beside: ContextColumns = NO_CONTEXT, groups: Index | None = None
    ) -> FittedGap:
        """Train on rows `x` `(n, dim_x)` and `y` `(n, dim_y)` of a link, and return what the training leaves.

        The last columns of the noised variable are those `beside`, which both denoisers see. Rows with the same number
        in `groups` `(n,)` are held out together.
        """
        started = time.perf_counter()
        noised, given = link.orientation.apply(x, y)
        coordinates = self.coordinates.fit(noised, given, beside)
        rows = coordinates.transform(noised, given)
        # before training, which shuffles `rows` in place
        question = Question((x, y), rows, coordinates, self.run, groups)
        facts = self.remember.before(question) if self.remember else None
        trained = self.train(self._job(coordinates, rows, groups, self._training_run(time.perf_counter() - started)))
        return self._remembered((x, y), FittedGap(link, coordinates, trained, len(x), facts))

    def measure(self, fitted: FittedGap, x: Array, y: Array) -> Evidence:
        """Measure the gap on evaluation rows `x` `(n, dim_x)` and `y` `(n, dim_y)`, and return all evidence."""
        rows = fitted.coordinates.transform(*fitted.link.orientation.apply(x, y))
        measure = self.gap.within(self.run.max_seconds)
        gap, rho, q = measure(fitted.trained, rows), fitted.coordinates.rho, fitted.trained.proposal
        tail, at_end = self.tail(rho, q.low, q.high), height(self.tail, rho, q.high)
        evidence = Evidence(gap, self.mix(gap), self.integrand, tail, at_end, rows, fitted)
        return evidence.without_learning() if self.gates and evidence.surely_worse else evidence

    def log_ratio(self, fitted: FittedGap, x: Array, y: Array, repeat: int) -> F64:
        """Return the log-density ratio of each row of a link, `(n,)` in nats: one independent repeat of its draws.

        The direct integrand, whatever this recipe's own: the closed form of the linear denoisers, over all log-SNRs
        where these hold outside the window, and what the networks correct inside.

        Args:
            fitted: the trained link.
            x, y: rows `(n, dim_x)` and `(n, dim_y)` of that link, as `measure` takes them.
            repeat: which repeat of the draws, from 0.
        """
        rows = fitted.coordinates.transform(*fitted.link.orientation.apply(x, y))
        return self._ratio(fitted, rows, repeat)

    def with_few_draws(self) -> Recipe:
        """Return the recipe with as many draws of a row as its score needs."""
        return replace(self, gap=replace(self.gap, repeats=SCORE_DRAWS))

    def redrawn(self, fitted: FittedGap, x: Array, y: Array, redraws: Redraws) -> Redrawn:
        """Return rows of a link and draws of their noised variable, with the log ratios of all.

        Few draws of noise are made, which all of a row share: what differs among them is not the draws'.
        """
        noised, given = fitted.coordinates.transform(*fitted.link.orientation.apply(x, y))
        drawn = redraws.of(fitted.trained, (noised, given), self.run.seed)
        beside, own = [given, *(given[mates] for mates in redraws.mates.T)], self.with_few_draws()
        found = [[own._ratio(fitted, (one, other), 0) for other in beside] for one in drawn]
        values = torch.stack(drawn, 1)[:, :, : fitted.coordinates.dim_x].numpy()
        return Redrawn(values, np.stack([np.stack(each, axis=1) for each in found], axis=1))

    def _ratio(self, fitted: FittedGap, rows: CoordinateRows, repeat: int) -> F64:
        """Return the log ratios `(n,)` of rows in the denoisers' coordinates."""
        trained, q = fitted.trained, fitted.trained.proposal
        window = (q.low, q.high) if fitted.link.labels_given else (-math.inf, math.inf)
        plan, found = RowDraws(q, self.run.seed, self.gap.repeats or ROW_DRAWS), np.zeros(len(rows[0]))
        for each in trained.terms:
            own = each.term.rows(rows)
            found += linear_ratio(own[0].numpy(), own[1].numpy(), each.term.rho(fitted.coordinates.rho), window)
            found += integrated_rows(each.denoiser.errors(), beyond_linear, own, each.term.noised, plan, repeat)
        return found

    def _training_run(self, spent: float) -> Run:
        """Return the run of the training, with what `spent` seconds leave of its share of the time."""
        limit = self.run.max_seconds
        return replace(self.run, max_seconds=None if limit is None else left_of(TRAINING_SHARE * limit, spent))

    def _job(self, coordinates: Coordinates, all_rows: CoordinateRows, groups: Index | None, run: Run) -> TrainingJob:
        rows, held_out = split_off_held_out(all_rows, self.run.seed, groups)
        return TrainingJob(
            coordinates=coordinates,
            terms=self.split(coordinates, len(rows[0])),
            network=self.network,
            proposals=self.proposals,
            plan=self.plan,
            gap=self.gap,
            stack=self.stack,
            integrand=self.integrand,
            run=run,
            rows=rows,
            held_out=held_out,
        )

    def _remembered(self, given: Given, fitted: FittedGap) -> FittedGap:
        if self.remember is None or fitted.facts is None:
            return fitted
        return replace(
            fitted, facts=self.remember.after(fitted.facts, given, fitted, self.gap.within(self.run.max_seconds))
        )


def default_recipe(options: MMGOptions, run: Run, module: nn.Module | None = None) -> Recipe:
    """Return the default recipe: canonical coordinates, linear denoisers corrected by a network, published proposal.

    Args:
        options: options of the estimator.
        run: seed, threads, device, limits.
        module: a torch module of the user's, in place of the built-in network.
    """
    return Recipe(
        run,
        FitCanonical(options.gaussianise),
        fused_or(module, options.width, options.depth),
        DefaultPlan(options),
        proposals.fixed(),
        GapMeasure(run.seed, options.repeats),
        remember=NEIGHBOURS_ALONE,
        positions=MaskedTraining(min(MaskedTraining.steps, options.steps or MaskedTraining.steps)),
    )


def published_recipe(options: MMGOptions, run: Run, module: nn.Module | None = None) -> Recipe:
    """Return the published recipe of MMG (arXiv 2509.20609): its coordinates, network, optimiser and epochs.

    The evaluation stays that of the default recipe: both denoisers see the same noise, where the released code draws it
    twice.
    """
    return Recipe(
        run,
        FitStandard(),
        PublishedNetworks(module=module),
        PublishedPlan(options.steps),
        proposals.fixed(),
        GapMeasure(run.seed, options.repeats),
        remember=NEIGHBOURS_ALONE,
    )
