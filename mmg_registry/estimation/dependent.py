"""Errors of estimates from rows that depend on one another.

`of_dependent_rows` takes the standard error of an estimator, which is that of independent rows, to the number of
independent rows that these are worth: by the autocorrelation of the per-row values in a series, by the sums over
groups and copies.

`corrected` is for estimators that train nothing, and so take what two series agree in by chance for dependence. The
same estimator on shifted pairs, row i of x with row i + s of y, shows how much of it such series have without any. The
mean over shifts is taken off, as from transfer entropies (Marschinski and Kantz, Eur. Phys. J. B 2002), and their
spread is a part of the error. Shifting keeps what each side remembers, which shuffling would not (Theiler et al.,
Physica D 1992; Kantz and Schreiber, Nonlinear Time Series Analysis, 2nd ed. 2004, section 7.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array
from mmg_registry.data import Pair
from mmg_registry.data.order import integrated
from mmg_registry.data.units import Units
from mmg_registry.results import Estimate, student_factor

SHIFTS = 20  # their spread is then known to a sixth; more cost as many estimates
FARTHEST = 4  # the shortest shift is a fourth of the rows at most, so that shifts remain
LEAST_COVERED = 0.1  # of the rows that must have a partner at a lag for its autocorrelation to count

Evaluate = Callable[[Pair], Estimate]


# --- The number of independent rows ---------------------------------------------------------------------------------


def of_dependent_rows(found: Estimate, units: Units, rows: Index | None = None) -> Estimate:
    """Return `found` with the standard error of the independent rows that dependent ones are worth.

    Args:
        found: an estimate with the error of independent rows.
        units: which of the evaluated rows belong together.
        rows: the sorted places of the evaluated rows in the file; None for all.
    """
    if units.count == units.n or found.std_error is None:
        return found
    inflation = max(1.0, inflation_of(found.pointwise, units, rows))
    worth = units.n / inflation
    error = (
        found.std_error * math.sqrt(inflation) * student_factor((worth if units.by == "blocks" else units.count) - 1)
    )
    return replace(found, std_error=error, provenance={**found.provenance, "rows": {"effective": worth}})


def off_by_itself(found: Estimate, units: Units) -> Estimate:
    """Return an estimate below 0 of dependent rows with an error of its own size at least.

    Information is not negative, so it is off by as much: a critic that learned what one block shows by chance is below
    0 on other blocks, by more than their spread tells. Independent rows keep their error.
    """
    if units.labels is None or found.std_error is None or found.mi >= 0:
        return found
    return replace(found, std_error=max(found.std_error, -found.mi))


def inflation_of(values: NDArray[Any] | None, units: Units, rows: Index | None = None) -> float:
    """Return the factor by which the dependence of rows widens the variance of the mean of `values` `(n,)`.

    Without values that vary it is that of the columns, or the mean size of a unit.

    Example:
        >>> copies = Units(6, "copies", np.array([0, 0, 1, 1, 2, 2]))
        >>> round(inflation_of(np.array([0.0, 0.0, 1.0, 1.0, 5.0, 5.0]), copies), 6)  # 3 rows, not 6
        2.5
    """
    if values is None or len(values) != units.n or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return max(units.inflation, 1.0 if units.by == "blocks" else units.n / units.count)
    centred = values.astype(np.float64) - values.mean()
    if units.by == "blocks":
        return integrated(autocorrelation(centred, np.arange(units.n) if rows is None else rows))
    sums = np.bincount(np.unique(np.asarray(units.labels), return_inverse=True)[1], centred)
    few = units.count / max(units.count - 1, 1) * (units.n - 1) / units.n
    return few * float(sums @ sums) / float(centred @ centred)


def autocorrelation(centred: F64, places: Index) -> F64:
    """Return the autocorrelation of `centred` values `(n,)` at `places` of a file, over the pairs that are there."""
    length = int(places[-1] - places[0]) + 1
    values, there = np.zeros(length), np.zeros(length)
    values[places - places[0]], there[places - places[0]] = centred, 1.0
    products, partners = (_lagged(each)[: length // 2 + 1] for each in (values, there))
    covered = partners >= LEAST_COVERED * len(centred)
    means = np.where(covered, products / np.where(covered, partners, 1.0), 0.0)
    correlations: F64 = means / means[0]
    return correlations


def _lagged(series: F64) -> F64:
    size = next_fast_len(2 * len(series), real=True)
    sums: F64 = irfft(np.abs(rfft(series, size)) ** 2, size)
    return sums


# --- What such rows show without dependence ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Chance:
    """What an estimator gives for pairs of the same columns that share nothing, in nats.

    Attributes:
        mean, spread: over shifts.
        error: of one more estimate under such chance: the spread, widened for how few independent shifts tell it.
    """

    mean: float
    spread: float
    error: float


def corrected(found: Estimate, pair: Pair, units: Units, evaluate: Evaluate) -> Estimate:
    """Return `found` without what such rows show by chance, and with the spread of that in the standard error.

    Args:
        found: the estimate of `pair`.
        pair: rows `(n, ..)` in the order of the file.
        units: which of them belong together; nothing is corrected where all are their own.
        evaluate: the estimator that gave `found`.
    """
    if units.by not in ("blocks", "groups"):
        return found
    chance = chance_of(pair, units, evaluate)
    told = {"mean": chance.mean, "spread": chance.spread, "shifts": SHIFTS, "uncorrected": found.mi}
    return replace(
        found,
        mi=found.mi - chance.mean,
        std_error=None if found.std_error is None else math.hypot(found.std_error, chance.error),
        pointwise=None if found.pointwise is None else found.pointwise - chance.mean,
        diagnostics={**found.diagnostics, "by_chance": told},
    )


def chance_of(pair: Pair, units: Units, evaluate: Evaluate) -> Chance:
    """Return what `evaluate` gives for x against shifted y, at shifts that are longer than the memory or a group."""
    apart = max(2 * units.memory, np.bincount(np.asarray(units.labels)).max() if units.by == "groups" else 0)
    least = int(max(1, min(apart, units.n / FARTHEST)))
    shifts = np.linspace(least, units.n - least, SHIFTS).astype(int)
    values = [evaluate(shifted(pair, int(shift), units)).mi for shift in shifts]
    spread = float(np.std(values, ddof=1))
    independent = min(SHIFTS, units.n / units.memory, units.count if units.by == "groups" else math.inf)
    error = spread * student_factor(max(independent - 1, 2.0)) * math.sqrt(1 + 1 / independent)
    return Chance(float(np.mean(values)), spread, error)


def shifted(pair: Pair, shift: int, units: Units) -> Pair:
    """Return `pair` with y moved on by `shift` rows in a circle, in which the rows of a unit stand side by side.

    A variable that is given stays beside y.
    """
    together = np.argsort(np.asarray(units.labels), kind="stable")
    moved: dict[str, Array] = {}
    for side in pair.sides[1:]:
        rows = getattr(pair, side)
        moved[side] = np.empty_like(rows)
        moved[side][together] = np.roll(rows[together], shift, axis=0)
    return replace(pair, **moved)  # type: ignore[arg-type]
