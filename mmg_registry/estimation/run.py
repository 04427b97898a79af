"""The steps from a pair of variables and a request to an `Estimate`, the same for all estimators."""

from __future__ import annotations

import functools
import logging
import math
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mmg_registry import registry
from mmg_registry.contracts import NO_RATIO, Estimator, has_ratio
from mmg_registry.data import Cleaned, Pair, clean
from mmg_registry.data.checks import matching
from mmg_registry.data.pair import sampled, with_groups
from mmg_registry.data.units import Units, units_of
from mmg_registry.devices import device_name, torch_device
from mmg_registry.entry_points import PluginRecord
from mmg_registry.errors import BiasWarning, IntervalWarning, about, demand
from mmg_registry.estimation.applies import demand_applies
from mmg_registry.estimation.conditional import difference, recleaned, with_z_alone, with_z_beside_y
from mmg_registry.estimation.encoding import encoding_for
from mmg_registry.estimation.extrapolation import extrapolated
from mmg_registry.estimation.fitting import Held, Make, Part
from mmg_registry.estimation.possible import possible
from mmg_registry.estimation.rows import on_given, split_up
from mmg_registry.provenance import RESULT_PACKAGES, data_sha256, versions
from mmg_registry.request import Request, in_thirds, run_of, within
from mmg_registry.results import Estimate, half_width

_LOG = logging.getLogger(__name__)
_FEW_EVAL_ROWS = 100
_MOST_LISTED = 100  # columns of a side whose kinds the result lists one by one


NOTHING_GIVEN = (
    "The pointwise values of '{name}' are of x and y alone; leave pointwise (--pointwise) or what is given (--given) "
    "out, or take a plugin that sees what is given."
)

Asked = tuple[PluginRecord, Make]  # the plugin, and what makes its estimator


@dataclass(frozen=True)
class Outcome:
    """An estimate, the estimator that gave it (None where several or none were fitted), and all fits behind it."""

    estimate: Estimate
    estimator: Estimator | None
    fits: tuple[Held, ...] = ()


def run(pair: Pair, request: Request, eval_pair: Pair | None = None, asked: Asked | None = None) -> Outcome:
    """Check the data, fit, estimate, and attach provenance.

    Evaluation rows are `eval_pair`, else a held-out part of `pair`, else (with `cross_fit`) every row in turn; no row
    is evaluated by a model that was trained on it. Where nothing is trained, all rows are evaluated. Rows that belong
    together (`data.units`) stay on one side, and the error is that of the independent rows that they are worth.

    Raises:
        OptionError: for an unknown, out-of-range or contradictory option.
        PluginError: when the plugin is missing or broken.
        DataError: when the data do not allow an estimate.
        DoesNotApply: when the plugin declares not to take so many columns, or so few rows.
        MMGError: when the estimator fails.
    """
    started = time.perf_counter()
    record, make = asked or asked_for(request, eval_pair is not None)
    estimator = make(run=run_of(request))
    _LOG.info("checking %d rows for '%s', seed %d", len(pair), record.name, request.seed)
    given = _limited(pair if request.groups is None else with_groups(pair, request.groups), request)
    seen = given.z is None or type(estimator).conditional
    demand(not request.pointwise or seen, NOTHING_GIVEN.format(name=estimator.name))
    cleaned = clean(given, request.drop_nan, request.kinds)
    if cleaned.verdict is None:
        demand_applies(type(estimator), cleaned.pair)
    _LOG.info("checked in %.2f s; estimating from %d rows", time.perf_counter() - started, len(cleaned.pair))
    part, units = _evaluated(make, cleaned, request, eval_pair, started)
    _LOG.info("estimated in %.2f s", time.perf_counter() - started)
    result = _placed(_finished(part, cleaned, request), request)
    asked_options = estimator.options.model_dump(mode="json")
    known = {**_asked(record, asked_options, request.seed), **_sizes(part, cleaned), "columns": _columns(cleaned.pair)}
    known |= {"rows": {**units.to_dict(), **_cv(request), **result.provenance.get("rows", {})}} if units else {}
    known |= {} if given.whole is None else {"sampled": given.whole.to_dict(len(given))}
    seconds = {"total": time.perf_counter() - started, **part.seconds}
    known |= {"seconds": seconds, "versions": versions(RESULT_PACKAGES), "data_sha256": _hash(given, eval_pair)}
    return Outcome(replace(result, provenance={**result.provenance, **known}), part.estimator, part.fits)


def _limited(pair: Pair, request: Request) -> Pair:
    """Return so many rows of a pair as are asked for, drawn at random; a sample is not drawn from again."""
    if not isinstance(request.rows, int) or pair.whole is not None or request.rows >= len(pair):
        return pair
    return sampled(pair, request.rows, request.seed)


def asked_for(request: Request, has_eval_rows: bool) -> Asked:
    """Return the plugin and what makes its estimator, after refusing all that can be refused without the data.

    Raises:
        OptionError: for an option that is unknown, out of range or contradictory, or a GPU that is not there.
        PluginError: when the plugin is missing or broken.
    """
    folds = "cv" if request.cv is not None else "cross_fit"
    both = (request.cross_fit or request.cv is not None) and has_eval_rows
    demand(not both, f"Cross-fitting evaluates every row in turn, so give either evaluation rows or {folds}.")
    demand(
        not (request.cross_fit and request.cv is not None),
        "The options 'cross_fit' and 'cv' exclude one another; leave one of them out.",
    )
    demand(
        not (request.extrapolate and has_eval_rows),
        "An extrapolation cuts all rows into parts, so give either evaluation rows or extrapolate.",
    )
    demand(
        not (request.extrapolate and request.cv is not None),
        "The folds of 'cv' are made for all rows, and 'extrapolate' cuts them into parts; use cross_fit=K with it.",
    )
    demand(
        not (request.pointwise and request.extrapolate),
        "An extrapolation moves the estimate of all rows and knows nothing of single ones; leave pointwise or "
        "extrapolate out.",
    )
    record = registry.find(request.plugin)
    cls = registry.load_record(record)
    demand(not request.pointwise or has_ratio(cls), NO_RATIO.format(name=cls.name))
    make = functools.partial(cls, **request.options)
    make(run=run_of(request))
    if device_name(request.device) != "cpu":
        torch_device(request.device)
    return record, make


def _evaluated(
    make: Make, cleaned: Cleaned, request: Request, eval_pair: Pair | None, started: float
) -> tuple[Part, Units | None]:
    """Estimate, and return with it which rows belong together; None where nothing had to be estimated.

    The estimator gets the time that is left of the limit since the clock showed `started`.
    """
    rows = None if eval_pair is None else matching(cleaned, eval_pair, request.drop_nan)
    if cleaned.verdict is not None:
        return _known(cleaned, 0 if rows is None else len(rows)), None
    if cleaned.pair.z is not None and not type(make(run=run_of(request))).conditional:
        return _by_difference(make, cleaned.pair, request, rows, started)
    units = units_of(cleaned.pair, request.blocks)
    encoding = encoding_for(type(make(run=run_of(request))), cleaned.pair)
    pair, request = encoding(cleaned.pair), in_thirds(within(request, time.perf_counter() - started))
    if rows is None:
        split = functools.partial(split_up, make)
        return (
            extrapolated(split, pair, request, units) if request.extrapolate else split(pair, request, units)
        ), units
    return on_given(make, pair, encoding(rows), request, units), units


def _by_difference(
    make: Make, pair: Pair, request: Request, rows: Pair | None, started: float
) -> tuple[Part, Units | None]:
    """Estimate I(X; Y, Z) and I(X; Z), each in half of the time, and return their difference."""
    halved = None if request.max_seconds is None else request.max_seconds / 2
    request = replace(request, max_seconds=halved, kinds={})
    found = []
    for view in (with_z_beside_y, with_z_alone):
        cleaned = recleaned(view(pair))
        found.append(_evaluated(make, cleaned, request, None if rows is None else view(rows), started))
        started = time.perf_counter()
    (both, units), (alone, _) = found
    return difference(both, alone, pair.source), units


def _known(cleaned: Cleaned, n_eval: int) -> Part:
    """Return the MI that the data checks know without estimating: 0 or infinity."""
    mi, status, error = (math.inf, "infinite", None) if cleaned.verdict == "infinite" else (0.0, "exact", 0.0)
    known = Estimate(mi=mi, std_error=error, status=status, warnings=[cleaned.reason])  # type: ignore[arg-type]
    return Part(known, None, {"fit": 0.0, "estimate": 0.0}, len(cleaned.pair), n_eval)


def _finished(part: Part, cleaned: Cleaned, request: Request) -> Estimate:
    """Return the estimate cut to what is possible, in the requested unit, with the warnings of all steps."""
    result = replace(part.estimate, ci_level=request.ci_level)
    warnings = [*cleaned.warnings, *result.warnings, *_negative(result)]
    if result.status == "estimated" and part.n_eval < _FEW_EVAL_ROWS <= part.n_train:
        few = f"Only {part.n_eval} rows evaluate the estimate; its standard error is itself uncertain."
        warnings += about(IntervalWarning, [few])
    cut = possible(result, cleaned.pair)
    return replace(cut, warnings=list(dict.fromkeys([*warnings, *cut.warnings]))).to_unit(request.unit)


def _negative(result: Estimate) -> list[str]:
    if result.mi >= 0 or any("negative" in warning.lower() for warning in result.warnings):
        return []
    if result.std_error is None or result.mi + half_width(result.std_error, result.ci_level) < 0:
        biased = (
            "The estimate was negative by more than its error, which MI cannot be: the estimator is biased on these "
            "data; give it more rows or more time."
        )
        return about(BiasWarning, [biased])
    return ["The estimate was negative, which MI cannot be; within its error it is 0 (no dependence was found)."]


def _placed(result: Estimate, request: Request) -> Estimate:
    """Return `result` with the requested device if it names none, and with all the usual keys of `backend`."""
    backend = {"isa": _isa(), "threads": run_of(request).threads, **result.backend}
    return replace(result, device=result.device or device_name(request.device), backend=backend)


def _isa() -> str | None:
    """Return the compiled core's instruction set, or None if no plugin has imported the core, which takes seconds."""
    core = sys.modules.get("mmg_registry.core")
    isa = core.isa() if core else None
    return None if isa is None else str(isa)


def _asked(record: PluginRecord, options: Mapping[str, Any], seed: int) -> dict[str, Any]:
    plugin = {"name": record.name, "version": record.version, "distribution": record.distribution}
    return {"plugin": plugin, "options": options, "seed": seed}


def _columns(pair: Pair) -> dict[str, Any]:
    """Return the kinds of the columns of each side: how many are of which, and the first of them one by one."""
    found = {}
    for side in pair.sides:
        names, kinds = getattr(pair, f"{side}_names"), getattr(pair, f"{side}_kinds")
        found[side] = {
            "kinds": dict(Counter(kind.name for kind in kinds)),
            "columns": [{"name": names[j], **kind.to_dict()} for j, kind in enumerate(kinds[:_MOST_LISTED])],
        }
    return found


def _sizes(part: Part, cleaned: Cleaned) -> dict[str, int]:
    dims = {f"dim_{side}": dim for side, dim in cleaned.dims.items()}
    return {"n_train": part.n_train, "n_eval": part.n_eval, **dims}


def _cv(request: Request) -> dict[str, str]:
    return {} if request.cv is None else {"cv": str(request.cv)}


def _hash(*pairs: Pair | None) -> str:
    return data_sha256(*(getattr(pair, side) for pair in pairs if pair is not None for side in pair.sides))
