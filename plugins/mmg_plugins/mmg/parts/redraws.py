"""Rows whose noised side is drawn anew from p(noised | z), which the denoiser without the other side has learned."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_plugins.mmg.trained import TrainedTerms
from mmg_registry.arrays import Index
from mmg_registry.diffusion import ReverseFlow


class Redraws(NamedTuple):
    """How often each row is drawn anew, and the rows `(n, k)` of like z whose other side is scored beside its own."""

    draws: int
    mates: Index

    def of(self, trained: TrainedTerms, rows: CoordinateRows, seed: int) -> list[Tensor]:
        """Return the rows of x as they are, then with their noised columns drawn anew so often; the context stays.

        A term of the chain rule has the noised columns of later ones as context, so that these are drawn first.
        """
        noise = torch.Generator().manual_seed(seed)
        return [rows[0], *(_once(trained, rows, noise) for _ in range(self.draws))]


def _once(trained: TrainedTerms, rows: CoordinateRows, noise: torch.Generator) -> Tensor:
    found, y = rows[0].clone(), rows[1]
    window = trained.proposal.low, trained.proposal.high
    for each in reversed(trained.terms):
        own, others = each.term.rows((found, y))
        start = torch.randn(len(own), each.term.noised, generator=noise)
        drawn = ReverseFlow(each.denoiser.errors(), window)(start, own[:, each.term.noised :], others)
        found[:, each.term.first : each.term.last] = drawn
    return found
