"""Proposals over log-SNR, and the names of what `mmse_gap` sums under them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

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
            ValueError: when edges do not increase, or a mass is not positive or too small a share to be drawn
                in float32 (its part of an integral would be lost).
        """
        mass = mass.double()
        cdf = torch.cat([torch.zeros(1, dtype=torch.float64), mass.cumsum(0) / mass.sum()]).float()
        edges = edges.float().contiguous()
        if len(edges) != len(mass) + 1 or len(mass) < 1 or not (increases(edges) and increases(cdf)):
            raise ValueError(
                "A proposal needs finite, increasing edges, one more than masses, and masses that are positive in "
                "float32 when they sum to 1."
            )
        cdf[-1] = 1.0
        return cls(edges, cdf)

    @classmethod
    def uniform(cls, low: float, high: float, n_bins: int = 32) -> Proposal:
        """Constant density on `[low, high]`."""
        return cls.piecewise(torch.linspace(low, high, n_bins + 1), torch.ones(n_bins))

    @classmethod
    def logistic(cls, loc: float, scale: float, low: float, high: float, n_bins: int = 32) -> Proposal:
        """A logistic density truncated to `[low, high]` (MMG, arXiv 2509.20609: loc 2, scale 3, window -10 to 14).

        Raises:
            ValueError: when that is no density, or its tails are too thin to be drawn in float32.
        """
        if not (0 < scale < math.inf and -math.inf < low < high < math.inf and math.isfinite(loc)):
            raise ValueError("A logistic proposal needs finite loc, scale > 0 and low < high.")
        if max(loc - low, high - loc) > 8 * scale:
            raise ValueError("A logistic proposal's window may reach at most 8 scales from loc: beyond, no draw falls.")
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
        low, high = (_sigmoid((edge - self.loc) / self.scale) for edge in (self.low, self.high))
        return low, high


def _sigmoid(v: float) -> float:
    return 1 / (1 + math.exp(-v)) if v > -700 else 0.0  # beyond, exp has no float64


def increases(values: Tensor) -> bool:
    """Whether `values` are finite and strictly increasing; false with any NaN among them."""
    listed = values.tolist()  # a list is walked faster than three torch calls are made, and every op asks
    return all(a < b for a, b in pairwise(listed)) and math.isfinite(listed[0]) and math.isfinite(listed[-1])
