"""The step `choice`: uncertainty about which weights of the training to keep."""

from __future__ import annotations

import numpy as np

from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step


def find(evidence: Evidence, value: float) -> Finding:
    """Keep the value; return the spread between the kept weights and the last ones as a part of the error."""
    error = float(np.linalg.norm([report.choice_error for report in evidence.fitted.trained.reports]))
    return Finding(value, error, "what the last weights would have given in place of the kept ones")


STEP = Step("choice", find)
