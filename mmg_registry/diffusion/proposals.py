"""The choice of a proposal over log-SNR: the published one, adaptive ones, and the integral outside the window."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from mmg_registry.core import Proposal

LOWEST, HIGHEST = -12.0, 20.0  # there is no information below, and float32 rounds x away above
PILOT_BINS = 64
MIN_SCALE = 2.0  # a narrower logistic's window (4 scales per side) would cut off the gap's exponential tails


def default_logistic() -> Proposal:
    """Return the published fixed proposal: a logistic at 2 with scale 3, cut at 4 scales (MMG, arXiv 2509.20609).

    Example:
        >>> q = default_logistic()
        >>> q.low, q.high
        (-10.0, 14.0)
    """
    return Proposal.logistic(loc=2.0, scale=3.0, low=-10.0, high=14.0)


def pilot() -> Proposal:
    """Return the uniform proposal over all log-SNRs that float32 can resolve, which adaptive proposals start from."""
    return Proposal.uniform(LOWEST, HIGHEST, PILOT_BINS)


def adaptive_logistic(
    edges: NDArray[np.float64], mmse_given: NDArray[np.float64], dim_x: int, gap: NDArray[np.float64] | None = None
) -> Proposal | None:
    """Return the two-stage proposal of MMG (arXiv 2509.20609): a logistic shaped like the conditional error curve.

    A curve `dim_x * sigmoid((logsnr - loc) / scale)` reaches half its height at `loc` and a quarter at
    `loc - scale * ln 3`; both crossings are read off the measured curve, which is made monotone first.

    Args:
        edges: `(n_bins + 1,)` log-SNR bin edges.
        mmse_given: `(n_bins,)` mean squared error of the noise given y, between 0 and `dim_x`.
        dim_x: height of the curve at high SNR.
        gap: `(n_bins,)` the gap's integral in each bin, up to a factor. The gap depends on the error without y too,
            so the scale is widened where the window would cut off more than `NEGLIGIBLE` of the gap on a side.

    Returns:
        The proposal on `[loc - 4 scale, loc + 4 scale]` within `[LOWEST, HIGHEST]`, or None when the curve does not
        cross both heights inside `edges`.

    Example:
        >>> edges = np.linspace(-12.0, 20.0, 65)
        >>> centres = (edges[1:] + edges[:-1]) / 2
        >>> q = adaptive_logistic(edges, 3 / (1 + np.exp(-(centres - 5.0) / 3.0)), dim_x=3)
        >>> round(q.loc, 1), round(q.scale, 1), round(q.low, 1), round(q.high, 1)
        (5.0, 3.0, -7.0, 17.0)
    """
    centres = (edges[1:] + edges[:-1]) / 2
    curve = isotonic_regression(mmse_given).x
    half, quarter = (_crossing(centres, curve, dim_x * share) for share in (0.5, 0.25))
    if half is None or quarter is None:
        return None
    scale = max((half - quarter) / math.log(3.0), MIN_SCALE)
    if gap is not None and gap.max() > 0:
        low, high = _reach(edges, gap)
        scale = max(scale, (half - low) / 4, (high - half) / 4)
    return Proposal.logistic(half, scale, max(half - 4 * scale, LOWEST), min(half + 4 * scale, HIGHEST))


def _crossing(at: NDArray[np.float64], curve: NDArray[np.float64], height: float) -> float | None:
    """Return where a non-decreasing curve first reaches `height`, interpolated linearly; None if it does not inside."""
    above = int(np.searchsorted(curve, height))
    if above == 0 or above == len(curve):
        return None
    low, high = curve[above - 1], curve[above]
    return float(at[above - 1] + (at[above] - at[above - 1]) * (height - low) / (high - low))


def gaussian_tail(rho: NDArray[np.float64], low: float, high: float) -> float:
    """Return the integral outside `[low, high]` (nats) of the gap between the two linear (Wiener) denoisers.

    The value is exact for any pair with canonical correlations `rho`, Gaussian or not, because the error of a linear
    denoiser depends on second moments alone. With g the SNR and s^2 = 1 - rho^2, a coordinate's integral up to g is
    `1/2 log((1 + g) / (1 + g s^2))`, and its whole integral is `-1/2 log s^2`.

    Args:
        rho: canonical correlations `(k,)`, in [0, 1).
        low, high: ends of the window in log-SNR.

    Example:
        >>> gaussian_tail(np.array([0.8]), -10.0, 14.0) < 1e-4
        True
        >>> round(gaussian_tail(np.array([0.9999999]), -10.0, 14.0), 2)
        0.82
    """
    s2 = (1 - rho) * (1 + rho)
    inside = [0.5 * (np.log1p(math.exp(edge)) - np.log1p(math.exp(edge) * s2)) for edge in (low, high)]
    return float(np.sum(-0.5 * np.log(s2) - inside[1] + inside[0]))


NEGLIGIBLE = 1e-3  # share of the gap that a window may cut off on either side
MARGIN = 2.0  # log-SNR by which that window is extended on either side
FLOOR = 0.3  # share of the proposal that is uniform over the window, in case the pilot's gap is wrong


def gap_proposal(edges: NDArray[np.float64], gap: NDArray[np.float64], floor: float = FLOOR) -> Proposal:
    """Return a piecewise-constant proposal whose mass is proportional to the square root of a measured gap.

    Importance sampling has least variance under a density proportional to the root of the integrand's second moment.
    The gap takes the place of that moment, since the integrand's variance grows with it.

    Args:
        edges: `(n_bins + 1,)` log-SNR bin edges, evenly spaced.
        gap: `(n_bins,)` the gap's integral in each bin, up to a factor.
        floor: share of the proposal that is uniform over the window, 0 to 1.

    Returns:
        The proposal on the bins that hold all but `NEGLIGIBLE` of the gap on either side, extended by `MARGIN`.

    Example:
        >>> edges = np.linspace(-12.0, 20.0, 65)
        >>> q = gap_proposal(edges, np.exp(-0.5 * ((edges[1:] + edges[:-1]) / 2 - 3.0) ** 2))
        >>> q.low, q.high
        (-2.5, 8.5)
    """
    smooth = np.convolve(np.pad(np.maximum(gap, 0.0), 1, mode="edge"), np.ones(3) / 3, mode="valid")
    if smooth.sum() <= 0:
        return Proposal.uniform(-8.0, 8.0, PILOT_BINS // 2)
    low, high = _reach(edges, smooth)
    low, high = low - MARGIN, high + MARGIN
    keep = (edges[:-1] >= low - 1e-9) & (edges[1:] <= high + 1e-9)
    root = np.sqrt(smooth[keep])
    mass = (1 - floor) * root / root.sum() + floor / len(root)
    kept = np.concatenate([edges[:-1][keep], edges[1:][keep][-1:]])
    return Proposal.piecewise(torch.from_numpy(kept), torch.from_numpy(mass))


def _reach(edges: NDArray[np.float64], gap: NDArray[np.float64]) -> tuple[float, float]:
    """Return the bin edges outside of which at most `NEGLIGIBLE` of the gap lies on either side."""
    parts = np.maximum(gap, 0.0) / np.maximum(gap, 0.0).sum()
    share = np.cumsum(parts)
    inside = (share >= NEGLIGIBLE) & (share - parts <= 1 - NEGLIGIBLE)
    return float(edges[:-1][inside].min()), float(edges[1:][inside].max())


def envelope(proposals: Sequence[Proposal]) -> Proposal:
    """Return one piecewise-constant proposal for several integrals: the mean of their densities, on all their bins.

    Example:
        >>> both = envelope([Proposal.uniform(-2.0, 2.0, 4), Proposal.uniform(0.0, 4.0, 4)])
        >>> both.edges.tolist(), both.cdf.tolist()
        ([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 0.125, 0.25, 0.5, 0.75, 0.875, 1.0])
    """
    if len(proposals) == 1:
        return proposals[0]
    edges = np.unique(np.concatenate([q.edges.double().numpy() for q in proposals]))
    cdf = np.mean([np.interp(edges, q.edges.double().numpy(), q.cdf.double().numpy()) for q in proposals], axis=0)
    return Proposal.piecewise(torch.from_numpy(edges), torch.from_numpy(np.diff(cdf)))
