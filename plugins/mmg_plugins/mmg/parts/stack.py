"""What is asked beside a trained network: nothing, or a mixture of normal densities, which few rows suffice for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_plugins.mmg.thresholds import MIXTURE_COLUMNS, MIXTURE_ROWS, MIXTURE_WORK
from mmg_plugins.mmg.trained import TrainedTerm
from mmg_registry.contracts import Run
from mmg_registry.core import Proposal
from mmg_registry.diffusion import MixtureDenoisers, fit_mixture, stacked
from mmg_registry.training.stopping import TIME_SPENT

# From a trained term, its rows to learn from and its held-out rows, its proposal and the run, to what is measured.
Stack = Callable[[TrainedTerm, CoordinateRows, CoordinateRows, Proposal, Run], TrainedTerm]


def network_alone(
    trained: TrainedTerm, rows: CoordinateRows, held_out: CoordinateRows, proposal: Proposal, run: Run
) -> TrainedTerm:
    """Return the trained network as it is."""
    return trained


def with_mixture(
    trained: TrainedTerm, rows: CoordinateRows, held_out: CoordinateRows, proposal: Proposal, run: Run
) -> TrainedTerm:
    """Return the weighted mean of a trained network and of a mixture that is fitted to the same rows.

    Where rows are few the network stops before it has learned much, or learns by heart. The weight is chosen on
    held-out rows, and is 0 where rows or columns are many, or the time is spent. What more training or other weights of
    the network would give counts by the network's share.
    """
    if not _asked(trained, rows):
        return trained
    mixture = fit_mixture(torch.cat(rows, 1).double().numpy(), run.seed)
    noised = trained.term.noised
    both = stacked(trained.denoiser, MixtureDenoisers(mixture, noised), held_out, proposal, run.seed)
    if both is None:
        return trained
    left, old = 1 - both.weight, trained.report
    report = replace(old, choice_error=left * old.choice_error, unfinished=left * old.unfinished, of_others=both.weight)
    return replace(trained, denoiser=both, report=report)


def _asked(trained: TrainedTerm, rows: CoordinateRows) -> bool:
    x, y = rows
    n, columns = len(x), x.shape[1] + y.shape[1]
    plain = x.shape[1] == trained.term.noised and trained.report.stopped != TIME_SPENT
    return plain and n < MIXTURE_ROWS and columns <= MIXTURE_COLUMNS and n * columns**2 <= MIXTURE_WORK
