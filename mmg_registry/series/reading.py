"""What a person gives for a series, as a recording: a table and names of columns, or arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmg_registry.data.reading import SUFFIXES, TextOptions, is_frame
from mmg_registry.data.reading.columns import read_columns
from mmg_registry.errors import demand
from mmg_registry.series.recording import Recording, dates_of, of_arrays, of_matrices

OPTIONAL = "given"


def recording_of(data: Sequence[Any], sides: Mapping[str, Any], time: Any = None, trial: Any = None) -> Recording:
    """Return the recording that is meant by the arguments of a question.

    Args:
        data: what has no name: a recording; a table (a frame, the path of a file); or an array for each side.
        sides: by the names of the question, in its order: columns of the table, or arrays; None for what is not given.
        time, trial: a column of the table, or `(n,)` values.

    Raises:
        OptionError: when something is missing or given twice.
        DataError: for data that cannot be read.
    """
    if len(data) == 1 and isinstance(data[0], Recording):
        return data[0]
    named = {name: each for name, each in sides.items() if each is not None}
    if len(data) == 1 and (isinstance(data[0], (str, Path)) or is_frame(data[0])):
        needed = " and ".join(f"'{name}'" for name in sides if name != OPTIONAL)
        demand(_are_columns(named), f"Name the columns of the table: {needed}.")
        return read_series(data[0], named, time=time, trial=trial)
    demand(len(data) <= len(sides), f"There are {len(data)} arguments without a name; give one table, or the arrays.")
    placed = dict(zip(sides, data, strict=False))
    twice = sorted(placed.keys() & named.keys())
    demand(not twice, f"'{twice[0] if twice else ''}' is given twice, by place and by name; leave out one of the two.")
    missing = [name for name in sides if name not in {*placed, *named, OPTIONAL}]
    demand(not missing, f"'{missing[0] if missing else ''}' is missing; give an array, or a table with its columns.")
    return of_arrays({**placed, **named}, time, trial)


def _are_columns(named: Mapping[str, Any]) -> bool:
    """Return whether the sides name columns of a table."""
    return bool(named) and all(
        isinstance(each, (str, int)) or (isinstance(each, list) and all(isinstance(one, str) for one in each))
        for each in named.values()
    )


def read_series(
    path: Any,
    sides: Mapping[str, Any],
    *,
    time: str | None = None,
    trial: str | None = None,
    text: TextOptions | None = None,
    where: str | None = None,
) -> Recording:
    """Read a recording from a table whose rows are samples.

    Args:
        path: a file, a pattern, a list of files, "-" for standard input, or a frame; without `time`, the index of
            dates of a frame of pandas tells the times.
        sides: columns of each variable: names, patterns, positions, ranges.
        time: the column of times, numbers or dates; without one, the rows follow one another.
        trial: the column of what trial (subject, session) each row belongs to.
        text: how text is written.
        where: a condition that rows fulfil.

    Raises:
        DataError: naming the file and what is wrong with it.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 0.0], "s": [0, 1, 3]})
        >>> read_series(frame, {"x": "a", "y": "b"}, time="s").place.tolist()
        [0, 1, 3]
    """
    names = {key: name for key, name in (("time", time), ("trial", trial)) if name is not None}
    found = read_columns(path, sides, names, text=text, where=where, readers=_readers(path))
    dates = dates_of(path)
    times = found.plain.get("time", dates if dates is None or found.rows is None else dates[found.rows])
    return of_matrices(found.matrices, times, found.plain.get("trial"), names, found)


def _readers(path: Any) -> Mapping[str, Any]:
    """Return the formats of plugins, which are asked only where a suffix is none of ours."""
    paths = [] if is_frame(path) else [path] if isinstance(path, (str, Path)) else list(path)
    if not any(Path(each).suffix.lower() not in {*SUFFIXES, ""} for each in paths):
        return {}
    from mmg_registry.hooks import merged

    return merged("mmg_readers")
