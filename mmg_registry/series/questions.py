"""Which lag, from whom to whom, how much of its own past: what users ask of a series.

Each is screened over lags by functions of the columns (`screen`), with p-values by circular shifts of the source, and
answered at the lags that tell most by an estimator of the registry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mmg_registry.errors import demand, issue
from mmg_registry.estimation.run import asked_for
from mmg_registry.quantity import Quantity
from mmg_registry.request import Request, from_choices
from mmg_registry.series.asking import GIVEN, LAGS, STORAGE, TRANSFER, SeriesQuestion, ask_lags, ask_storage
from mmg_registry.series.network import ask_network
from mmg_registry.series.plan import Lags, Plan, parse_lags, split_choices
from mmg_registry.series.quick import LINES
from mmg_registry.series.reading import recording_of
from mmg_registry.series.recording import Recording

SIDES = {"source": "x", "target": "y"}  # what a question calls the variables of a recording


def lags(*data: Any, x: Any = None, y: Any = None, lags: Lags = "0:20", **choices: Any) -> Quantity:
    """Estimate the information of a source x at each lag about a target y: I(x[t-l]; y[t]), and which lag has most.

    The samples are two arrays, `lags(x, y)`, or columns of one table, `lags(table, x="a", y="b")`.

    Args:
        x, y: source and target, `(n,)` or `(n, d)`, in the order of time; of a table: their columns.
        lags: steps of time that x lies before y: a number, numbers, or text such as "0:50"; negative ones lie after it.
        time: the column (or `(n,)` values) of times, numbers or dates; without it rows follow one another.
        trial: the column (or values) of what trial each row belongs to; nothing is joined across trials.
        shifts: circular shifts of the source, which tell what chance adds (499).
        degree: of the functions of columns in the screen over lags (3).
        every_lag: whether the estimator answers at every lag, rather than at the best one (False).
        **choices: fields of `Request` (plugin, seed, threads, unit ..), and options of the plugin. Without a plugin
            `gaussian` answers where lines tell all, else `ksg` (see `mmg_registry.series.quick`).

    Returns:
        The information at the lag that tells most, in nats unless `unit="bits"`, with the p-value corrected for all
        lags; its parts are the lags.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
        DataError: when the data do not allow an answer: a lag longer than every trial, too few rows, a constant.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal(500)
        >>> y = np.roll(x, 3) + 0.5 * rng.standard_normal(500)
        >>> found = lags(x, y, lags="0:5", shifts=99)
        >>> found.diagnostics["lag"], found.p_value, bool(abs(found.value - 0.8) < 0.15)
        (3, 0.01, True)
    """
    recording, rest = _recorded(data, {"x": x, "y": y}, choices)
    plan = Plan(parse_lags(lags), history=0, given_history=0, **split_choices(rest))
    return _told(ask_lags(recording, SeriesQuestion(LAGS, plan, **_answered(rest))))


def transfer(
    *data: Any,
    source: Any = None,
    target: Any = None,
    given: Any = None,
    lags: Lags = "1:20",
    history: int | None = None,
    **choices: Any,
) -> Quantity:
    """Estimate the transfer entropy from a source to a target: what its past adds to the target's own past.

    I(target[t]; source[t-l ..] | target[t-1 .. t-k]) (Schreiber, Phys. Rev. Lett. 2000) at the lags l that tell most
    (Wibral et al., PLoS ONE 2013, for one lag); with other columns' past given too, conditional transfer entropy.

    Args:
        source, target: `(n,)` or `(n, d)` in the order of time; of a table: their columns.
        given: what else is given, the same; its past takes part, its present not.
        lags: steps of time that the source lies before the target, from 1.
        history: steps k of the target's own past; None for as many as predict held-out stretches better.
        given_history: the same for the past of `given`.
        **choices: as those of `lags`.

    Returns:
        The transfer entropy at the lags that tell most, in nats unless `unit="bits"`, with the p-value corrected for
        all lags; its parts are single lags.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
        DataError: when the data do not allow an answer.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal(500)
        >>> y = np.roll(x, 2) + 0.5 * rng.standard_normal(500)
        >>> found = transfer(x, y, lags="1:4", shifts=99)
        >>> found.diagnostics["lags"], found.p_value
        ([2], 0.01)
    """
    recording, rest = _recorded(data, {"source": source, "target": target, "given": given}, choices)
    plan = Plan(parse_lags(lags, least=1), history, **split_choices(rest))
    name = GIVEN if "given" in recording.sides else TRANSFER
    return _told(ask_lags(recording, SeriesQuestion(name, plan, **_answered(rest))))


def active_storage(*data: Any, x: Any = None, history: int | None = None, **choices: Any) -> Quantity:
    """Estimate the active information storage of x: what its past tells of its next value, I(x[t]; x[t-1 .. t-k]).

    (Lizier, Prokopenko and Zomaya, Inf. Sci. 2012.)

    Args:
        x: `(n,)` or `(n, d)` in the order of time; of a table: its columns.
        history: steps k of the past; None for as many as predict held-out stretches better.
        **choices: as those of `lags`.

    Returns:
        The active information storage, in nats unless `unit="bits"`; its parts are what 1, 2 .. steps gain in held-out
        stretches.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
        DataError: when the data do not allow an answer.

    Example:
        >>> import numpy as np
        >>> noise = np.random.default_rng(0).standard_normal(2000)
        >>> x = np.convolve(noise, 0.8 ** np.arange(50))[:2000]  # -1/2 log(1 - 0.8^2) = 0.511
        >>> found = active_storage(x, shifts=99)
        >>> found.diagnostics["history"], bool(abs(found.value - 0.511) < 0.1)
        (1, True)
    """
    recording, rest = _recorded(data, {"x": x}, choices)
    recording = replace(recording, sides={"y": recording.side("x")})
    plan = Plan((1,), history, given_history=0, **split_choices(rest))
    return _told(ask_storage(recording, SeriesQuestion(STORAGE, plan, **_answered(rest))))


def network(
    *data: Any, source: Any = "*", target: Any = "*", lags: Lags = "1:20", history: int | None = None, **choices: Any
) -> Quantity:
    """Screen the transfer entropy from every column of `source` to every other of `target`, pair by pair.

    What each lag adds to a prediction from the target's own past tells a link (see `mmg_registry.series.screen`); no
    estimator of the registry is asked. Ask `transfer` about links that matter: it gives their transfer entropy, and
    takes others' past as given.

    Args:
        source, target: columns of a table, `network(table)`; all of them unless given.
        lags, history: as those of `transfer`.
        **choices: `time`, `trial`, `shifts`, `degree` as those of `lags`; `seed`, `unit`, `ci_level`, `progress`.

    Returns:
        The strongest link; its parts are all links, whose diagnostics name source, target, lag and q.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for an unknown or out-of-range option.
        DataError: when the data do not allow an answer.

    Example:
        >>> import numpy as np, pandas as pd
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal(500)
        >>> table = pd.DataFrame({"a": x, "b": np.roll(x, 2) + rng.standard_normal(500)})
        >>> found = network(table, lags="1:4", shifts=99)
        >>> [(part.diagnostics["source"], round(part.diagnostics["q"], 2)) for part in found.parts][0], found.symbol
        (('a', 0.02), 'I(a[t-2]; b[t])')
    """
    demand(
        len(data) == 1 and not isinstance(data[0], np.ndarray),
        "A network is asked of one table, a frame or a file, whose columns are its channels; give that.",
    )
    asks = [name for name in ("plugin", "every_lag") if choices.get(name)]
    demand(not asks, f"A network asks no estimator, and '{', '.join(asks)}' does; ask `transfer` about single links.")
    recording, rest = _recorded(data, {"source": source, "target": target}, choices)
    plan = Plan(parse_lags(lags, least=1), history, **split_choices(rest))
    return _told(ask_network(recording, SeriesQuestion(TRANSFER, plan, **_answered(rest))))


def _recorded(
    data: Sequence[Any], sides: Mapping[str, Any], choices: dict[str, Any]
) -> tuple[Recording, dict[str, Any]]:
    """Return the recording, its sides by their names in it, and the choices that remain."""
    rest = dict(choices)
    found = recording_of(data, sides, rest.pop("time", None), rest.pop("trial", None))
    return replace(found, sides={SIDES.get(name, name): side for name, side in found.sides.items()}), rest


def _answered(choices: dict[str, Any]) -> dict[str, Any]:
    """Return how the question is answered: the request, whether its plugin was named, and whether at every lag.

    Raises:
        OptionError: for an option out of range or unknown to the plugin.
        PluginError: when the plugin is missing or broken.
    """
    rest = {name: each for name, each in choices.items() if name != "every_lag"}
    named = rest.get("plugin") is not None
    request = from_choices(Request, {**rest, "plugin": rest["plugin"] if named else LINES})
    asked_for(request, has_eval_rows=False)
    return {"request": request, "quick": not named, "every_lag": bool(choices.get("every_lag", False))}


def _told(found: Quantity) -> Quantity:
    issue(found.warnings)
    return found
