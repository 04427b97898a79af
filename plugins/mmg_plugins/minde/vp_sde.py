"""The variance-preserving diffusion of MINDE (arXiv 2310.09031), in log-SNR.

With beta(t) = 0.1 + 19.9 t the channel at time t has k^2 = exp(-B(t)), B the integral of beta, and the
log-SNR log k^2 / (1 - k^2) = -log(exp(B) - 1), which falls with t at the rate beta / (1 - k^2). Down to t = 1e-3 MINDE
draws t in proportion to that rate, that is, uniformly in log-SNR; below, at the constant rate reached there.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor

from mmg_registry.core import Proposal

BETA_MIN, BETA_MAX = 0.1, 20.0
FIRST_TIME, LAST_TIME = 1e-3, 1.0
WINDOW_BINS, STUB_BINS, STUB_WIDTH = 32, 12, 0.5  # 1/400 of the stub lies beyond its last bin


def logsnr_of(t: float) -> float:
    """Return the log-SNR at time `t` > 0.

    Example:
        >>> round(logsnr_of(LAST_TIME), 2), round(logsnr_of(FIRST_TIME), 2)
        (-10.05, 9.12)
    """
    return -math.log(math.expm1(BETA_MIN * t + (BETA_MAX - BETA_MIN) * t * t / 2))


def time_of(logsnr: Tensor) -> Tensor:
    """Return the time of each log-SNR: the inverse of `logsnr_of`, by a quadratic equation, elementwise."""
    integral = torch.nn.functional.softplus(-logsnr)  # log(1 + exp(-logsnr)), the integral of beta
    slope = BETA_MAX - BETA_MIN
    return ((BETA_MIN**2 + 2 * slope * integral).sqrt() - BETA_MIN) / slope


def rate(t: float) -> float:
    """Return the rate at which log-SNR falls with time, beta / (1 - k^2)."""
    return (BETA_MIN + (BETA_MAX - BETA_MIN) * t) * (1 + math.exp(logsnr_of(t)))


def window() -> Proposal:
    """Return the window of log-SNR over which the published importance sampling is uniform."""
    return Proposal.uniform(logsnr_of(LAST_TIME), logsnr_of(FIRST_TIME), WINDOW_BINS)


def stub() -> list[tuple[float, Proposal]]:
    """Return bins of log-SNR above the window, each with its weight in the published estimate, where the window has 1.

    The published estimate draws times below 1e-3 with constant density and does not reweight them. Over log-SNR that is
    a weight that falls from 1 to 0, and whose integral is 1.09.

    Example:
        >>> round(sum(weight * bin.window for weight, bin in stub()), 2)
        1.09
    """
    edges = [logsnr_of(FIRST_TIME) + STUB_WIDTH * i for i in range(STUB_BINS + 1)]
    times = time_of(torch.tensor(edges, dtype=torch.float64)).tolist()
    weights = [rate(FIRST_TIME) * (a - b) / STUB_WIDTH for a, b in pairwise(times)]
    return [(weight, Proposal.uniform(edges[i], edges[i + 1], 1)) for i, weight in enumerate(weights)]


def training_proposal() -> Proposal:
    """Return window and stub as one proposal, with the density of the published draws."""
    parts = [(1.0, window()), *stub()]
    edges = torch.cat([parts[0][1].edges[:1], *(part.edges[1:] for _, part in parts)])
    return Proposal.piecewise(edges, torch.cat([weight * part.edges.diff() for weight, part in parts]))
