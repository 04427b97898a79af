"""From tables to a pair: which of them hold what, which rows and columns are meant, and both sides as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from typing_extensions import Unpack

from mmg_registry.contracts import Array
from mmg_registry.data.matrices import Matrix, row_shape, side_by_side, to_matrix
from mmg_registry.data.pair import Pair, with_groups
from mmg_registry.data.reading.append import appended
from mmg_registry.data.reading.faults import naming
from mmg_registry.data.reading.in_memory import is_frame, table_of_frame
from mmg_registry.data.reading.options import TextOptions
from mmg_registry.data.reading.select import Spec, asked_for, choose, place_of, whole
from mmg_registry.data.reading.sources import Reader, opened, paths_of, shown_path
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.where import Condition, Mask, missing
from mmg_registry.errors import DataError, demand


class Beside(TypedDict, total=False):
    """Columns beside x and y."""

    given: Spec | None
    groups: str | None


def read(
    path: Any,
    x: Spec | None = None,
    y: Spec | None = None,
    *,
    text: TextOptions | None = None,
    where: str | None = None,
    readers: Mapping[str, Reader] | None = None,
    **beside: Unpack[Beside],
) -> Pair:
    """Read x and y from a file, several files of the same columns, two arrays `[x.npy, y.npy]`, or a frame in memory.

    Without `x` and `y`: the arrays `x` and `y` of an npz file; the columns x, x0, x1 .. and y, y0, y1 .. of a table, or
    its only two columns; everything in each of two npy files.

    Args:
        path: a file, a pattern such as "2024-*.csv", a folder of parquet, "-" for standard input, or a list of them;
            a file may be compressed (gz, bz2, xz, zst, zip). Or a frame of pandas or polars.
        x, y: arrays or columns: names, patterns, positions, ranges ("a:c"), all but some ("!id"), or a list of such;
            see `select`.
        text: how text is written, as far as it is not to be found out.
        where: a condition that rows fulfil, e.g. "age > 30 and site == 'B'".
        readers: more formats: from a suffix to a function that returns named arrays.
        **beside: columns of the same table beside x and y; a pattern for x or y leaves them out. `given`: those of the
            variable that is given, of I(X; Y | Z). `groups`: the one of what each row belongs to, numbers or text.

    Raises:
        DataError: naming the file and what is wrong with it.
        OptionError: for a condition that is none.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "data.csv"
        >>> _ = path.write_text("height,weight,age\\n1.7,60,30\\n1.8,75,20\\n")
        >>> pair = read(path, x="height", y="weight", where="age > 25")
        >>> pair.x.shape, pair.y_names
        ((1, 1), ('weight',))
    """
    condition, specs = None if where is None else Condition(where), _Specs(x, y, **beside)
    if is_frame(path):
        frame = table_of_frame(path)
        return replace(_from_one(frame, "The frame", specs, condition), source="the frame")
    paths = paths_of(path)
    asked = Asked(text or TextOptions(), asked_for(*vars(specs).values()))
    tables = [opened(each, asked, readers or {}) for each in paths]
    files = [shown_path(each) for each in paths]
    if _are_sides(tables, paths):
        for name, spec in (("--given", specs.given), ("--groups", specs.groups)):
            demand(spec is None, f"{name} names a column of one table, and x and y are in two files; join them first.")
        return _from_two(tables, files, (x, y), condition)
    return _from_one(appended(tables, files), files_joined(files), specs, condition)


def arrays(path: str, names: Sequence[str]) -> dict[str, Any]:
    """Return those of the named arrays that a file holds, as they lie there.

    Raises:
        DataError: naming the file and what is wrong with it.
    """
    table = opened(path, Asked(), {})
    with naming(shown_path(path)):
        found = [name for name in names if name in table.names]
        return dict(zip(found, table.load([table.names.index(name) for name in found]), strict=True))


def _are_sides(tables: Sequence[Table], paths: Sequence[str]) -> bool:
    """Return whether two sources are x and y rather than parts of one table.

    Two npy files are, and so is one beside anything else; two files of arrays are unless they hold the same names.
    """
    if len(tables) != 2:
        return False
    arrays = [table.kind == "array" for table in tables]
    return any(".npy" in Path(path).suffixes for path in paths) or (any(arrays) and tables[0].names != tables[1].names)


def files_joined(files: Sequence[str]) -> str:
    return " and ".join(files) if len(files) <= 2 else f"{files[0]} and {len(files) - 1} more files"


@dataclass(frozen=True)
class _Side:
    """Chosen columns, and the shape of a row where it is an array."""

    columns: Matrix
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class _Specs:
    """What was said of the columns: those of x, of y, of z, and the one of what rows belong to."""

    x: Spec | None
    y: Spec | None
    given: Spec | None = None
    groups: str | None = None


def _from_one(table: Table, file: str, specs: _Specs, condition: Condition | None) -> Pair:
    with naming(file):
        place = None if specs.groups is None else place_of(table, specs.groups)
        places, told = choose(table, specs.x, specs.y, specs.given, place)
        mask, said = mask_of(table, condition)
        loaded = loaded_from(table, list(dict.fromkeys(each for own in places.values() for each in own)), mask)
        sides = {side: as_side(table, own, loaded) for side, own in places.items()}
        labels = None if place is None else loaded_from(table, [place], mask)[place]
    pair = _pair(sides["x"], sides["y"], file, [*table.notes, *told, *said], table.doubts)
    pair = pair if mask is None else replace(pair, rows=np.flatnonzero(mask))
    if "z" in sides:
        z = sides["z"].columns
        pair = replace(pair, z=z.values, z_names=z.names, z_labels=z.labels)
    return pair if labels is None else with_groups(pair, labels, str(specs.groups))


def _from_two(
    tables: Sequence[Table], files: Sequence[str], specs: Sequence[Spec | None], condition: Condition | None
) -> Pair:
    if condition is not None:
        raise DataError("--where chooses rows of one table, and x and y are in two files; join them first.")
    sides = []
    for table, file, spec, side in zip(tables, files, specs, "xy", strict=True):
        with naming(file):
            places = whole(table, spec, side)
            sides.append(as_side(table, places, loaded_from(table, places, None)))
    notes, doubts = ([told for table in tables for told in getattr(table, kind)] for kind in ("notes", "doubts"))
    return _pair(sides[0], sides[1], " and ".join(files), notes, doubts)


def _pair(x: _Side, y: _Side, file: str, notes: Sequence[str], doubts: Sequence[str]) -> Pair:
    flat = [
        f"A row of {side} is an array of {' by '.join(map(str, each.shape))}, "
        f"taken as {each.columns.values.shape[1]} columns."
        for side, each in (("x", x), ("y", y))
        if each.shape is not None
    ]
    return Pair(
        x.columns.values, y.columns.values, x.columns.names, y.columns.names, file,
        x_shape=x.shape, y_shape=y.shape, x_labels=x.columns.labels, y_labels=y.columns.labels,
        notes=(*notes, *flat), doubts=tuple(doubts),
    )  # fmt: skip


def mask_of(table: Table, condition: Condition | None) -> tuple[Mask | None, list[str]]:
    """Return which rows are meant, and how many they are."""
    if condition is None:
        return None, []
    missing(condition, table.names)
    loaded = loaded_from(table, [table.names.index(name) for name in condition.names], None)
    mask = condition.mask({table.names[place]: _flat(column, table.names[place]) for place, column in loaded.items()})
    if not mask.any():
        raise DataError(f"none of its {len(mask)} rows fulfils --where '{condition.text}'")
    return mask, [f"{int(mask.sum())} of {len(mask)} rows fulfil --where."]


def _flat(column: Any, name: str) -> Any:
    array = np.asarray(column)
    if array.ndim > 1 and array.shape[1:] != (1,) * (array.ndim - 1):
        raise DataError(f"'{name}' of --where holds more than one value a row")
    return array.reshape(len(array))


def loaded_from(table: Table, places: Sequence[int], mask: Mask | None) -> dict[int, Any]:
    """Return columns by their places, of the rows that are meant.

    Raises:
        DataError: when they differ in length.
    """
    loaded = table.load(places)
    if isinstance(loaded, np.ndarray):
        return _Block(loaded if mask is None else loaded[mask], places)
    columns = dict(zip(places, loaded, strict=True))
    if mask is None:
        return columns
    _refuse_lengths({**{table.names[place]: len(column) for place, column in columns.items()}, "--where": len(mask)})
    return {place: np.asarray(column)[mask] for place, column in columns.items()}


class _Block(dict[int, Any]):
    """Columns that lie side by side in one array, which is taken as it lies where all of it is wanted."""

    def __init__(self, array: Array, places: Sequence[int]) -> None:
        super().__init__({place: array[:, k] for k, place in enumerate(places)})
        self.array, self.places = array, list(places)


def as_side(table: Table, places: list[int], loaded: dict[int, Any]) -> _Side:
    """Return chosen columns side by side; a single array is taken as it lies."""
    names = [table.names[place] for place in places]
    axes = table.axes if places == list(range(len(table.names))) else None
    if isinstance(loaded, _Block):
        together = loaded.array if loaded.places == places else np.stack([loaded[place] for place in places], axis=1)
        return _Side(to_matrix(together, names[0])._replace(names=tuple(names)), axes)
    sides = [to_matrix(loaded[place], name) for place, name in zip(places, names, strict=True)]
    _refuse_lengths({name: len(side.values) for name, side in zip(names, sides, strict=True)})
    return _Side(side_by_side(sides), row_shape(loaded[places[0]]) if len(sides) == 1 else axes)


def _refuse_lengths(lengths: Mapping[str, int]) -> None:
    if len(set(lengths.values())) > 1:
        sizes = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
        raise DataError(f"its arrays differ in length: {sizes} rows")
