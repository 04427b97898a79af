"""Proposals over log-SNR, and the names of what `mmse_gap` sums under them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

BIN_SUMS = (
    "count",
    "direct",
    "direct2",
    "orthogonal",
    "orthogonal2",
    "cross",
    "cross2",
    "mse",
    "mse_given",
    "excess",
    "excess_given",
)
ROW_VALUES = ("direct", "orthogonal", "excess", "excess_given")


@dataclass(frozen=True)
class Proposal:
    """A density over log-SNR in `n_bins` bins: piecewise constant, or (with `scale > 0`) a truncated logistic.

    Attributes:
        edges: `(n_bins + 1,)` float32 log-SNR values, increasing.
        cdf: `(n_bins + 1,)` float32 cumulative mass at the edges, 0 to 1; a logistic proposal ignores it.
        loc, scale: of the logistic, 0 for a piecewise-constant proposal.

    Example:
        >>> q = Proposal.logistic(loc=2.0, scale=3.0, low=-10.0, high=14.0)
        >>> q.n_bins, round(q.window, 1)
        (32, 24.0)
    """

    edges: Tensor
    cdf: Tensor
    loc: float = 0.0
    scale: float = 0.0

    @classmethod
    def piecewise(cls, edges: Tensor, mass: Tensor) -> Proposal:
        """From bin edges and positive masses `(n_bins,)`, which are normalised.

        Raises:
            ValueError: when edges do not increase or a mass is not positive.
        """
        edges, mass = edges.double(), mass.double()
        if len(edges) != len(mass) + 1 or not bool((edges.diff() > 0).all()) or not bool((mass > 0).all()):
            raise ValueError("A proposal needs increasing edges, one more than masses, and positive masses.")
        cdf = torch.cat([torch.zeros(1, dtype=torch.float64), mass.cumsum(0) / mass.sum()])
        cdf[-1] = 1.0
        return cls(edges.float().contiguous(), cdf.float().contiguous())

    @classmethod
    def uniform(cls, low: float, high: float, n_bins: int = 32) -> Proposal:
        """Constant density on `[low, high]`."""
        return cls.piecewise(torch.linspace(low, high, n_bins + 1), torch.ones(n_bins))

    @classmethod
    def logistic(cls, loc: float, scale: float, low: float, high: float, n_bins: int = 32) -> Proposal:
        """A logistic density truncated to `[low, high]` (MMG, arXiv 2509.20609: loc 2, scale 3, window -10 to 14)."""
        if not (scale > 0 and low < high):
            raise ValueError("A logistic proposal needs scale > 0 and low < high.")
        uniform = torch.linspace(0.0, 1.0, n_bins + 1)
        return cls(torch.linspace(low, high, n_bins + 1), uniform, loc, scale)

    @property
    def n_bins(self) -> int:
        return len(self.edges) - 1

    @property
    def low(self) -> float:
        return float(self.edges[0])

    @property
    def high(self) -> float:
        return float(self.edges[-1])

    @property
    def window(self) -> float:
        """Width of the support in log-SNR."""
        return self.high - self.low

    @property
    def p_range(self) -> tuple[float, float]:
        """The logistic's own distribution function at both ends of the window (0, 0 when piecewise)."""
        if self.scale <= 0:
            return 0.0, 0.0
        low, high = ((edge - self.loc) / self.scale for edge in (self.low, self.high))
        return 1 / (1 + math.exp(-low)), 1 / (1 + math.exp(-high))
