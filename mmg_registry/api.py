"""The main entry points in Python: `estimate`, and `read`, which takes x and y from files and frames."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, overload

from typing_extensions import Unpack

from mmg_registry.contracts import refuse_unknown
from mmg_registry.data import Pair, as_pair, reading
from mmg_registry.data.pair import with_given, with_groups
from mmg_registry.data.reading import Beside, HowDrawn, Spec, is_frame
from mmg_registry.errors import demand, issue
from mmg_registry.estimation.run import asked_for, run
from mmg_registry.progress import listening
from mmg_registry.registry import load_plugin
from mmg_registry.request import Choices, Request, from_choices
from mmg_registry.results import Estimate

# What a wrong name may have meant.
_BESIDE = [*(each.name for each in fields(Request)), "given", "x_eval", "y_eval", "given_eval"]
_OF_READING = {"where", "text"}  # options of `read`, which people give to `estimate`


@overload
def estimate(
    x: Any,
    y: Any,
    /,
    *,
    given: Any = None,
    x_eval: Any = None,
    y_eval: Any = None,
    given_eval: Any = None,
    **choices: Unpack[Choices],
) -> Estimate: ...


@overload
def estimate(
    *,
    x: Any,
    y: Any,
    given: Any = None,
    x_eval: Any = None,
    y_eval: Any = None,
    given_eval: Any = None,
    **choices: Unpack[Choices],
) -> Estimate: ...


@overload
def estimate(
    table: Any,
    /,
    *,
    x: Spec | None = None,
    y: Spec | None = None,
    given: Any = None,
    x_eval: Any = None,
    y_eval: Any = None,
    given_eval: Any = None,
    **choices: Unpack[Choices],
) -> Estimate: ...


def estimate(
    *data: Any, given: Any = None, x_eval: Any = None, y_eval: Any = None, given_eval: Any = None, **choices: Any
) -> Estimate:
    """Estimate the mutual information I(X; Y) of paired samples, or I(X; Y | Z) where a variable is given.

    The samples are two arrays, `estimate(x, y)`, or columns of one table, `estimate(table, x="a,b", y="c")`.

    Args:
        x: samples of X, `(n_samples, dim_x)` or `(n_samples,)`: a NumPy array, a torch tensor, a pandas object, a list,
            or any object with `__array__` or DLPack. Of a table: its columns, see `read`.
        y: samples of Y, `(n_samples, dim_y)` or `(n_samples,)`; row i of `y` is paired with row i of `x`.
        table: a frame of pandas or polars, the path of a file, or the pair that `read` returned.
        given: samples of Z, `(n_samples, dim_z)` or `(n_samples,)`, for I(X; Y | Z). Of a table: its columns.
        x_eval, y_eval, given_eval: rows to evaluate on; without them, a fifth of the rows, drawn with the seed, is held
            out.
        **choices: fields of `Request` (plugin, seed, threads, unit, cross_fit ..); every other name is an option of the
            plugin. `progress` is a function that is told, or False for no bar where one would be drawn. Type
            checkers know the fields; for them, give options of the plugin as `options={"steps": 100}`.

    Returns:
        The estimate, in nats unless `unit="bits"`.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
        DataError: when the data do not allow an estimate.
        MMGError: when the estimator fails.

    Example:
        >>> import numpy as np, pandas as pd, mmg_registry as mmg
        >>> x = np.arange(100.0)
        >>> y = x + np.random.default_rng(0).normal(0, 30, 100)
        >>> found = mmg.estimate(x, y, plugin="gaussian")
        >>> mmg.estimate(pd.DataFrame({"a": x, "b": y}), x="a", y="b", plugin="gaussian").mi == found.mi
        True
    """
    sides: dict[str, Any] = {side: choices.pop(side) for side in ("x", "y") if side in choices}
    request = from_choices(Request, choices)
    plugin = load_plugin(request.plugin)
    for name in sorted(_OF_READING & request.options.keys() - plugin.Options.model_fields.keys()):
        demand(False, f"'{name}' says how a table is read: estimate(read(table, x=.., y=.., {name}=..)).")
    refuse_unknown(plugin, request.options, beside=_BESIDE)
    demand((x_eval is None) == (y_eval is None), "Give both x_eval and y_eval, or neither.")
    asked = asked_for(request, x_eval is not None)  # before the data are read
    rows = None if x_eval is None else as_pair(x_eval, y_eval, source="x_eval and y_eval")
    rows = rows if rows is None or given_eval is None else with_given(rows, given_eval)
    pair = pair_of(data, sides, given, request.groups, rows=request.rows, seed=request.seed)
    with listening(choices.get("progress"), request.unit) as listener:
        found = run(pair, replace(request, groups=None, progress=listener), rows, asked).estimate
    issue(found.warnings)
    return found


def pair_of(
    data: Sequence[Any], sides: dict[str, Any], given: Any = None, groups: Any = None, **drawn: Unpack[HowDrawn]
) -> Pair:
    """Return the rows that are meant by the arguments without a name, by `x` and `y`, by what is given and by groups.

    Args:
        data: two arrays; or one table, path or pair; or nothing.
        sides: those of "x" and "y" that were given by name: columns of the table, or arrays.
        given: what is given, of I(X; Y | Z): columns of the table, or an array; None for I(X; Y).
        groups: what each row belongs to: a column of the table, or values; None where nobody says.
        **drawn: how many rows of a table are read, and the seed of their draw; see `read`.

    Raises:
        OptionError: when something is given twice or is missing.
        DataError: as `read` and `as_pair`.
    """
    demand(len(data) < 3, f"There are {len(data)} arguments without a name; give x and y, or one table.")
    if len(data) == 2:
        _refuse_twice(sides)
        return _of_arrays(data[0], data[1], given, groups)
    if not data:
        demand(len(sides) == 2, "Give x and y: two arrays, or a table with the names of its columns.")
        return _of_arrays(sides["x"], sides["y"], given, groups)
    (table,) = data
    if isinstance(table, Pair):
        demand(not sides, "The pair holds x and y already; choose its columns where it is read: read(.., x=.., y=..).")
        return _with(table, given, groups)
    if isinstance(table, (str, Path)) or (is_frame(table) and ("x" in sides or _are_names(sides.get("y")))):
        return _of_table(table, sides, given, groups, **drawn)
    _refuse_twice([side for side in sides if side == "x"])
    demand("y" in sides, "Give y too: estimate(x, y), or a table with the names of its columns.")
    return _of_arrays(table, sides["y"], given, groups)


def _of_table(table: Any, sides: dict[str, Any], given: Any, groups: Any, **drawn: Unpack[HowDrawn]) -> Pair:
    columns = given if given is not None and _are_names(given) else None
    named = groups if isinstance(groups, str) else None
    pair = read(table, sides.get("x"), sides.get("y"), given=columns, groups=named, **drawn)
    return _with(pair, given if columns is None else None, None if named else groups)


def _of_arrays(x: Any, y: Any, given: Any, groups: Any) -> Pair:
    """Return the pair of two arrays or frames; `groups` are values, or the name of a column of x, which leaves it."""
    if isinstance(groups, str):
        demand(is_frame(x) and groups in x.columns, f"groups='{groups}' names no column of a frame given as x.")
        x, groups = x[[name for name in x.columns if name != groups]], x[groups]
    demand(
        given is None or not _are_names(given) or (not isinstance(given, str) and len(given) == len(x)),
        f"given={given!r} names columns, and x and y are arrays; give its values, or a table with x=.., y=.., given=..",
    )
    return _with(as_pair(x, y), given, groups)


def _with(pair: Pair, given: Any, groups: Any) -> Pair:
    pair = pair if given is None else with_given(pair, given)
    return pair if groups is None else with_groups(pair, groups)


def _refuse_twice(names: Collection[str]) -> None:
    verb = "is" if len(names) == 1 else "are"
    demand(not names, f"{' and '.join(names)} {verb} given twice, by place and by name; leave out one of the two.")


def _are_names(y: Any) -> bool:
    """Return whether `y` names columns of a table; else it holds values, one or more a row."""
    return (
        y is None or isinstance(y, str) or (isinstance(y, (list, tuple)) and all(isinstance(each, str) for each in y))
    )


def read(
    path: Any,
    x: Spec | None = None,
    y: Spec | None = None,
    *,
    text: reading.TextOptions | None = None,
    where: str | None = None,
    **beside: Unpack[Beside],
) -> Pair:
    """Read a pair from files or a frame as `data.reading.read` does; hook plugins read what ends in their suffixes.

    Args:
        path: a file, a pattern such as "2024-*.csv", a folder of parquet, "-" for standard input, or a list of them. Or
            a frame of pandas or polars.
        x, y: arrays or columns: names, patterns, positions, ranges ("a:c"), all but some ("!id"), or a list of such.
        text: how text is written, as far as it is not to be found out.
        where: a condition that rows fulfil, e.g. "age > 30 and site == 'B'".
        **beside: `given`: columns of the variable that is given, of I(X; Y | Z). `groups`: the column of what each row
            belongs to: subjects, trials. `rows`: how many rows are drawn at random, or "all"; a million are drawn of
            npy, Arrow, parquet, zarr and HDF5 of which the chosen columns take more than 1 GiB. `seed` of the draw.

    Raises:
        DataError: naming the file and what is wrong with it.
        OptionError: for a condition `where` that is none, and for a number of rows out of range.

    Example:
        >>> import pandas as pd
        >>> read(pd.DataFrame({"a": [1, 2], "b": [3, 4], "t": [5, 6]}), x="*", y="t").x_names
        ('a', 'b')
    """
    readers = {}
    if not is_frame(path) and _has_foreign_suffix([path] if isinstance(path, (str, Path)) else path):
        from mmg_registry.hooks import merged

        readers = merged("mmg_readers")
    return reading.read(path, x, y, text=text, where=where, readers=readers, **beside)


def _has_foreign_suffix(paths: Sequence[str | Path]) -> bool:
    return any(Path(each).suffix.lower() not in {*reading.SUFFIXES, ""} for each in paths)
