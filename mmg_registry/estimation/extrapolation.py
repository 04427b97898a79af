"""Extrapolation over parts of the rows: the bias of few rows, told by how estimates change with fewer rows.

The bias of most estimators falls like one over the rows, so that the mean estimate from k disjoint parts, each of N/k
rows, lies on a line in k, I(N/k) = I_inf + a k/N, which is read off at k = 0 (Strong, Koberle, de Ruyter van Steveninck
and Bialek, Phys. Rev. Lett. 80, 197, 1998; for estimators of any kind Abdelaleem, Martini and Nemenman, "Accurate
estimation of mutual information in high dimensional data", arXiv 2506.00330, 2025). Where a parabola through the same
values ends elsewhere the law does not hold: the difference of both ends is a part of the error, and is warned of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.data import Pair
from mmg_registry.data.units import Units
from mmg_registry.errors import DataError, IntervalWarning, MMGError, about, demand
from mmg_registry.estimation.fitting import Part
from mmg_registry.estimation.subsampling import spread
from mmg_registry.request import Request, request_of_part
from mmg_registry.results import Estimate, student_factor

FEWEST_SIZES = 3  # of parts: a line through two of them fits whatever they are

Estimated = Callable[[Pair, Request, Units], Part]  # the estimate of some rows, by the way that all rows would go

BENT = (
    "The estimates from 1 to {most} parts of the rows do not lie on a line: a parabola ends {other:.3g} nats from it, "
    "which the standard error includes; the extrapolated value is no better known than that. Give more rows."
)
MOVING = (
    "The estimate still changes with the rows, by {change:.3g} nats from half of them to all; the extrapolated value "
    "holds where the bias falls like one over the rows, and that of nearest neighbours in many columns falls slower."
)
REFUSED = "The extrapolation uses 1 to {most} parts of the rows, not {asked}, for smaller ones give nothing: {reason}"


@dataclass(frozen=True)
class Trend:
    """The line through mean estimates from 1 to K disjoint parts of the rows, in nats.

    Attributes:
        intercept: its value at no parts, which is that of rows without end.
        slope: what each further part adds; at one part it is the bias of the estimate from all rows.
        bend: by how much a parabola through the same estimates ends above the line.
    """

    intercept: float
    slope: float
    bend: float

    @classmethod
    def through(cls, means: Sequence[float]) -> Trend:
        """Return the line of least squares through `means`, of 1 to `len(means)` parts, three at least.

        Example:
            >>> found = Trend.through([1.1, 1.2, 1.3, 1.4, 1.5])
            >>> round(found.intercept, 6), round(found.slope, 6), abs(found.bend) < 1e-9
            (1.0, 0.1, True)
        """
        parts: F64 = np.arange(1.0, len(means) + 1)
        slope, intercept = np.polyfit(parts, means, 1)
        return cls(float(intercept), float(slope), float(np.polyfit(parts, means, 2)[-1] - intercept))


def extrapolated(split: Estimated, pair: Pair, request: Request, units: Units) -> Part:
    """Estimate on 1 to K = `request.extrapolate` parts of the rows, and return what rows without end would give.

    Args:
        split: fits and evaluates some rows, as all rows would be without an extrapolation.
        pair: all rows.
        request: says K, the seed that draws the parts, and the time, of which each number of parts has its share.
        units: which rows belong together; they stay in one part.

    Raises:
        DataError: when fewer than three numbers of parts give an estimate.
        MMGError: when the estimate of all rows fails.
    """
    asked = request.extrapolate or FEWEST_SIZES
    parts, reason = [[split(pair, request_of_part(request, 0, 1), units)]], ""
    for k in range(2, asked + 1):
        try:
            parts.append([split(*each) for each in _cut(pair, request, units, k)])
        except MMGError as error:
            reason = str(error)
            break
    demand(
        len(parts) >= FEWEST_SIZES,
        f"An extrapolation needs estimates from 1 to {FEWEST_SIZES} parts of the rows, and {len(parts) + 1} parts give "
        f"none ({reason.rstrip('.')}); leave it out, or give more rows.",
        DataError,
    )
    refused = [REFUSED.format(most=len(parts), asked=asked, reason=reason)] if reason else []
    return _joined(parts, refused)


def _cut(pair: Pair, request: Request, units: Units, k: int) -> list[tuple[Pair, Request, Units]]:
    """Return the rows, the request and the units of each of `k` parts."""
    drawn: list[Index] = [rows for _, rows in units.folds(k, request.seed)]
    return [(pair.take(rows), request_of_part(request, i, k), units.take(rows)) for i, rows in enumerate(drawn)]


def _joined(parts: Sequence[Sequence[Part]], warnings: Sequence[str]) -> Part:
    """Return the part of all rows with the extrapolated estimate, and with the seconds of all."""
    values = [[each.estimate.mi for each in some] for some in parts]
    whole, trend = parts[0][0], Trend.through([float(np.mean(some)) for some in values])
    seconds = {key: sum(each.seconds[key] for some in parts for each in some) for key in ("fit", "estimate")}
    found = _moved(whole.estimate, trend, values)
    told = [*whole.estimate.warnings, *warnings, *about(IntervalWarning, _doubts(trend, found))]
    return replace(whole, estimate=replace(found, warnings=told), estimator=None, seconds=seconds)


def _moved(found: Estimate, trend: Trend, values: Sequence[Sequence[float]]) -> Estimate:
    """Return the estimate of all rows moved to the end of the line, with the error of both.

    The parts of every size are the same rows, so that the end of the line has the sampling error of all rows and little
    more: that of the estimator, or of the parts' spread where that is larger.
    """
    freedom = sum(range(1, len(values)))
    of_parts = spread(lambda k: values[k - 1], len(values)) * student_factor(freedom)
    rows = max(of_parts, found.std_error or 0.0)
    words = {
        "values": [list(some) for some in values],
        "all_rows": found.mi,
        "intercept": trend.intercept,
        "slope": trend.slope,
        "bend": trend.bend,
        "errors": {"rows": rows, "bend": abs(trend.bend)},
    }
    moved = trend.intercept - found.mi
    return replace(
        found,
        mi=trend.intercept,
        std_error=math.hypot(rows, trend.bend),
        pointwise=None if found.pointwise is None else found.pointwise + moved,
        diagnostics={**found.diagnostics, "extrapolation": words},
    )


def _doubts(trend: Trend, found: Estimate) -> list[str]:
    """Return a warning where the bend, or what one more part adds, is larger than the sampling error."""
    words = found.diagnostics["extrapolation"]
    sampling, values = words["errors"]["rows"], words["values"]
    change = abs(values[0][0] - float(np.mean(values[1])))
    bent = [BENT.format(most=len(values), other=abs(trend.bend))] if abs(trend.bend) > sampling else []
    return bent + ([MOVING.format(change=change)] if change > sampling else [])
