"""The question of how uncertain columns are: their entropy, or that which is left when others are given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mmg_registry.contracts import refuse_unknown
from mmg_registry.data import Pair
from mmg_registry.data.reading import Spec
from mmg_registry.entropies.chain import DISCRETE, EntropyTerm, Layers, layers_of, shared_with, sum_of, terms_of
from mmg_registry.entropies.differential import MakeEntropy, Mean, make_of
from mmg_registry.entropies.result import Background
from mmg_registry.entropies.sample import ColumnSample, read_sample, sample_of
from mmg_registry.errors import DataError, demand, issue
from mmg_registry.progress import listening
from mmg_registry.quantity import Quantity
from mmg_registry.registry import load_entropy
from mmg_registry.request import Request, from_choices

SCALE = (
    "A differential entropy is of the scale of its columns: in other units it is another number, and it may be below 0."
)


def entropy(data: Any, *, x: Spec | None = None, given: Any = None, **choices: Any) -> Quantity:
    """Estimate the entropy of columns X, or the entropy of X given others.

    Continuous columns have a differential entropy, -E ln p(X), which depends on their units; of discrete ones it is
    -sum p ln p; of both together, and of columns with atoms, the chain rule over labels joins the two (see
    `entropies.chain`). Of X given Y it is the entropy of X less I(X; Y).

    Args:
        data: the rows of X, `(n_samples, dim)`: any array or frame that `estimate` takes. Or a table (a frame, or the
            path of a file), of which `x` and `given` name columns.
        x: columns of the table; all that are not given, if None.
        given: columns of the table, or the rows of Y.
        **choices: fields of `Request` that apply (plugin, seed, threads, unit, ci_level, eval_fraction, groups, blocks,
            drop_nan, kinds ..); every other name is an option of the plugin, one of the group `mmg.entropies`.

    Returns:
        The entropy, in nats unless `unit="bits"`; the terms of the chain are its parts.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
        DataError: when the data do not allow an estimate.
        MMGError: when the estimator fails.

    Example:
        >>> import mmg_registry as mmg
        >>> coins = [0, 1, 1, 0, 1, 0, 0, 1] * 50
        >>> mmg.entropy(coins, unit="bits").symbol, round(mmg.entropy(coins, unit="bits").value, 2)
        ('H(x)', 1.0)
    """
    request = entropy_request(choices)
    pair = read_sample(data, x, given, request.groups)
    with listening(choices.get("progress"), request.unit) as listener:
        found = entropy_of_pair(pair, replace(request, progress=listener), given is not None)
    issue(found.warnings)
    return found


def entropy_request(choices: dict[str, Any]) -> Request:
    """Return keyword arguments as a request; those that are no fields of it are options of the entropy estimator.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
    """
    request = from_choices(Request, choices)
    refuse_unknown(load_entropy(request.plugin), request.options, beside=["x", "given"])
    return request


def entropy_of_pair(pair: Pair, request: Request, given: bool) -> Quantity:
    """Return the entropy of x of a pair, or that of x given y.

    Raises:
        DataError, MMGError, OptionError, PluginError: as `entropy`.
    """
    _refuse_given(pair, given)
    make = make_of(request)
    background = Background(request, {"x": sample_of(pair, request)})
    sample = background.samples["x"]
    layers = layers_of(sample.x, sample.kinds, sample.names)
    terms = list(terms_of(sample, layers, request, make))
    whole = sum_of(terms, sample, layers)
    if given:
        terms.append(_told(pair, request, make))
        whole = _less(whole, terms[-1].mean)
    discrete = all(kind.name in DISCRETE for kind in sample.kinds)
    symbol = f"{'H' if discrete else 'h'}({_listed(pair.x_names)}{_given(pair, given)})"
    found = background.quantity(_name(discrete, given), symbol, whole, *((0.0,) if discrete else ()))
    parts = tuple(background.quantity(term.name, term.symbol, term.mean, _least(term)) for term in terms)
    shares = {term.symbol: term.share for term in terms}
    only = len(terms) == 1
    found = replace(
        found,
        bar="estimate" if only else "sum",
        parts=() if only else parts,
        diagnostics={**(parts[0].diagnostics if only else {"shares": shares}), "relative_to": _measure(sample, layers)},
        warnings=[*found.warnings, *([] if discrete else [SCALE])],
    )
    return background.finished(found, whole)


def _refuse_given(pair: Pair, given: bool) -> None:
    """Refuse a column that is x and given too, as `estimate` does: same name, same rows."""
    for j, name in enumerate(pair.x_names if given else ()):
        for i in (i for i, other in enumerate(pair.y_names) if other == name):
            same = np.array_equal(pair.x[:, j], pair.y[:, i], equal_nan=True)
            told = f"{name} is named both as x and as given, where nothing of it is left; leave out one."
            demand(not same, f"{pair.source} cannot be used: {told}", DataError)


def _least(term: EntropyTerm) -> float:
    """Return the least that a term can be: a differential entropy has none, the others are 0 or more."""
    return -math.inf if term.symbol.startswith("h(") else 0.0


def _told(pair: Pair, request: Request, make: MakeEntropy) -> EntropyTerm:
    symbol = f"I({_listed(pair.x_names)}; {_listed(pair.y_names)})"
    return EntropyTerm("what the given columns tell", symbol, shared_with(pair, request, make), -1.0)


def _less(whole: Mean, told: Mean) -> Mean:
    """Return the entropy less the information; both are told by the same rows, so that their errors add up."""
    return replace(
        whole,
        value=whole.value - told.value,
        sampling=whole.sampling + told.sampling,
        systematic=whole.systematic + told.systematic,
        warnings=tuple(dict.fromkeys([*whole.warnings, *told.warnings])),
    )


def _name(discrete: bool, given: bool) -> str:
    return f"{'conditional ' if given else ''}{'' if discrete else 'differential '}entropy"


def _given(pair: Pair, given: bool) -> str:
    return f" | {_listed(pair.y_names)}" if given else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{names[0]} .. {names[-1]}"


def _measure(sample: ColumnSample, layers: Layers) -> str:
    """Return relative to what the entropy is taken."""
    if not layers.names:
        return "the units of the columns"
    return "counting labels" if not any(each.columns for each in layers.stretches) else "labels, and units of columns"
