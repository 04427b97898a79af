"""The question of what more than two variables share, and whether it is redundant or synergistic."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scipy.special import ndtr

from mmg_registry.contracts import refuse_unknown
from mmg_registry.data.reading import Spec
from mmg_registry.errors import DataError, demand, issue
from mmg_registry.estimation.run import asked_for, run
from mmg_registry.multivariate.sums import Sum, weighted
from mmg_registry.multivariate.terms import Quantities, SharedTerm, Weights, quantities_of
from mmg_registry.multivariate.variables import VariableRows, read_variables, variables_of
from mmg_registry.progress import listening
from mmg_registry.quantity import Quantity
from mmg_registry.registry import load_plugin
from mmg_registry.request import Request, from_choices, listener_of_part
from mmg_registry.results import Estimate

SURE = 3.0  # standard errors by which two ways to the S-information may differ
DIFFERENT = (
    "The S-information is {one:.3f} nats by the chain and {other:.3f} by its own terms, farther apart than their "
    "errors: some estimate of the chain is off; the errors of all quantities include it."
)
KNOWN = "{symbol} is infinite ({reason}), so that the variables have no finite total correlation; leave one out."


@dataclass(frozen=True)
class EstimatedTerms:
    """The estimates of all terms in nats, with what they are of."""

    variables: VariableRows
    quantities: Quantities
    estimates: Mapping[SharedTerm, Estimate]

    def sum(self, weights: Weights) -> Sum:
        """Return a weighted sum of terms."""
        return weighted(self.estimates, weights)

    @property
    def shift(self) -> float:
        """Return by how much two ways to the S-information surely differ, in nats; 0 where one alone was taken."""
        if not self.quantities.of_each:
            return 0.0
        apart = dict(self.quantities.shared)
        for term, weight in self.quantities.of_each.items():
            apart[term] = apart.get(term, 0.0) - weight
        found = self.sum(apart)
        return abs(found.value) if abs(found.value) > SURE * found.std_error else 0.0


def interactions(
    data: Any,
    *,
    columns: Spec | None = None,
    variables: Sequence[Any] | None = None,
    check: bool = False,
    **choices: Any,
) -> Quantity:
    """Estimate what three or more variables share, and whether redundancy or synergy prevails.

    Args:
        data: an array or a frame whose columns are variables, the path of a table, or a list of arrays, one a variable.
        columns: columns of the table that are variables of one column each; all, if None.
        variables: for variables of several columns, the columns of each: `["a1,a2", "b1,b2", "c"]`.
        check: whether to estimate the S-information a second time by its own terms, for half as much time again; what
            the two surely differ by is a part of all errors.
        **choices: fields of `Request` that apply (plugin, seed, threads, unit, ci_level, groups, blocks, drop_nan,
            kinds ..); every other name is an option of the plugin.

    Returns:
        The O-information: above 0 where redundancy prevails, below 0 where synergy does; "certainty" in its diagnostics
        is the probability of that sign under a normal error. Its parts are the total correlation, the dual total
        correlation, the S-information, for three variables the interaction information, and then the terms of the
        chain.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for fewer than three variables, or an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
        DataError: when the data do not allow an estimate, or variables determine one another.
        MMGError: when the estimator fails.

    Example:
        >>> import numpy as np, mmg_registry as mmg
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.standard_normal((2, 2000))
        >>> found = mmg.interactions(np.column_stack([x, y, x + y + rng.standard_normal(2000)]), plugin="gaussian")
        >>> found.diagnostics["sign"], [part.name for part in found.parts[:2]]
        ('synergistic', ['total correlation', 'dual total correlation'])
    """
    request = from_choices(Request, choices)
    refuse_unknown(load_plugin(request.plugin), request.options, beside=["columns", "variables", "check"])
    pairs = read_variables(data, columns, variables, request.groups)
    with listening(choices.get("progress"), request.unit) as listener:
        found = interactions_of(pairs, replace(request, groups=None, progress=listener), check)
    issue(found.warnings)
    return found


def interactions_of(pairs: Sequence[Any], request: Request, check: bool = False) -> Quantity:
    """Return what the x of each of `pairs` share, as `interactions` does.

    Raises:
        DataError, MMGError, OptionError, PluginError: as `interactions`.
    """
    started = time.perf_counter()
    rows, told = variables_of(pairs, request)
    found = estimated(rows, request, check)
    parts = _quantities(found, request)
    terms = tuple(Quantity.of(each, symbol=term.symbol(rows.names)) for term, each in found.estimates.items())
    warnings = list(dict.fromkeys([*told, *_differing(found), *_of_terms(terms)]))
    whole = parts.pop("O-information")
    provenance = _provenance(found, time.perf_counter() - started)
    return replace(whole, parts=(*parts.values(), *terms), warnings=warnings, provenance=provenance).to_unit(
        request.unit
    )


def estimated(rows: VariableRows, request: Request, check: bool = False) -> EstimatedTerms:
    """Estimate every term on the same rows, in an equal share of the time each.

    Raises:
        DataError: where a term is infinite.
    """
    quantities = quantities_of(len(rows), check)
    asked = asked_for(request, False)
    estimates: dict[SharedTerm, Estimate] = {}
    for i, term in enumerate(quantities.terms):
        own = _request_of(request, rows, i, len(quantities.terms))
        pair = rows.pair(term)
        known = {name: kind for name, kind in request.kinds.items() if name in _names(pair)}
        found = run(pair, replace(own, kinds=known), None, asked).estimate
        reason = (found.warnings or ["by a relation in the data"])[-1].rstrip(".")
        demand(found.status != "infinite", KNOWN.format(symbol=term.symbol(rows.names), reason=reason), DataError)
        estimates[term] = found
    return EstimatedTerms(rows, quantities, estimates)


def _names(pair: Any) -> tuple[str, ...]:
    return (*pair.x_names, *pair.y_names, *pair.z_names)


def _request_of(request: Request, rows: VariableRows, i: int, many: int) -> Request:
    """Return the request of term `i` of `many`; rows are independent, or belong together as was found once for all."""
    limit = None if request.max_seconds is None else request.max_seconds / many
    blocks = "none" if rows.units.labels is None else "auto"
    progress = listener_of_part(request.progress, i, many, "term")
    return replace(request, unit="nats", max_seconds=limit, blocks=blocks, progress=progress)


def _quantities(found: EstimatedTerms, request: Request) -> dict[str, Quantity]:
    """Return the quantities by name, in nats."""
    names, own = ", ".join(found.variables.names), found.quantities
    known: list[tuple[str, str, Weights, float]] = [
        ("total correlation", f"TC({names})", own.total, 0.0),
        ("dual total correlation", f"DTC({names})", own.dual, 0.0),
        ("O-information", f"Omega({names})", own.organisation, -math.inf),
        ("S-information", f"S({names})", own.shared, 0.0),
    ]
    if len(found.variables) == 3:
        minus = {term: -weight for term, weight in own.organisation.items()}
        known.append(("interaction information", f"I({names.replace(', ', '; ')})", minus, -math.inf))
    return {name: _quantity(name, symbol, found, weights, least, request) for name, symbol, weights, least in known}


def _quantity(
    name: str, symbol: str, found: EstimatedTerms, weights: Weights, least: float, request: Request
) -> Quantity:
    each = found.sum(weights)
    error = math.hypot(each.std_error, found.shift)
    sign = _sign(each.value, error) if name == "O-information" else {}
    errors = {"rows": each.sampling, "terms": each.systematic, "check": found.shift}
    return Quantity(
        name=name,
        symbol=symbol,
        value=max(each.value, least),
        std_error=error,
        ci_level=request.ci_level,
        bar="sum",
        diagnostics={**sign, "raw": each.value, "errors": errors, "common_rows": each.joint},
    ).with_interval(least)


def _sign(value: float, error: float) -> dict[str, Any]:
    """Return which way the O-information points, and the probability of that under a normal error."""
    certainty = float(ndtr(abs(value) / error)) if error > 0 else 1.0
    return {"sign": "redundant" if value > 0 else "synergistic", "certainty": certainty}


def _differing(found: EstimatedTerms) -> list[str]:
    if not found.shift:
        return []
    one, other = found.sum(found.quantities.shared).value, found.sum(found.quantities.of_each).value
    return [DIFFERENT.format(one=one, other=other)]


def _of_terms(terms: Sequence[Quantity]) -> list[str]:
    """Return the warnings of the terms, each with the terms that it is of."""
    said: dict[str, list[str]] = {}
    for term in terms:
        for warning in term.warnings:
            said.setdefault(warning, []).append(term.symbol)
    return [f"{', '.join(symbols[:3])}{' ..' * (len(symbols) > 3)}: {warning}" for warning, symbols in said.items()]


def _provenance(found: EstimatedTerms, seconds: float) -> dict[str, Any]:
    """Return what the terms have in common, the variables and the time of all."""
    first = next(iter(found.estimates.values())).provenance
    shared: dict[str, Any] = {
        key: first[key] for key in ("plugin", "options", "seed", "n_train", "n_eval", "versions") if key in first
    }
    names = {name: len(columns) for name, columns in zip(found.variables.names, found.variables.columns, strict=True)}
    return {**shared, "variables": names, "seconds": {"total": seconds, "terms": len(found.estimates)}}
