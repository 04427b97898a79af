"""Measurement of the gap of trained denoisers on rows: each term is summed under each window, and the sums joined."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_plugins.mmg.thresholds import EVALUATION_DRAWS, LEAST_REPEATS, MEASURING_SHARE, PROBED_ROWS
from mmg_plugins.mmg.trained import TrainedTerm, TrainedTerms
from mmg_registry.core import BIN_SUMS, Proposal
from mmg_registry.diffusion import GapEstimate, TrainedDenoiser, joined, summarise
from mmg_registry.diffusion.learner import MOST_REPEATS

# From a denoiser, rows of its term, a proposal, repeats and a seed: sums over bins, and means of rows in nats.
Sums = Callable[[TrainedDenoiser, CoordinateRows, Proposal, int, int], tuple[Tensor, Tensor]]
Above = tuple[tuple[float, Proposal], ...]  # weights and windows


def own_sums(
    denoiser: TrainedDenoiser, rows: CoordinateRows, proposal: Proposal, repeats: int, seed: int
) -> tuple[Tensor, Tensor]:
    """Return the sums of the denoiser's own squared errors."""
    return denoiser.gap(*rows, proposal, repeats=repeats, seed=seed)


@dataclass(frozen=True)
class GapMeasure:
    """The part of a recipe that measures gaps.

    Attributes:
        seed: seed of noise and log-SNRs.
        repeats: log-SNR and noise draws of each row; None for about `EVALUATION_DRAWS` in all.
        sums: sums the squares of one term.
        above: further windows above that of the proposal, each with the weight that it counts with.
        denoising: whether the squares are denoising errors, and belong in the curve as such.
        in_torch: whether sums are taken in torch, whatever the training ran in.
        seconds: most time of a measurement, which then has fewer repeats, one at least; None for no limit.
    """

    seed: int
    repeats: int | None = None
    sums: Sums = own_sums
    above: Above = ()
    denoising: bool = True
    in_torch: bool = False
    seconds: float | None = None

    def __call__(self, trained: TrainedTerms, rows: CoordinateRows) -> GapEstimate:
        """Return the integrals of both integrands over all windows, on rows in the denoisers' coordinates."""
        gap = self._under(trained.proposal, trained, rows, self._repeats_in_time(trained, rows))
        if self.above:
            higher = [(weight, self._under(window, trained, rows, 1)) for weight, window in self.above]
            gap = joined([(1.0, gap), *higher])
        return gap if self.denoising else replace(gap, curve=replace(gap.curve, mmse=None, mmse_cond=None))

    def row_values(self, trained: TrainedTerms, proposal: Proposal, rows: CoordinateRows) -> Tensor:
        """Return each row's values `(n, 4)`, as `ROW_VALUES` names them, summed over the terms, in nats."""
        repeats = self.repeats_for(len(rows[0]))
        sums = [self._term(each, proposal, rows, repeats)[1] for each in trained.terms]
        return torch.stack(sums).sum(0)

    def repeats_for(self, n: int) -> int:
        """Return the number of log-SNR and noise draws of each of `n` rows."""
        return self.repeats or int(np.clip(EVALUATION_DRAWS // n, LEAST_REPEATS, MOST_REPEATS))

    def within(self, limit: float | None) -> GapMeasure:
        """Return the measure with its share of the time limit of an estimate, in seconds."""
        return replace(self, seconds=None if limit is None else MEASURING_SHARE * limit)

    def _repeats_in_time(self, trained: TrainedTerms, rows: CoordinateRows) -> int:
        """Return the repeats of a measurement of `rows`, told by the time of one repeat of a few of them."""
        n = len(rows[0])
        wanted = self.repeats_for(n)
        if self.seconds is None or wanted == 1:
            return wanted
        some, start = (rows[0][:PROBED_ROWS], rows[1][:PROBED_ROWS]), time.perf_counter()
        self._under(trained.proposal, trained, some, 1)
        took = (time.perf_counter() - start) / len(some[0]) * n
        return max(1, min(wanted, int(self.seconds / took)))

    @property
    def words(self) -> dict[str, Any]:
        """Return what the result says of the evaluation beside the denoiser's backend."""
        return {"evaluation": "torch"} if self.in_torch else {}

    def _under(self, proposal: Proposal, trained: TrainedTerms, rows: CoordinateRows, repeats: int) -> GapEstimate:
        """Return the sum of all terms' gaps under one proposal, on the same rows and log-SNRs."""
        sums = [self._term(each, proposal, rows, repeats) for each in trained.terms]
        bins, values = (torch.stack(parts).sum(0) for parts in zip(*sums, strict=True))
        bins[:, BIN_SUMS.index("count")] /= len(sums)
        return summarise(bins, values, proposal, repeats)

    def _term(self, each: TrainedTerm, proposal: Proposal, rows: CoordinateRows, repeats: int) -> tuple[Tensor, Tensor]:
        return self.sums(each.denoiser, each.term.rows(rows), proposal, repeats, self.seed)
