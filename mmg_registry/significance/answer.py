"""`mmg.test`: are x and y dependent at all, perhaps given z? A p-value, beside how strong the dependence is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from mmg_registry import registry
from mmg_registry.api import pair_of
from mmg_registry.contracts import Estimator
from mmg_registry.data import Cleaned, Pair, clean
from mmg_registry.data.pair import with_groups
from mmg_registry.data.units import Units, units_of
from mmg_registry.errors import DataError, demand, issue
from mmg_registry.estimation.encoding import encoding_for
from mmg_registry.estimation.fitting import Held, Make
from mmg_registry.estimation.run import Outcome, asked_for, run
from mmg_registry.limits import checked
from mmg_registry.progress import listening
from mmg_registry.quantity import Quantity
from mmg_registry.request import Request, from_choices
from mmg_registry.significance.conditional import conditional
from mmg_registry.significance.evaluated import ESTIMATES, SCORES, by_estimates, by_scores, has_tables
from mmg_registry.significance.exchange import exchange_of
from mmg_registry.significance.independence import independence
from mmg_registry.significance.redrawn import by_redraws, has_redraws
from mmg_registry.significance.sequential import Judged, PValue

QUICK = "quick"
EFFECT = "ksg"  # estimates the effect beside the quick test: it trains nothing and sees any dependence of few columns
FEW_ORDERS = 100  # different orders of the rows, below which the result says what p-values are possible
FEW_WORDS = "There are {orders:.0f} orders of {what} alone, so that no p-value far below {least:.2g} can come out."
NO_SUCH = (
    "The plugin '{name}' estimates no conditional information, so that it tests nothing given z; leave --plugin out "
    "for the quick test, or take auto, gaussian or ksg."
)
NO_ORDERS = (
    "Rows that belong together cannot be exchanged among those of like z; leave --plugin out: the quick test gives "
    "whole {by} a sign; or say --blocks none if the order of the rows means nothing."
)


def independence_test(
    *data: Any,
    given: Any = None,
    plugin: str = QUICK,
    permutations: int | None = None,
    **choices: Any,
) -> Quantity:
    """Test whether x and y are independent, given z if it is there; return p and the information with its interval.

    The samples are as of `estimate`: two arrays, or columns of one table.

    Args:
        given: samples of Z, `(n_samples, dim_z)` or `(n_samples,)`; of a table: its columns.
        plugin: "quick" to compare moments of features, beside the estimate of `ksg`; or an estimator, whose scores of
            single pairs are compared, or, where it has none, its estimates of rows in other orders.
        permutations: exchanges of rows at most; 999 unless given, 99 where each is an estimate. Fewer are drawn where p
            is not small (Besag and Clifford, Biometrika 1991).
        **choices: as of `estimate`: fields of `Request` (seed, threads, unit, groups, blocks, cross_fit ..), and
            options of the plugin.

    Returns:
        The (conditional) mutual information with its interval, `p_value`, and under "test" in its diagnostics the
        statistic, the permutations and the method.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for an unknown, out-of-range or contradictory option.
        PluginError: when the plugin is missing or broken.
        DataError: when the data do not allow a test.
        MMGError: when the estimator fails.

    Example:
        >>> import mmg_registry as mmg
        >>> x, noise = np.random.default_rng(0).standard_normal((2, 500))
        >>> mmg.test(x, x**2 + noise, plugin="quick", seed=0).p_value
        0.001
        >>> mmg.test(x, noise, seed=0).p_value > 0.05
        True
    """
    sides: dict[str, Any] = {side: choices.pop(side) for side in ("x", "y") if side in choices}
    request = from_choices(Request, {**choices, "plugin": plugin})
    options_for(request.plugin, request.options)
    refuse_contradictions(request, permutations)
    pair = pair_of(data, sides, given, request.groups)
    with listening(choices.get("progress"), request.unit) as listener:
        found = answered(pair, replace(request, groups=None, progress=listener), permutations)
    issue(found.warnings)
    return found


def options_for(plugin: str, options: Mapping[str, Any]) -> None:
    """Refuse options that the plugin of a test has not, before the data are read.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
    """
    beside = [*(each.name for each in fields(Request)), "given", "permutations"]
    registry.check_options(EFFECT if plugin == QUICK else plugin, options, beside)


def refuse_contradictions(request: Request, permutations: int | None) -> None:
    """Refuse what cannot be meant of a test, before the data are read.

    Raises:
        OptionError: naming the option.
    """
    if permutations is not None:
        checked("permutations", permutations)
    demand(not request.extrapolate, "A test compares all rows at once; leave extrapolate out.")


def answered(pair: Pair, request: Request, permutations: int | None = None) -> Quantity:
    """Test rows, whose z is given if they have one, and return the result without issuing its warnings.

    Args:
        pair: the rows.
        request: settings; its plugin is "quick", or the estimator by which to test.
        permutations: exchanges at most, or None for so many as the method takes.
    """
    started, by_features = time.perf_counter(), request.plugin == QUICK
    request = replace(request, plugin=EFFECT if by_features else request.plugin)
    asked = asked_for(request, False)
    able = registry.load_record(asked[0]).conditional
    demand(by_features or pair.z is None or able, NO_SUCH.format(name=asked[0].name))
    rows = _Rows.of(pair, request)
    in_order = rows.cleaned.pair.z is not None and rows.units.by in ("blocks", "groups")
    demand(by_features or not in_order, NO_ORDERS.format(by=rows.units.by), DataError)
    outcome = run(pair, request, None, asked)
    if by_features or rows.cleaned.verdict is not None:
        found = _quick(rows, request.seed, permutations or SCORES)
    else:
        found = _by_plugin(rows, outcome.fits, asked[1], request, permutations)
    return _result(outcome, found, rows, time.perf_counter() - started)


def quick(pair: Pair, request: Request, most: int = SCORES) -> Judged:
    """Make the quick test of `pair`, given its z if it has one, without an estimate beside it.

    Example:
        >>> from mmg_registry.data import as_pair
        >>> x, noise = np.random.default_rng(0).standard_normal((2, 500))
        >>> quick(as_pair(x, x**2 + noise), Request()).p.value
        0.001
    """
    return _quick(_Rows.of(pair, request), request.seed, most)


@dataclass(frozen=True)
class _Rows:
    """The checked rows, and which of them belong together."""

    cleaned: Cleaned
    units: Units

    @classmethod
    def of(cls, pair: Pair, request: Request) -> _Rows:
        given = pair if request.groups is None else with_groups(pair, request.groups)
        cleaned = clean(given, request.drop_nan, request.kinds)
        rows = cls(cleaned, Units(len(cleaned.pair)))
        return rows if rows.share_nothing else replace(rows, units=units_of(cleaned.pair, request.blocks))

    @property
    def share_nothing(self) -> bool:
        """Whether the checks know that x and y are independent: one is constant, or what is given determines it."""
        return self.cleaned.verdict not in (None, "infinite")


def _quick(rows: _Rows, seed: int, most: int) -> Judged:
    if rows.share_nothing:
        return Judged(PValue(1.0, 0, 0), 0.0, "none, for nothing varies that could be shared")
    pair = encoding_for(Estimator, rows.cleaned.pair)(rows.cleaned.pair)  # type: ignore[type-abstract]  # as by default
    x, y = (np.asarray(side, dtype=np.float64) for side in (pair.x, pair.y))
    if pair.z is None:
        return independence(x, y, exchange_of(rows.units), seed, most)
    return conditional(x, y, np.asarray(pair.z, dtype=np.float64), rows.units, seed, most)


def _by_plugin(rows: _Rows, fits: tuple[Held, ...], make: Make, request: Request, most: int | None) -> Judged:
    if rows.cleaned.pair.z is None and has_tables(fits, rows.units):
        return by_scores(fits, rows.units, request.seed, most or SCORES)
    if rows.cleaned.pair.z is not None and has_redraws(fits):
        found = by_redraws(fits, rows.units, request.seed, most or SCORES)
        # thousands of looks into a table were asked for, and in their place so many estimates would take an hour
        return found or by_estimates(fits, make, request, rows.units, min(most or ESTIMATES, ESTIMATES))
    return by_estimates(fits, make, request, rows.units, most or ESTIMATES)


def _result(outcome: Outcome, found: Judged, rows: _Rows, seconds: float) -> Quantity:
    effect = Quantity.of(outcome.estimate)
    test = {
        "method": found.method,
        "statistic": found.statistic,
        "permutations": found.p.drawn,
        "reached": found.p.reached,
        "p_value": found.p.value,
    }
    warnings = list(dict.fromkeys([*effect.warnings, *found.doubts, *_few_orders(rows)]))
    provenance = {**effect.provenance, "seconds": {**effect.provenance.get("seconds", {}), "total": seconds}}
    return replace(
        effect,
        p_value=found.p.value,
        diagnostics={**effect.diagnostics, "test": test},
        warnings=warnings,
        provenance=provenance,
    )


def _few_orders(rows: _Rows) -> list[str]:
    if rows.cleaned.verdict is not None or rows.cleaned.pair.z is not None:
        return []
    exchange = exchange_of(rows.units)
    if exchange.orders >= FEW_ORDERS:
        return []
    return [FEW_WORDS.format(orders=exchange.orders, what=exchange.words, least=1 / exchange.orders)]
