"""The step `cross`: the part of the cross term that is not counted, and what it says of the conditional denoiser."""

from __future__ import annotations

import math

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import NOTICEABLE_PART, SURE_ERRORS
from mmg_plugins.mmg.trained import FittedGap
from mmg_plugins.unseen import nothing_learned
from mmg_registry.diffusion import GapEstimate
from mmg_registry.preprocess.wishart import sampling_error


def watched(evidence: Evidence, value: float) -> Finding:
    """Keep the value, and return no part of the error: one integrand is counted as it is."""
    return Finding(value, None, evidence.mixed.why)


def mixed(evidence: Evidence, value: float) -> Finding:
    """Keep the value; return the part of the cross term that is not counted as a part of the error.

    That part may be noise, or it may be bias of the conditional denoiser. The bias of linear denoisers is the sampling
    error of their correlations, whose law is known, so that it is no more than that where the network learned nothing.
    """
    left = abs((1 - evidence.mixed.weight) * evidence.gap.cross)
    error = min(left, _of_linear_denoisers(evidence.fitted))
    return Finding(value, error, f"of the cross term {evidence.mixed.weight:.2f} is counted: {evidence.mixed.why}")


def _of_linear_denoisers(fitted: FittedGap) -> float:
    """Return the sampling error of the correlations (nats) where they are all that was learned; else infinity."""
    rho, dims = fitted.coordinates.rho, (fitted.coordinates.dim_x, fitted.coordinates.dim_y)
    if not nothing_learned(fitted.trained.reports) or fitted.rows <= sum(dims) + 1 or len(rho) == 0:
        return math.inf
    return sampling_error(rho, fitted.rows, *dims)


def noticeable(gap: GapEstimate) -> bool:
    """Return whether the cross term exceeds its noise and is large enough for a warning."""
    return abs(gap.cross) > SURE_ERRORS * gap.cross_se and NOTICEABLE_PART(abs(gap.cross), gap.direct)


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn that the conditional denoiser is biased, where the cross term is significantly different from zero."""
    gap = evidence.gap
    if not noticeable(gap):
        return []
    return [
        f"The cross term is {gap.cross:+.3f} +- {gap.cross_se:.3f} nats: the conditional denoiser is biased by about "
        f"{abs(gap.cross):.2f} nats (direct {gap.direct:.3f}, orthogonal {gap.orthogonal:.3f}); "
        "train longer or with more rows."
    ]


WATCHED = Step("cross", watched, warn)
MIXED = Step("cross", mixed, warn)
