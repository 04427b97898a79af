"""From tables to a pair: which of them hold what, which rows and columns are meant, and both sides as numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from typing_extensions import Unpack

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data.matrices import Matrix, row_shape, side_by_side, to_matrix
from mmg_registry.data.pair import Pair, sampled, with_groups
from mmg_registry.data.reading.append import appended
from mmg_registry.data.reading.faults import naming
from mmg_registry.data.reading.in_memory import is_frame, table_of_frame
from mmg_registry.data.reading.options import TextOptions
from mmg_registry.data.reading.sampling import checked_rows, rows_that_fulfil, size_of
from mmg_registry.data.reading.select import Spec, asked_for, choose, place_of, whole
from mmg_registry.data.reading.sources import Reader, opened, paths_of, shown_path
from mmg_registry.data.reading.stored import Loaded, Stored, at, columns_of, held
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.where import Condition, Mask, missing
from mmg_registry.data.whole import Whole, drawn, told_of_sample
from mmg_registry.errors import DataError, demand


class HowDrawn(TypedDict, total=False):
    """How many rows are drawn at random, and with which seed."""

    rows: int | str | None
    seed: int


class Beside(HowDrawn, total=False):
    """What may be said of a table beside its columns x and y."""

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
            `rows`: how many are drawn at random, with `seed` (0); "all"; or None for all unless they take more than
            1 GiB (`sampling.LARGEST`), of which a million are drawn. What is drawn is a warning of the result.

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
    specs = replace(specs, rows=checked_rows(specs.rows))
    return _limited(_read(path, specs, condition, Asked(text or TextOptions(), specs.names), readers or {}), specs)


def _limited(pair: Pair, specs: _Specs) -> Pair:
    """Return a sample of a pair that had to be read whole, where fewer rows were asked for."""
    if isinstance(specs.rows, int) and pair.whole is None and specs.rows < len(pair):
        return sampled(pair, specs.rows, specs.seed)
    return pair


def _read(path: Any, specs: _Specs, condition: Condition | None, asked: Asked, readers: Mapping[str, Reader]) -> Pair:
    if is_frame(path):
        frame = table_of_frame(path)
        return replace(_from_one(frame, "The frame", specs, condition), source="the frame")
    paths = paths_of(path)
    tables = [opened(each, asked, readers) for each in paths]
    files = [shown_path(each) for each in paths]
    if _are_sides(tables, paths):
        for name, spec in (("--given", specs.given), ("--groups", specs.groups)):
            demand(spec is None, f"{name} names a column of one table, and x and y are in two files; join them first.")
        return _from_two(tables, files, specs, condition)
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
    rows: Any = None
    seed: int = 0

    @property
    def names(self) -> frozenset[str]:
        """Names and positions that were asked for."""
        return asked_for(self.x, self.y, self.given, self.groups)


@dataclass(frozen=True)
class _Chosen:
    """Columns of one table that are meant.

    Attributes:
        table: what they are of.
        places: for each side, where they stand in the table.
        groups: where the column of what rows belong to stands, or None.
        specs: what was said of them.
    """

    table: Table
    places: Mapping[str, list[int]]
    groups: int | None
    specs: _Specs

    @property
    def columns(self) -> list[int]:
        """The places of all sides, each once."""
        return list(dict.fromkeys(each for own in self.places.values() for each in own))

    def pair(self, loaded: dict[int, Any], file: str, notes: Sequence[str], labels: Any = None) -> Pair:
        """Return the pair of loaded columns, and of what rows belong to."""
        with naming(file):
            sides = {side: as_side(self.table, own, loaded) for side, own in self.places.items()}
        pair = _pair(sides["x"], sides["y"], file, [*self.table.notes, *notes], self.table.doubts)
        if "z" in sides:
            z = sides["z"].columns
            pair = replace(pair, z=z.values, z_names=z.names, z_labels=z.labels)
        return pair if labels is None else with_groups(pair, labels, str(self.specs.groups))


def _from_one(table: Table, file: str, specs: _Specs, condition: Condition | None) -> Pair:
    with naming(file):
        place = None if specs.groups is None else place_of(table, specs.groups)
        places, told = choose(table, specs.x, specs.y, specs.given, place)
        chosen = _Chosen(table, places, place, specs)
        stored = None if specs.rows == "all" else table.stored(chosen.columns)
        size = None if stored is None else size_of(stored, specs.rows)
        if stored is not None and size is not None:
            return _sampled(chosen, file, condition, stored, size)
        mask, said = mask_of(table, condition)
        loaded = loaded_from(table, chosen.columns, mask)
        labels = None if place is None else loaded_from(table, [place], mask)[place]
    pair = chosen.pair(loaded, file, [*told, *said], labels)
    return pair if mask is None else replace(pair, rows=np.flatnonzero(mask))


def _sampled(chosen: _Chosen, file: str, condition: Condition | None, stored: Stored, size: int) -> Pair:
    """Return the pair of rows drawn at random, with what reads all of them."""
    table, seed = chosen.table, chosen.specs.seed
    look = None if condition is None else _Look(table, condition)
    rows, n = (drawn(stored.n, size, seed), stored.n) if look is None else look.rows(size, seed)
    said = [] if look is None else [f"{n} of {stored.n} rows fulfil --where."]
    labels = None if chosen.groups is None else _at_rows(table, [chosen.groups], rows)[chosen.groups]
    columns = as_columns(stored.take(rows), chosen.columns)
    pair = replace(chosen.pair(columns, file, said, labels), rows=rows)
    if n == len(rows):
        return pair

    def blocks() -> Iterator[Pair]:
        for block in stored.blocks():
            loaded = stored.read(block)
            loaded = loaded if look is None else at(loaded, look.mask(block))
            yield chosen.pair(as_columns(loaded, chosen.columns), file, [])

    return replace(pair, whole=Whole(n, seed, blocks), doubts=(*pair.doubts, told_of_sample(len(rows), n, seed, file)))


def _at_rows(table: Table, places: Sequence[int], rows: Index) -> dict[int, Any]:
    stored = table.stored(places)
    return as_columns(at(table.load(places), rows) if stored is None else stored.take(rows), places)


class _Look:
    """Which rows of a stored table fulfil a condition, looked up block by block."""

    def __init__(self, table: Table, condition: Condition) -> None:
        missing(condition, table.names)
        self.table, self.condition = table, condition
        self.places = [table.names.index(name) for name in condition.names]
        self.stored = table.stored(self.places) or held(columns_of(table.load(self.places)))

    def mask(self, rows: slice) -> Mask:
        """Return which of some neighbouring rows fulfil it."""
        return _fulfilled(self.table, self.condition, as_columns(self.stored.read(rows), self.places))

    def rows(self, size: int, seed: int) -> tuple[Index, int]:
        """Return the sorted places of at most `size` rows of those that fulfil it, and how many these are.

        Raises:
            DataError: for none.
        """
        found, n = rows_that_fulfil(self.stored, self.mask, size, seed)
        if not n:
            raise DataError(f"none of its {self.stored.n} rows fulfils --where '{self.condition.text}'")
        return found, n


def _from_two(tables: Sequence[Table], files: Sequence[str], specs: _Specs, condition: Condition | None) -> Pair:
    if condition is not None:
        raise DataError("--where chooses rows of one table, and x and y are in two files; join them first.")
    places = []
    for table, file, spec, side in zip(tables, files, (specs.x, specs.y), "xy", strict=True):
        with naming(file):
            places.append(whole(table, spec, side))
    notes, doubts = ([told for table in tables for told in getattr(table, kind)] for kind in ("notes", "doubts"))

    def pair(loaded: Sequence[dict[int, Any]]) -> Pair:
        sides = []
        for table, file, own, columns in zip(tables, files, places, loaded, strict=True):
            with naming(file):
                sides.append(as_side(table, own, columns))
        return _pair(sides[0], sides[1], " and ".join(files), notes, doubts)

    stored = [table.stored(own) for table, own in zip(tables, places, strict=True)]
    if specs.rows != "all" and stored[0] and stored[1] and stored[0].n == stored[1].n:
        both = _two_sampled((stored[0], stored[1]), places, specs, pair)
        if both is not None:
            return both
    return pair([loaded_from(table, own, None) for table, own in zip(tables, places, strict=True)])


def _two_sampled(
    stored: tuple[Stored, Stored],
    places: Sequence[list[int]],
    specs: _Specs,
    pair: Callable[[Sequence[dict[int, Any]]], Pair],
) -> Pair | None:
    """Return the pair of the same rows of two files, drawn at random; None where all are to be read."""
    sizes = [size for each in stored if (size := size_of(each, specs.rows)) is not None]
    if not sizes:
        return None
    n, rows = stored[0].n, drawn(stored[0].n, min(sizes), specs.seed)

    def loaded(read: Callable[[Stored], Any]) -> Pair:
        return pair([as_columns(read(each), own) for each, own in zip(stored, places, strict=True)])

    def blocks() -> Iterator[Pair]:
        smaller = min(stored, key=lambda each: each.step)
        return (loaded(operator.methodcaller("read", block)) for block in smaller.blocks())

    found = loaded(lambda each: each.take(rows))
    doubts = (*found.doubts, told_of_sample(len(rows), n, specs.seed, found.source))
    return replace(found, rows=rows, whole=Whole(n, specs.seed, blocks), doubts=doubts)


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
    mask = _fulfilled(table, condition, loaded)
    if not mask.any():
        raise DataError(f"none of its {len(mask)} rows fulfils --where '{condition.text}'")
    return mask, [f"{int(mask.sum())} of {len(mask)} rows fulfil --where."]


def _fulfilled(table: Table, condition: Condition, loaded: Mapping[int, Any]) -> Mask:
    return condition.mask({table.names[place]: _flat(column, table.names[place]) for place, column in loaded.items()})


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


def as_columns(loaded: Loaded, places: Sequence[int]) -> dict[int, Any]:
    """Return loaded columns by their places."""
    return _Block(loaded, places) if isinstance(loaded, np.ndarray) else dict(zip(places, loaded, strict=True))


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
