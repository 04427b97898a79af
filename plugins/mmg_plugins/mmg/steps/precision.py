"""The step `precision`: the limit of double precision, where correlations are 1 to all digits."""

from __future__ import annotations

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step

PRECISION_ENDS = (
    "A linear combination of x and one of y agree to all digits that double-precision sums hold, so the information is "
    "larger than the estimate, perhaps infinite; the standard error includes all that rests on those digits."
)


def find(evidence: Evidence, value: float) -> Finding:
    """Keep the value; return as a part of the error all that rests on correlations known to few digits."""
    if not evidence.fitted.coordinates.at_limit:
        return Finding(value, None, "no correlation is 1 to all digits")
    return Finding(value, evidence.tail, "what lies outside the window rests on correlations of 1 to all digits")


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn that the information is too large to be estimated in double precision."""
    return [PRECISION_ENDS] if finding.error is not None else []


STEP = Step("precision", find, warn)
