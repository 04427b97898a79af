"""Mixes of the two integrands: the direct one alone, the orthogonal one alone, or a mix by their cross term."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from mmg_plugins.belief import shrinkage
from mmg_plugins.mmg.thresholds import NEGATIVE_CROSS_SHARE
from mmg_registry.diffusion import GapEstimate


@dataclass(frozen=True)
class Mixed:
    """The integral inside the window, by a mix of both integrands; all in nats.

    Attributes:
        rows: `(n,)` values of the evaluation rows.
        mean: mean of the rows.
        weight: weight of the cross term, 1 for the direct integrand and 0 for the orthogonal one.
        why: the reason for the weight, for the result.
        error: standard error of the mean, where the measured gap includes it.
    """

    rows: Tensor
    mean: float
    weight: float
    why: str
    error: float | None = None


Mix = Callable[[GapEstimate], Mixed]


def direct(gap: GapEstimate) -> Mixed:
    """Return the direct value: the difference of both squared errors."""
    return Mixed(gap.rows[:, 0], gap.direct, 1.0, "the direct integrand alone", gap.direct_se)


def orthogonal(gap: GapEstimate) -> Mixed:
    """Return the orthogonal value: the squared distance between both denoisers."""
    return Mixed(gap.rows[:, 1], gap.orthogonal, 0.0, "the orthogonal integrand alone", gap.orthogonal_se)


def by_cross_term(gap: GapEstimate) -> Mixed:
    """Return the orthogonal value plus the cross term with the weight of `cross_weight`."""
    weight = cross_weight(gap.cross, gap.cross_se)
    rows = gap.rows[:, 1] + weight * (gap.rows[:, 0] - gap.rows[:, 1])
    why = "shrinkage of the measured cross term by its error; half of it where it is negative"
    return Mixed(rows, float(rows.mean()), weight, why)


def cross_weight(cross: float, error: float) -> float:
    """Return the weight of the cross term: its share to believe (`shrinkage`), halved where it is negative.

    Suppose that the conditional denoiser has an error unrelated to the gap, by noise of the training or over-fitting.
    Its square is subtracted from the direct value and added to the orthogonal one: the truth is midway, and the cross
    term is negative. Suppose instead that the gap is learned too small. The orthogonal value is then wrong to first
    order and the direct one to second: the truth is near the direct value, and the cross term is positive.

    Args:
        cross: the direct value minus the orthogonal one, in nats.
        error: its standard error, in nats.

    Example:
        >>> cross_weight(0.1, 0.0), cross_weight(-0.1, 0.0), cross_weight(0.01, 0.05)
        (1.0, 0.5, 0.0)
    """
    return shrinkage(cross, error) * (1.0 if cross > 0 else NEGATIVE_CROSS_SHARE)
