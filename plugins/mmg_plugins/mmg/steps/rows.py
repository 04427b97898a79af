"""The step `rows`: the standard error over evaluation rows; in `auto`, after their mean is adjusted to all rows."""

from __future__ import annotations

import math

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_registry.results import widened


def plain(evidence: Evidence, value: float) -> Finding:
    """Keep the mean of the evaluation rows; return its standard error as a part of the error."""
    error = evidence.mixed.error
    known = None if error is None else widened(error, len(evidence.mixed.rows))
    return Finding(value, known, "the spread over evaluation rows")


def adjusted(evidence: Evidence, value: float) -> Finding:
    """Adjust the mean to all rows by regression on simple features of (x, y).

    From n rows no estimate can have a smaller standard error than the standard deviation of the log-density ratio over
    sqrt(n). Direct values have that spread. Orthogonal ones have less, and the rest is in the denoisers, which were
    fitted to the same rows. The larger of both is therefore used for the part of the error that the features explain.
    """
    mixed, direct = evidence.adjusted
    error = math.hypot(mixed.residual_error, max(mixed.fitted_error, direct.fitted_error))
    error = widened(error, len(evidence.mixed.rows))
    return Finding(mixed.mean, error, "the mean over evaluation rows, adjusted to all rows by simple features")


PLAIN = Step("rows", plain)
ADJUSTED = Step("rows", adjusted)
