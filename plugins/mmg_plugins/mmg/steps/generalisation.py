"""The step `generalisation`: a correction for what the network memorised of its training rows ("by heart")."""

from __future__ import annotations

from mmg_plugins.belief import Measured, half_by_heart
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step


def find(evidence: Evidence, value: float) -> Finding:
    """Add half of the excess of the value on training rows, and return that half as a part of the error too."""
    direct = evidence.adjusted[1]
    seen = evidence.facts.seen_for(STEP.name)
    half = half_by_heart(Measured(direct.mean, direct.residual_error), seen)
    return Finding(value + half, half, "half of what the direct value is larger by on training rows")


STEP = Step("generalisation", find)
