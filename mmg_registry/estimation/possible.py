"""What an estimate can be: at least 0, and at most the entropy of a side that takes few values.

I(X; Y) <= min(H(X), H(Y)) for discrete X or Y (Cover and Thomas, Elements of Information Theory, section 2.4).
Entropies come from all rows, and their own errors are added, so that no true value is cut away.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mmg_registry.contracts import Array
from mmg_registry.data import Pair
from mmg_registry.errors import IntervalWarning, Sentence
from mmg_registry.kinds import Kind
from mmg_registry.results import Estimate, half_width

PRIOR_ROWS = 2.0  # added to each value's (Agresti and Coull, Am. Stat. 1998): of a rare one a few rows more are likely
ERRORS = 3.0  # standard errors of the entropy that are added to it
NO_ERROR = Sentence(
    "The estimator gave a standard error of 0, which no estimate from rows has, so there is no interval.",
    IntervalWarning,
)
UNSEEN = 0.05  # share of rows whose value occurs once, from which the entropy is not known well enough to cut by it


def possible(result: Estimate, pair: Pair) -> Estimate:
    """Return a result, in nats, cut to what is possible; what was estimated is kept in its diagnostics as "raw".

    Args:
        result: as the estimator gave it.
        pair: the checked rows with their kinds, before they were coded for an estimator.
    """
    if result.status != "estimated":
        return result
    if result.std_error == 0:  # no estimate is exact, and an interval without a width would say so
        result = replace(result, std_error=None, warnings=[*result.warnings, NO_ERROR])
    limits = [most for most in (greatest(pair.x, pair.x_kinds), greatest(pair.y, pair.y_kinds)) if most is not None]
    limit = min(limits, default=None)
    cut = min(max(result.mi, 0.0), math.inf if limit is None else limit)
    found = replace(result, mi=cut, limit=limit)
    raw = {"mi": result.mi, "ci": _interval(result)}
    changed = cut != result.mi or (found.ci is not None and list(found.ci) != raw["ci"])
    return replace(found, diagnostics={**result.diagnostics, "raw": raw}) if changed else found


def _interval(result: Estimate) -> list[float] | None:
    if result.std_error is None:
        return None
    half = half_width(result.std_error, result.ci_level)
    return [result.mi - half, result.mi + half]


def greatest(side: Array, kinds: tuple[Kind, ...]) -> float | None:
    """Return the most that can be known of a side `(n, d)` of categories, in nats; None where that is not bounded.

    The entropy of the counts with `PRIOR_ROWS` more of each value, plus their bias to first order (Miller, in
    Information Theory in Psychology, 1955) and `ERRORS` standard errors. Where many rows hold a value that occurs once,
    as in many columns, most values are yet unseen (Good, Biometrika 1953), and None is returned.

    Example:
        >>> kind = Kind("category", "two values", 2)
        >>> round(greatest(np.arange(1000.0)[:, None] % 2, (kind,)), 4)
        0.6936
    """
    if not kinds or any(kind.name != "category" for kind in kinds):
        return None
    n = len(side)
    counts = np.unique(side, axis=0, return_counts=True)[1]
    if float((counts == 1).sum()) > UNSEEN * n:
        return None
    shares = (counts + PRIOR_ROWS) / (n + PRIOR_ROWS * len(counts))
    surprise = -np.log(shares)
    entropy = float(shares @ surprise)
    variance = max(0.0, float(shares @ surprise**2) - entropy**2) / n
    return entropy + (len(counts) - 1) / (2 * n) + ERRORS * math.sqrt(variance)
