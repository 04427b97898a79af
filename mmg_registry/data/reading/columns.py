"""Several variables of one table, each as a matrix, and single columns as they stand there: times, trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.matrices import Matrix
from mmg_registry.data.reading import select
from mmg_registry.data.reading.append import appended
from mmg_registry.data.reading.faults import naming
from mmg_registry.data.reading.in_memory import is_frame, table_of_frame
from mmg_registry.data.reading.options import TextOptions
from mmg_registry.data.reading.pairs import as_side, files_joined, loaded_from, mask_of
from mmg_registry.data.reading.select import Spec, asked_for, place_of
from mmg_registry.data.reading.sources import Reader, opened, paths_of, shown_path
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.where import Condition


@dataclass(frozen=True)
class Columns:
    """Variables of the same rows of a table.

    Attributes:
        matrices: the variables, by the names that the caller gave them.
        plain: single columns as they stand in the table, by the same.
        source: file name(s) for messages.
        notes, doubts: as those of a pair.
        rows: `(n,)` places in the table of the rows that fulfil a condition; None where there was none.
    """

    matrices: Mapping[str, Matrix]
    plain: Mapping[str, NDArray[Any]]
    source: str
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    rows: NDArray[np.int64] | None = None


def read_columns(
    path: Any,
    variables: Mapping[str, Spec],
    plain: Mapping[str, str],
    *,
    text: TextOptions | None = None,
    where: str | None = None,
    readers: Mapping[str, Reader] | None = None,
) -> Columns:
    """Read variables from a file, several files of the same columns, or a frame in memory.

    Args:
        path: as that of `read`, but for two files that are x and y.
        variables: columns of each variable, as `select` takes them.
        plain: names of single columns that are taken as they stand.
        text: how text is written.
        where: a condition that rows fulfil.
        readers: more formats: from a suffix to a function that returns named arrays.

    Raises:
        DataError: naming the file and what is wrong with it.
        OptionError: for a condition that is none.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "day": ["Mon", "Tue"]})
        >>> found = read_columns(frame, {"x": "a,b"}, {"time": "day"})
        >>> found.matrices["x"].values.shape, found.plain["time"].tolist()
        ((2, 2), ['Mon', 'Tue'])
    """
    condition = None if where is None else Condition(where)
    if is_frame(path):
        return _taken(table_of_frame(path), "the frame", variables, plain, condition)
    paths = paths_of(path)
    asked = Asked(text or TextOptions(), asked_for(*variables.values(), *plain.values()))
    files = [shown_path(each) for each in paths]
    table = appended([opened(each, asked, readers or {}) for each in paths], files)
    return _taken(table, files_joined(files), variables, plain, condition)


def _taken(
    table: Table, file: str, variables: Mapping[str, Spec], plain: Mapping[str, str], condition: Condition | None
) -> Columns:
    with naming(file):
        singles = {name: place_of(table, column, name) for name, column in plain.items()}
        places = {name: _places(table, spec, set(singles.values())) for name, spec in variables.items()}
        mask, told = mask_of(table, condition)
        wanted = list(dict.fromkeys(place for each in [*places.values(), list(singles.values())] for place in each))
        loaded = {place: column for one in wanted for place, column in loaded_from(table, [one], mask).items()}
        matrices = {name: as_side(table, own, loaded).columns for name, own in places.items()}
        return Columns(
            matrices,
            {name: np.asarray(loaded[place]) for name, place in singles.items()},
            file,
            (*table.notes, *told),
            tuple(table.doubts),
            None if mask is None else np.flatnonzero(mask),
        )


def _places(table: Table, spec: Spec, apart: set[int]) -> list[int]:
    """Return the places of a variable; patterns leave out columns that have a part of their own."""
    choice = select.select(table, spec)
    return [place for place in choice.places if place not in apart or place in choice.named]
