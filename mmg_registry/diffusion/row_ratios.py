"""The log-density ratio ln p(x | y) / p(x) of single rows, as an integral of both denoisers' errors over log-SNR.

For one row the identity of Kong et al. (arXiv 2302.03792, eq. 9; for a pair MMG, arXiv 2509.20609) is

    ln p(x | y) / p(x) = 1/2 integral over log-SNR of E_eps |eps - eps_hat(z)|^2 - |eps - eps_hat(z, y)|^2,

with the noise eps drawn anew and x and y kept. The integrand is the *direct* one: the orthogonal one has the same mean
over rows, but is a square, and no log ratio of a row.

The linear denoisers' part of the integral has a closed form (`linear_ratio`), also for rows of no Gaussian pair, so
that only what a network corrects is left to be drawn (`integrated_rows`). Draws are quasi-random: a Sobol sequence over
log-SNR and noise, whose digits are shifted at random for each row and repeat (Owen, "Randomly permuted (t,m,s)-nets",
1995; Matousek, J. Complexity 1998). One row's integral of few columns is then known some five times as well as from as
many independent draws, and the repeats tell its error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc
from torch import Tensor

from mmg_registry.arrays import F64
from mmg_registry.core import Proposal
from mmg_registry.core.reference import TILE, Draws, Errors, ErrorsOf, draw_logsnr, philox

REPEATS = 4  # independent shifts of the sequence, whose spread is a row's error
ROW_DRAWS = 512
"""Draws of log-SNR and noise of one row, all repeats together.

Evidence: a mixture of three Gaussians, a network trained on 16,000 rows: an error of 0.02 nats a row, where the
network's own is 0.1; some 2.5 CPU milliseconds a row. Lower: noise adds to the error. Higher: time.
"""
BITS = 32  # digits of the sequence that are shifted
ROW_SHIFT = 4  # stream of the random words; those below are the core's

ValueOf = Callable[[Errors], Tensor]  # from errors on draws to the squares that are integrated, `(n,)`


# --- The linear denoisers' part -----------------------------------------------------------------------------


def linear_ratio(
    x: NDArray[np.floating], y: NDArray[np.floating], rho: F64, window: tuple[float, float] = (-math.inf, math.inf)
) -> F64:
    """Return the integral of the linear denoisers' errors for each row, `(n,)` in nats.

    Over all log-SNRs it is the log-density ratio of a Gaussian pair. With g the SNR and s^2 the variance of a column
    given y, a squared distance d from its mean contributes 1/2 [ln(1 + g s^2) + (1 - d / s^2) / (1 + g s^2)] up to g.

    Args:
        x, y: `(n, dim_x)` and `(n, dim_y)` in canonical coordinates; columns beyond those of `rho` have no part.
        rho: `(k,)` canonical correlations in [0, 1).
        window: log-SNRs to integrate over.

    Example:
        >>> x, y, rho = np.array([[1.0]]), np.array([[0.5]]), np.array([0.8])
        >>> whole = linear_ratio(x, y, rho)
        >>> round(float(whole[0]), 4)  # ln p(x | y) / p(x) of correlated normals
        0.5108
        >>> parts = linear_ratio(x, y, rho, (-math.inf, 1.0)) + linear_ratio(x, y, rho, (1.0, math.inf))
        >>> bool(np.isclose(parts, whole)[0])
        True
    """
    a, b = (side[:, : len(rho)].astype(np.float64) for side in (x, y))
    s2 = (1 - rho) * (1 + rho)
    given, alone = (a - rho * b) ** 2 / s2, a**2
    low, high = (_up_to(alone, given, s2, math.exp(edge)) for edge in window)
    return np.asarray((high - low).sum(axis=1), dtype=np.float64)


def _up_to(alone: F64, given: F64, s2: F64, snr: float) -> F64:
    """Return both integrals' difference up to an SNR, but for a constant, for distances in units of their variance."""
    if snr == math.inf:
        return np.asarray(-0.5 * np.log(s2) + 0.0 * alone)
    without = math.log1p(snr) + (1 - alone) / (1 + snr)
    with_y = np.log1p(snr * s2) + (1 - given) / (1 + snr * s2)
    return np.asarray(0.5 * (without - with_y))


# --- What is drawn ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RowDraws:
    """Quasi-random draws of log-SNR and noise for single rows.

    Attributes:
        proposal: density of the log-SNRs.
        seed: seed of the shifts.
        draws: draws of each row in all, at least one a repeat.
    """

    proposal: Proposal
    seed: int
    draws: int = ROW_DRAWS

    @property
    def points(self) -> int:
        """Return the points of one repeat: a power of two, in which a Sobol sequence is balanced."""
        return 1 << max(0, round(math.log2(max(1, self.draws / REPEATS))))

    def of(self, repeat: int, rows: Tensor, noised: int) -> Draws:
        """Return the draws of one repeat for row numbers `rows` `(n,)`, those of a row side by side."""
        unit = self._unit(repeat, rows, noised + 1)
        logsnr, weight, bins = draw_logsnr(self.proposal, unit[:, 0].float())
        eps = torch.from_numpy(ndtri(unit[:, 1:].numpy())).float()
        return Draws(rows.repeat_interleave(self.points), logsnr, weight, bins, eps)

    def _unit(self, repeat: int, rows: Tensor, dim: int) -> Tensor:
        """Return points in the open unit cube `(n * points, dim)`; a row's shift depends on its number alone."""
        drawn = qmc.Sobol(dim, scramble=False, bits=BITS).random_base2(self.points.bit_length() - 1)
        digits = torch.from_numpy((drawn * 2.0**BITS).astype(np.int64))
        blocks = torch.arange(-(-dim // 4)).repeat(len(rows))
        row = rows.repeat_interleave(len(blocks) // len(rows))
        zero = torch.zeros_like(row)
        words = philox(self.seed, row, zero + repeat, blocks, zero + ROW_SHIFT)
        shifts = torch.stack(words, 1).view(len(rows), 1, -1)[..., :dim]
        return ((digits[None] ^ shifts).view(-1, dim).double() + 0.5) * 2.0**-BITS


def integrated_rows(
    errors_of: ErrorsOf, value: ValueOf, rows: tuple[Tensor, Tensor], noised: int, plan: RowDraws, repeat: int
) -> F64:
    """Return the integral over log-SNR of squares of both denoisers' errors for each row, `(n,)` in nats.

    Args:
        errors_of: the denoisers' errors on drawn rows.
        value: the squares to integrate: `direct`, or `beyond_linear` beside `linear_ratio`.
        rows: x `(n, dim_x)` and y `(n, dim_y)` in the denoisers' coordinates.
        noised: number of columns of x that are noised, the first ones.
        plan: the draws.
        repeat: which of the `REPEATS` independent ones.
    """
    x, y = rows
    found = np.empty(len(x))
    with torch.no_grad():
        for part in torch.arange(len(x)).split(max(1, TILE // plan.points)):
            draws = plan.of(repeat, part, noised)
            values = 0.5 * draws.weight.double() * value(errors_of(x, y, draws))
            found[part.numpy()] = values.view(len(part), -1).mean(1).numpy()
    return found


def direct(errors: Errors) -> Tensor:
    """Return the squared error without y less that with y, `(n,)`."""
    return _square(errors.marginal) - _square(errors.given)


def beyond_linear(errors: Errors) -> Tensor:
    """Return the same, less what it is for the linear denoisers, `(n,)`."""
    return direct(errors) - (_square(errors.wiener) - _square(errors.wiener_given))


def _square(errors: Tensor) -> Tensor:
    return errors.double().square().sum(1)


def averaged(repeats: Sequence[F64]) -> tuple[F64, F64]:
    """Return the mean over independent repeats of each row and its standard error, `(n,)` each.

    Example:
        >>> [each.tolist() for each in averaged([np.array([1.0]), np.array([3.0])])]
        [[2.0], [1.0]]
    """
    found = np.stack(repeats)
    error = found.std(axis=0, ddof=1) / math.sqrt(len(found))
    return np.asarray(found.mean(axis=0)), np.asarray(error)
