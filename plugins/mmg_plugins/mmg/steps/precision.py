"""Where double precision ends: correlations of 1 to all digits."""

from __future__ import annotations

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step

PRECISION_ENDS = (
    "A linear combination of x and one of y agree to all digits that double-precision sums hold, so the information is "
    "larger than the estimate, perhaps infinite; the standard error includes all that rests on those digits."
)


def find(evidence: Evidence, value: float) -> Finding:
    """Let all that rests on correlations of which only the first digits are known widen the error."""
    if not evidence.fitted.coordinates.at_limit:
        return Finding(value, None, "no correlation is 1 to all digits")
    return Finding(value, evidence.tail, "what lies outside the window rests on correlations of 1 to all digits")


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Say that the information is larger than can be told."""
    return [PRECISION_ENDS] if finding.error is not None else []


STEP = Step("precision", find, warn)
