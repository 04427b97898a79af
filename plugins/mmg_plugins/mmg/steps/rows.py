"""The spread over evaluation rows; for `auto`, after an adjustment of their mean to all rows."""

from __future__ import annotations

import math

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step


def plain(evidence: Evidence, value: float) -> Finding:
    """Keep the mean of the evaluation rows, with the standard error of that mean."""
    return Finding(value, evidence.mixed.error, "the spread over evaluation rows")


def adjusted(evidence: Evidence, value: float) -> Finding:
    """Adjust the mean to all rows by regression on simple features of (x, y).

    From n rows no estimate can be surer than the spread of the log-density ratio over sqrt(n). Direct values have that
    spread, orthogonal ones less, and what those lack is in the denoisers fitted to the same rows: so the part of the
    error that the features explain is the larger of both.
    """
    mixed, direct = evidence.adjusted
    error = math.hypot(mixed.residual_error, max(mixed.fitted_error, direct.fitted_error))
    return Finding(mixed.mean, error, "the mean over evaluation rows, adjusted to all rows by simple features")


PLAIN = Step("rows", plain)
ADJUSTED = Step("rows", adjusted)
