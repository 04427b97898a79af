"""The step `tail`: the integral of the linear denoisers outside the window over log-SNR."""

from __future__ import annotations

import numpy as np

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import BEYOND_A_DENSITY_EDGE, NOTICEABLE_PART, NOTICEABLE_TAIL, SURE_ERRORS


def find(evidence: Evidence, value: float) -> Finding:
    """Add the linear denoisers' integral outside the window, which is known in closed form."""
    return Finding(value + evidence.tail, None, "the linear denoisers' share outside the window, in closed form")


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn where more lies outside the window than was added, and where what was added may be wrong."""
    found = [_window_warning(evidence), _tail_warning(evidence)]
    return [sentence for sentence in found if sentence]


def _window_warning(evidence: Evidence) -> str:
    """Return a warning where the gap at the window's end is noticeable, else "".

    A gap that falls like that of a density with edges, exp(-logsnr / 2), has twice its height left past the end.
    """
    height, error = _height_at_end(evidence)
    more = height - evidence.linear_height
    beyond = BEYOND_A_DENSITY_EDGE * more
    if more < SURE_ERRORS * error or not NOTICEABLE_PART(beyond, evidence.gap.direct):
        return ""
    end = evidence.fitted.trained.proposal.high
    return (
        f"The gap is still {height:.3f} nats per unit at the upper end of the window (log-SNR {end:.1f}): about "
        f"{beyond:.2f} nats or more lie beyond it, or the information is infinite."
    )


def _height_at_end(evidence: Evidence) -> tuple[float, float]:
    """Return the integrand over the window's last unit of log-SNR, and its standard error, in nats per unit."""
    curve, end = evidence.gap.curve, evidence.fitted.trained.proposal.high
    top = [i for i, edge in enumerate(curve.edges[:-1]) if end - 1.0 <= edge < end] or [len(curve.count) - 1]
    direct = evidence.integrand == "direct"
    values, errors = (curve.direct, curve.direct_se) if direct else (curve.orthogonal, curve.orthogonal_se)
    error = float(np.sqrt(np.sum([errors[i] ** 2 for i in top])) / len(top))
    return float(np.mean([values[i] for i in top])), error


def _tail_warning(evidence: Evidence) -> str:
    """Return a warning where what was added is noticeable, else "".

    The linear denoisers are the best ones outside the window for Gaussian pairs alone.
    """
    if not NOTICEABLE_TAIL(evidence.tail, evidence.gap.direct):
        return ""
    return (
        f"{evidence.tail:.2f} nats lie outside the window and are those of a Gaussian pair with the same correlations; "
        "where the noise between x and y is not Gaussian they are too few."
    )


STEP = Step("tail", find, warn)
