"""Proposal densities over log-SNR, and the names of the columns that `mmse_gap` returns."""

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
    """A density over log-SNR in `n_bins` bins: piecewise constant or, with `scale > 0`, a truncated logistic.

    Attributes:
        edges: `(n_bins + 1,)` float32 log-SNR values, increasing.
        cdf: `(n_bins + 1,)` float32 cumulative mass at the edges, 0 to 1; a logistic proposal ignores it.
        loc, scale: location and scale of the logistic; 0 for a piecewise-constant proposal.

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
        """Return the piecewise-constant proposal with bin edges `(n_bins + 1,)` and positive masses `(n_bins,)`.

        The masses need not sum to 1: they are normalised.

        Raises:
            ValueError: when edges do not increase, or when a mass is not positive or too small a share to be drawn in
                float32 (the integral would miss that bin).
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
        """Return the constant density on `[low, high]`, in `n_bins` equal bins."""
        return cls.piecewise(torch.linspace(low, high, n_bins + 1), torch.ones(n_bins))

    @classmethod
    def logistic(cls, loc: float, scale: float, low: float, high: float, n_bins: int = 32) -> Proposal:
        """Return a logistic density truncated to `[low, high]` (MMG, arXiv 2509.20609: loc 2, scale 3, -10 to 14).

        Raises:
            ValueError: when the arguments define no density, or when its tails are too thin to be drawn in float32.
        """
        if not (0 < scale < math.inf and -math.inf < low < high < math.inf and math.isfinite(loc)):
            raise ValueError("A logistic proposal needs finite loc, scale > 0 and low < high.")
        if max(loc - low, high - loc) > 8 * scale:
            raise ValueError("A logistic proposal's window may reach at most 8 scales from loc: beyond, no draw falls.")
        uniform = torch.linspace(0.0, 1.0, n_bins + 1)
        return cls(torch.linspace(low, high, n_bins + 1), uniform, loc, scale)

    @property
    def n_bins(self) -> int:
        """Return the number of bins."""
        return len(self.edges) - 1

    @property
    def low(self) -> float:
        """Return the lowest log-SNR of the window."""
        return float(self.edges[0])

    @property
    def high(self) -> float:
        """Return the highest log-SNR of the window."""
        return float(self.edges[-1])

    @property
    def window(self) -> float:
        """Return the width of the window in log-SNR."""
        return self.high - self.low

    @property
    def p_range(self) -> tuple[float, float]:
        """Return the untruncated logistic's distribution function at both ends of the window; (0, 0) if piecewise."""
        if self.scale <= 0:
            return 0.0, 0.0
        low, high = (_sigmoid((edge - self.loc) / self.scale) for edge in (self.low, self.high))
        return low, high


def _sigmoid(v: float) -> float:
    return 1 / (1 + math.exp(-v)) if v > -700 else 0.0  # exp would overflow float64 beyond that


def increases(values: Tensor) -> bool:
    """Return whether `values` `(n,)` are finite and strictly increasing; False if any of them is NaN."""
    listed = values.tolist()  # every op asks, and walking a list is faster than three torch calls
    return all(a < b for a, b in pairwise(listed)) and math.isfinite(listed[0]) and math.isfinite(listed[-1])
