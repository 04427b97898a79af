"""The main entry points in Python: `estimate`, and `read_pair`, which reads x and y from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from mmg_registry.contracts import refuse_unknown
from mmg_registry.data import Pair, as_pair, reading
from mmg_registry.errors import demand
from mmg_registry.estimation.run import asked_for, run
from mmg_registry.registry import load_plugin
from mmg_registry.request import Request, from_choices
from mmg_registry.results import Estimate


def estimate(x: Any, y: Any, *, x_eval: Any = None, y_eval: Any = None, **choices: Any) -> Estimate:
    """Estimate the mutual information I(X; Y) of paired samples.

    Args:
        x: samples of X, `(n_samples, dim_x)` or `(n_samples,)`: a NumPy array, a torch tensor, a pandas object, a list,
            or any object with `__array__` or DLPack.
        y: samples of Y, `(n_samples, dim_y)` or `(n_samples,)`; row i of `y` is paired with row i of `x`.
        x_eval, y_eval: rows to evaluate on; without them, a fifth of the rows, drawn with the seed, is held out.
        **choices: fields of `Request` (plugin, seed, threads, unit, cross_fit ..); every other name is an option of the
            plugin.

    Returns:
        The estimate, in nats unless `unit="bits"`.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
        DataError: when the data do not allow an estimate.
        MMGError: when the estimator fails.

    Example:
        >>> import numpy as np, mmg_registry as mmg
        >>> mmg.estimate(np.ones(100), np.arange(100.0) ** 2, plugin="gaussian").mi
        0.0
    """
    request = from_choices(Request, choices)
    refuse_unknown(load_plugin(request.plugin), request.options, beside=[each.name for each in fields(Request)])
    demand((x_eval is None) == (y_eval is None), "Give both x_eval and y_eval, or neither.")
    asked = asked_for(request, x_eval is not None)  # before the data are read
    rows = None if x_eval is None else as_pair(x_eval, y_eval, source="x_eval and y_eval")
    x, named = _without_groups(x, request.groups)
    return run(as_pair(x, y), replace(request, groups=named), rows, asked).estimate


def _without_groups(x: Any, groups: Any) -> tuple[Any, Any]:
    """Return a frame `x` without the column that `groups` names, and that column; else both as they are."""
    if not isinstance(groups, str):
        return x, groups
    demand(hasattr(x, "columns") and groups in x.columns, f"groups='{groups}' names no column of a frame given as x.")
    return x[[name for name in x.columns if name != groups]], x[groups]


def read_pair(
    path: str | Path | Sequence[str | Path],
    x: str | None = None,
    y: str | None = None,
    *,
    text: reading.TextOptions | None = None,
    where: str | None = None,
    groups: str | None = None,
) -> Pair:
    """Read a pair as `data.reading.read` does; hook plugins read the files whose extension is not a built-in one.

    Raises:
        DataError: naming the file and what is wrong with it.
        OptionError: for a condition `where` that is none.
    """
    paths = [path] if isinstance(path, (str, Path)) else path
    known = {*reading.SUFFIXES, ""}
    if all(Path(each).suffix.lower() in known for each in paths):
        return reading.read(path, x, y, text=text, where=where, groups=groups)
    from mmg_registry.hooks import merged

    return reading.read(path, x, y, text=text, where=where, groups=groups, readers=merged("mmg_readers"))
