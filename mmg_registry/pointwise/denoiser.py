"""Pointwise values of a pretrained denoiser: the direct integral over its own schedule of log-SNR."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from mmg_registry.contracts import Array
from mmg_registry.core import Proposal
from mmg_registry.core.reference import Draws, Errors, ErrorsOf, channel
from mmg_registry.diffusion import RowDraws, averaged, direct, integrated_rows
from mmg_registry.diffusion.row_ratios import REPEATS
from mmg_registry.errors import DataError, PluginError, demand, explain
from mmg_registry.results import Pointwise

END = 1.0  # log-SNR at either end of the schedule over which the integrand is looked at
NOTICEABLE = 0.01, 0.02  # nats a unit of log-SNR, and share of the values' spread, that the integrand there may have
SURE_ERRORS = 3.0  # standard errors from which it is told from 0
CUT = (
    "At log-SNR {end:.1f}, where the schedule {word}, the gap is still {height:.2g} nats a unit: what lies beyond is "
    "missing in the values, some as many nats or more."
)


class NoisePredictor(Protocol):
    """A denoiser that predicts noise with y and without, such as a diffusion model trained with y dropped at times.

    Attributes:
        schedule: the log-SNRs that it was trained for: two, the ends of a range; or those of all its steps, in any
            order. Of a table of alpha-bar they are ln(alpha_bar / (1 - alpha_bar)).
    """

    schedule: Sequence[float]

    def __call__(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
        """Return the predicted noise `(n, dim_x)` in z = a x + b eps, with a^2 = sigmoid(logsnr) and b^2 = 1 - a^2.

        Args:
            z: `(n, dim_x)` float32 on the CPU.
            logsnr: `(n,)`, within the schedule.
            y: `(n, dim_y)` float32, or None for the prediction without it.
        """


def ratio_of_denoiser(
    denoiser: NoisePredictor, x: Array, y: Array, draws: int, seed: int
) -> tuple[Pointwise, list[str]]:
    """Return ln p(x | y) / p(x) of rows and the standard errors of its draws, in nats, and what to warn of.

    Args:
        denoiser: the pretrained denoiser.
        x, y: rows `(n, dim_x)` and `(n, dim_y)`, in the coordinates that it was trained in.
        draws: draws of log-SNR and noise of each row.
        seed: seed of the draws.

    Raises:
        PluginError: for something that cannot be called, has no schedule, or returns another shape or NaN.
        DataError: for a schedule that is none.
    """
    levels = _levels(denoiser)
    low, high = float(levels[0]), float(levels[-1])
    rows = torch.from_numpy(np.array(x, dtype=np.float32)), torch.from_numpy(np.array(y, dtype=np.float32))
    errors_of = _errors(denoiser, levels if len(levels) > 2 else None)

    def over(first: float, last: float, number: int) -> Pointwise:
        plan = RowDraws(Proposal.uniform(first, last), seed, number)
        repeats = [integrated_rows(errors_of, direct, rows, rows[0].shape[1], plan, i) for i in range(REPEATS)]
        return Pointwise(*averaged(repeats))

    found, least = over(low, high, draws), max(REPEATS, draws // 8)
    ends = {
        "begins": (low, over(low, min(low + END, high), least)),
        "ends": (high, over(max(high - END, low), high, least)),
    }
    spread = float(found.values.std())
    return found, [told for word, (end, part) in ends.items() for told in _cut(word, end, part, spread)]


def _levels(denoiser: NoisePredictor) -> Tensor:
    """Return the log-SNRs of the schedule, rising."""
    demand(
        callable(denoiser) and hasattr(denoiser, "schedule"),
        f"The denoiser {type(denoiser).__name__} must be callable as denoiser(z, logsnr, y) and have a 'schedule' of "
        "log-SNRs.",
        PluginError,
    )
    levels: Tensor = torch.as_tensor(denoiser.schedule, dtype=torch.float32).flatten().unique()
    known = len(levels) > 1 and bool(levels.isfinite().all())
    demand(known, "The schedule of the denoiser must hold two finite log-SNRs or more.", DataError)
    return levels


def _errors(denoiser: NoisePredictor, levels: Tensor | None) -> ErrorsOf:
    """Return the denoiser's errors on drawn rows; log-SNRs are moved to the nearest of `levels`, if there are any."""
    ends = None if levels is None else (levels[1:] + levels[:-1]) / 2

    def errors_of(x: Tensor, y: Tensor, draws: Draws) -> Errors:
        if levels is not None and ends is not None:
            draws = replace(draws, logsnr=levels[torch.bucketize(draws.logsnr, ends)])
        a, b = channel(draws.logsnr)
        z, own = a * x[draws.row] + b * draws.eps, y[draws.row]
        marginal, given = (draws.eps - _predicted(denoiser, z, draws.logsnr, side) for side in (None, own))
        return Errors(marginal, given, marginal, given)

    return errors_of


def _predicted(denoiser: NoisePredictor, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
    try:
        found = denoiser(z, logsnr, y)
    except Exception as error:
        raise PluginError(f"The denoiser {type(denoiser).__name__} failed ({explain(error)}).") from error
    whole = isinstance(found, Tensor) and found.shape == z.shape and bool(found.isfinite().all())
    what = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
    demand(whole, f"The denoiser returned {what}, and must return finite noise of shape {tuple(z.shape)}.", PluginError)
    return found


def _cut(word: str, end: float, part: Pointwise, spread: float) -> list[str]:
    """Return a warning where the integrand at an end of the schedule is surely not small."""
    height, error = float(np.abs(part.values.mean())), float(part.values.std()) / math.sqrt(len(part))
    least, share = NOTICEABLE
    if height < SURE_ERRORS * error or height < max(least, share * spread):
        return []
    return [CUT.format(end=end, word=word, height=height)]
