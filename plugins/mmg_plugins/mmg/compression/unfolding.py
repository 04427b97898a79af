"""Fewer columns still: codes that lie on a surface are unfolded to as many columns as the surface has dimensions.

Scores that are linear in codes need more axes than there are numbers behind a side, such as a sine and a cosine of one
angle. A denoiser would spend its training on learning that surface, in the place of what the sides share.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmg_plugins.mmg.compression.encoders import Axes
from mmg_plugins.mmg.thresholds import FOLD_RATE, FOLD_SHARE, FOLD_STEPS, FOLD_UNITS
from mmg_plugins.perceptron import perceptron
from mmg_registry.contracts import Run
from mmg_registry.training import (
    Decay,
    EvenIntervals,
    MinibatchLearner,
    Procedure,
    RowPair,
    Trainable,
    after_overfitting,
    train,
)

BATCH = 256  # rows a training step


class Unfolding(nn.Module):
    """Maps of `folded` columns of x and of y to `flat` ones, and back, which serves in training alone.

    Args:
        folded: columns of each side.
        flat: fewer columns of each side.
        draw: generator of the weights.
    """

    def __init__(self, folded: int, flat: int, draw: torch.Generator) -> None:
        super().__init__()
        inner = [FOLD_UNITS, FOLD_UNITS]
        self.sizes = folded, flat
        self.there = nn.ModuleList(perceptron([folded, *inner, flat], draw) for _ in "xy")
        self.back = nn.ModuleList(perceptron([flat, *inner, folded], draw) for _ in "xy")

    def forward(self, columns: RowPair) -> RowPair:
        """Return the flat columns of x and of y."""
        of_x, of_y = (each(side) for each, side in zip(self.there, columns, strict=True))
        return of_x, of_y

    def rebuilt(self, columns: RowPair) -> RowPair:
        """Return the folded columns as the flat ones tell them."""
        of_x, of_y = (each(side) for each, side in zip(self.back, self(columns), strict=True))
        return of_x, of_y


class TrainableUnfolding(Trainable):
    """An unfolding with its loss: what the flat columns fail to tell, each folded one weighed by what it tells.

    An auto-encoder with a bottleneck (Kramer, "Nonlinear principal component analysis", AIChE Journal 1991).
    """

    def __init__(self, module: Unfolding, weight: Tensor) -> None:
        self.module: Unfolding = module
        self.weight = weight

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        return self._missed(x, y).mean()

    def shares(self, x: Tensor, y: Tensor) -> Tensor:
        missed = -self._missed(x, y)
        return torch.stack([missed, missed], 1)

    def _missed(self, x: Tensor, y: Tensor) -> Tensor:
        rebuilt = self.module.rebuilt((x, y))
        return sum(((a - b) ** 2 @ self.weight for a, b in zip(rebuilt, (x, y), strict=True)), torch.zeros(len(x)))


def unfolded(axes: Axes, known: RowPair, others: RowPair, run: Run) -> Unfolding | None:
    """Return the unfolding to the fewest columns that keep the contrast on other rows, but for `FOLD_SHARE` of it.

    It learns from the codes of each side alone, of the rows that trained the encoders. None where all axes are needed.

    Args:
        axes: the axes that are folded.
        known: codes of x and of y of the rows that trained the encoders.
        others: codes of other rows, whose contrast decides.
        run: seed, limit and progress.
    """
    least = (1 - FOLD_SHARE) * float(axes.own_contrasts(others).mean())
    fewest, most, found = 1, len(axes.weight), None
    while fewest < most:  # the contrast grows with the columns
        flat = (fewest + most) // 2
        tried = _fitted(axes, flat, (axes(known), axes(others)), run)
        with torch.no_grad():
            kept = float(axes.own_contrasts(others, tried.rebuilt(axes(others))).mean())
        if kept >= least:
            most, found = flat, tried
        else:
            fewest = flat + 1
    return found


def _fitted(axes: Axes, flat: int, rows: tuple[RowPair, RowPair], run: Run) -> Unfolding:
    module = Unfolding(len(axes.weight), flat, torch.Generator().manual_seed(run.seed))
    learner = MinibatchLearner(TrainableUnfolding(module, axes.weight), *rows, BATCH, FOLD_RATE, run.seed)
    decay = Decay(0.5, after_overfitting, pieces=5, cut_by_clock=True)
    train(learner, Procedure(FOLD_STEPS, EvenIntervals(FOLD_STEPS // 4), decay, []), run)
    return module
