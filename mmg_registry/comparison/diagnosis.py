"""What is measured of rows before plugins are asked: whether they depend otherwise than normal variables do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.contracts import Estimator
from mmg_registry.data import Cleaned, units_of
from mmg_registry.data.dependence import sample_rows
from mmg_registry.data.order import normal_scores
from mmg_registry.errors import MMGError
from mmg_registry.estimation.encoding import encoding_for
from mmg_registry.request import Request
from mmg_registry.significance.exchange import exchange_of
from mmg_registry.significance.independence import independence

MOST_ROWS = 5_000  # that are tested: a form that fails noticeably does in so many
ROWS_A_COLUMN = 20  # at least: with fewer a regression leaves less than there is
EXCHANGES = 999


@dataclass(frozen=True)
class Diagnosis:
    """What is known of the rows.

    Attributes:
        rows: how many.
        columns: of x and y together, as a plugin that takes labels as columns of 0 and 1 sees them.
        labels: of these, columns that are labels or counts.
        beyond: p-value of "x and y depend as normal variables do, after maps of single columns"; None where that
            cannot be tested.
        verdict: what the data checks know without estimating, as a sentence; "" where nothing.
    """

    rows: int
    columns: int
    labels: int
    beyond: float | None
    verdict: str


def diagnosis_of(cleaned: Cleaned, request: Request) -> Diagnosis:
    """Return what is known of checked rows."""
    pair = cleaned.pair
    kinds = [kind for side in (pair.x_kinds, pair.y_kinds) for kind in side]
    labels = sum(kind.name in ("category", "count") for kind in kinds)
    known = cleaned.verdict is not None or pair.z is not None
    beyond = None if known else _beyond(cleaned, request)
    return Diagnosis(len(pair), len(kinds), labels, beyond, cleaned.reason)


def _beyond(cleaned: Cleaned, request: Request) -> float | None:
    """Return the p-value of what is left of y by linear prediction from x, both as normal scores, against x."""
    pair = replace(cleaned.pair, groups=cleaned.pair.groups)
    units = units_of(pair, request.blocks)
    coded = encoding_for(Estimator, pair)(pair)  # type: ignore[type-abstract]  # as by default
    rows = sample_rows(len(coded), MOST_ROWS) if units.labels is None else np.arange(len(coded))
    x, y = (normal_scores(side[rows]) for side in (coded.x, coded.y))
    if (x.shape[1] + y.shape[1]) * ROWS_A_COLUMN > len(rows):
        return None
    try:
        return independence(x, unexplained(x, y), exchange_of(units.take(rows)), request.seed, EXCHANGES).p.value
    except MMGError:
        return None  # rows that cannot be exchanged


def unexplained(x: F64, y: F64) -> F64:
    """Return what a linear regression of y `(n, dim_y)` on x `(n, dim_x)` leaves: independent of x if all is normal.

    Example:
        >>> x = np.random.default_rng(0).standard_normal((100, 2))
        >>> bool(np.allclose(unexplained(x, x @ [[1.0], [2.0]] + 3.0), 0.0))
        True
    """
    centred = x - x.mean(axis=0)
    left: F64 = y - y.mean(axis=0) - centred @ np.linalg.lstsq(centred, y - y.mean(axis=0), rcond=None)[0]
    return left
