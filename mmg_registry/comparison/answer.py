"""`mmg.compare`: what do several plugins say of the same rows, and why do they differ?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mmg_registry import registry
from mmg_registry.api import pair_of
from mmg_registry.comparison.diagnosis import Diagnosis, diagnosis_of
from mmg_registry.comparison.differences import agreement, differences, inapplicable
from mmg_registry.comparison.opinions import PLUGIN_COLUMNS, PluginAnswer, opinion_of
from mmg_registry.contracts import stretched
from mmg_registry.data import Pair, clean
from mmg_registry.data.pair import with_groups
from mmg_registry.errors import demand, issue
from mmg_registry.estimation.rows import EVAL_FRACTION
from mmg_registry.names import nearest
from mmg_registry.provenance import RESULT_PACKAGES, versions
from mmg_registry.request import Request, from_choices
from mmg_registry.tables import AnswerTable

if TYPE_CHECKING:
    import pandas as pd

PLUGINS = ("auto", "mine", "ksg", "gaussian")  # a method of each sort: what trains, what bounds, what only compares
FEWEST = 2


def compare(*data: Any, given: Any = None, plugins: Sequence[str] = PLUGINS, **choices: Any) -> pd.DataFrame:
    """Ask several plugins about the same rows, and explain where their intervals do not overlap.

    All are fitted and evaluated on the same split of the same checked rows, those too that train nothing. A plugin that
    does not apply, or fails, is a row with its reason.

    Args:
        *data: the samples, as of `estimate`: two arrays, or one table with `x=..` and `y=..`.
        given: samples of Z, or columns of the table.
        plugins: estimators, by name.
        **choices: fields of `Request` (seed, threads, max_seconds for each plugin, cross_fit, eval_fraction ..), and
            options of plugins, each given to those that have it.

    Returns:
        A DataFrame with a row for each plugin; `attrs["mmg"]` holds the explanations as warnings, and the provenance
        with the verdict: that all agree, or the first explanation.

    Warns:
        MMGWarning: once for each explanation and each plugin without a value.

    Raises:
        OptionError: for an unknown, out-of-range or contradictory option, and without pandas.
        PluginError: when a plugin is missing or broken.
        DataError: when the data do not allow any estimate.

    Example:
        >>> import numpy as np, mmg_registry as mmg
        >>> x, noise = np.random.default_rng(0).standard_normal((2, 2000))
        >>> found = mmg.compare(x, x**2 + 0.3 * noise, plugins=["ksg", "gaussian"], seed=0)
        >>> found["plugin"].tolist(), bool(found["low"][0] > found["high"][1])
        (['ksg', 'gaussian'], True)
    """
    sides: dict[str, Any] = {side: choices.pop(side) for side in ("x", "y") if side in choices}
    request = from_choices(Request, choices)
    checked_plugins(plugins, request)
    pair = pair_of(data, sides, given, request.groups, rows=request.rows, seed=request.seed)
    found = compare_plugins(pair, plugins, replace(request, groups=None)).to_unit(request.unit)
    issue(found.warnings)
    return found.to_frame()


def checked_plugins(plugins: Sequence[str], request: Request) -> None:
    """Refuse plugins that are not there, and options that none of them has, before the data are read.

    Raises:
        OptionError: for fewer than two plugins, one that is named twice, or an option that none has.
        PluginError: when a plugin is missing or broken.
    """
    demand(len(plugins) >= FEWEST, "Name two plugins or more to compare; 'mmg estimate' asks one.")
    demand(len(set(plugins)) == len(plugins), "A plugin is named twice; name each once.")
    known = sorted({name for plugin in plugins for name in registry.load_plugin(plugin).Options.model_fields})
    for name in request.options:
        demand(name in known, f"None of the plugins has an option '{name}'; {nearest(name, known, 'they have')}.")


def compare_plugins(pair: Pair, plugins: Sequence[str], request: Request) -> AnswerTable:
    """Return the table of what plugins say of rows, in nats, with the explanations as warnings.

    Raises:
        DataError: when the data checks refuse the rows.
    """
    started = time.perf_counter()
    whole = pair if request.groups is None else with_groups(pair, request.groups)
    alike = replace(request, groups=None, **_split(request))
    known = diagnosis_of(clean(whole, alike.drop_nan, alike.kinds), alike)
    opinions = list(_asked(whole, plugins, alike))
    differing = differences(opinions, known)
    verdict = differing[0] if differing else agreement(opinions, known)
    rows = tuple(opinion.cells() for opinion in opinions)
    about = {"verdict": verdict, **_provenance(whole, alike, known, started)}
    return AnswerTable(
        "compare", PLUGIN_COLUMNS, rows, "nats", [*whole.doubts, *differing, *inapplicable(opinions)], about
    )


def _split(request: Request) -> dict[str, Any]:
    """Return the share that every plugin evaluates, unless folds or a share are asked for."""
    if request.cross_fit or request.cv is not None or request.eval_fraction is not None:
        return {}
    return {"eval_fraction": EVAL_FRACTION}


def _asked(pair: Pair, plugins: Sequence[str], request: Request) -> Iterator[PluginAnswer]:
    many = len(plugins)
    for i, plugin in enumerate(plugins):
        listener = stretched(request.progress, i / many, (i + 1) / many, f"{plugin}: ")
        yield opinion_of(plugin, pair, replace(request, progress=listener))


def _provenance(pair: Pair, request: Request, known: Diagnosis, started: float) -> dict[str, Any]:
    split = {"eval_fraction": request.eval_fraction, "cross_fit": request.cross_fit}
    return {
        "source": pair.source,
        "x": list(pair.x_names[:100]),
        "y": list(pair.y_names[:100]),
        "seed": request.seed,
        "options": dict(request.options),
        "ci_level": request.ci_level,
        "split": split,
        "diagnosis": vars(known),
        "seconds": {"total": time.perf_counter() - started},
        "versions": versions(RESULT_PACKAGES),
    }
