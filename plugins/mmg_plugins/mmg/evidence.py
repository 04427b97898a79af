"""The evidence that the steps of an estimate judge: everything measured on the evaluation rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from mmg_plugins.belief import Measured
from mmg_plugins.mmg.facts import TrainingFacts
from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_plugins.mmg.parts.mixing import Mixed
from mmg_plugins.mmg.parts.training import Integrand
from mmg_plugins.mmg.thresholds import SURE_ERRORS
from mmg_plugins.mmg.trained import FittedGap
from mmg_registry.diffusion import Adjusted, GapEstimate

Tail = Callable[[NDArray[np.float64], float, float], float]  # the linear denoisers' nats outside [low, high]


@dataclass(frozen=True)
class Evidence:
    """Everything that is measured before any step judges it.

    Attributes:
        gap: the gap of the evaluation rows, integrated inside the window.
        mixed: the integral inside the window, by a mix of both integrands.
        integrand: the integrand whose curve shows what happens at the window's end.
        tail: the linear denoisers' integral outside the window, in nats.
        linear_height: the linear denoisers' integrand at the window's upper end, in nats per unit of log-SNR.
        rows: the evaluation rows, in the denoisers' coordinates.
        fitted: coordinates, denoisers, reports of the training, and facts of the training rows.
    """

    gap: GapEstimate
    mixed: Mixed
    integrand: Integrand
    tail: float
    linear_height: float
    rows: CoordinateRows
    fitted: FittedGap

    @property
    def facts(self) -> TrainingFacts:
        """Return the facts of the training rows.

        Raises:
            ValueError: when the recipe remembers none.
        """
        if self.fitted.facts is None:
            raise ValueError("This step needs facts of the training rows, and the recipe remembers none.")
        return self.fitted.facts

    @cached_property
    def adjusted(self) -> tuple[Adjusted, Adjusted]:
        """Return the means of the mixed and of the direct values, both adjusted to all rows, in nats."""
        rho = self.fitted.coordinates.rho
        mixed, direct = self.facts.adjusted(self.rows, rho, self.mixed.rows, self.gap.rows[:, 0])
        return mixed, direct

    @property
    def surely_worse(self) -> bool:
        """Return whether the conditional denoiser is surely worse than the unconditional one."""
        return self.gap.direct < -SURE_ERRORS * self.gap.direct_se

    def without_learning(self) -> Evidence:
        """Return the evidence of denoisers that do not tell the rows of x apart by y: both integrands are 0.

        What a conditional denoiser that is worse than the unconditional one has learned, it has learned by heart. Its
        values are no estimate, and neither is what they seem to leave unlearned.
        """
        gap, trained, facts = self.gap, self.fitted.trained, self.fitted.facts
        rows = torch.zeros_like(gap.rows)
        terms = tuple(replace(each, report=each.report.as_unlearned()) for each in trained.terms)
        fitted = replace(
            self.fitted,
            trained=replace(trained, terms=terms),
            facts=facts.with_seen(Measured(0.0, 0.0)) if facts else None,
        )
        nothing = replace(
            gap, direct=0.0, orthogonal=0.0, cross=0.0, direct_se=0.0, orthogonal_se=0.0, cross_se=0.0, rows=rows
        )
        mixed = Mixed(rows[:, 0], 0.0, 0.0, "the conditional denoiser is surely worse than the unconditional one", 0.0)
        return replace(self, gap=nothing, mixed=mixed, tail=0.0, linear_height=0.0, fitted=fitted)


def height(tail: Tail, rho: NDArray[np.float64], logsnr: float, step: float = 1e-3) -> float:
    """Return the linear denoisers' integrand at one log-SNR, in nats per unit of log-SNR.

    It is the central difference of `tail`, the integral outside a window, over a window of width `step`.

    Example:
        >>> from mmg_registry.diffusion import gaussian_tail
        >>> round(height(gaussian_tail, np.array([0.8]), 0.0), 4)
        0.1176
    """
    return (tail(rho, 0.0, logsnr - step / 2) - tail(rho, 0.0, logsnr + step / 2)) / step
