"""Several tables of the same columns, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmg_registry.data.reading.faults import listed
from mmg_registry.data.reading.stored import Loaded, Stored, columns_of, one_below_another, rows_joined
from mmg_registry.data.reading.table import Table
from mmg_registry.errors import DataError


def appended(tables: Sequence[Table], files: Sequence[str]) -> Table:
    """Return the rows of all tables in one; columns are matched by name, and their order is that of the first.

    Raises:
        DataError: when their names differ (those that do are named), or one stands twice in some order.
    """
    if len(tables) == 1:
        return tables[0]
    orders = [_order(tables[0], table, files[0], file) for table, file in zip(tables, files, strict=True)]

    def load(places: Sequence[int]) -> Loaded:
        return rows_joined([columns_of(table.load(own)) for table, own in each(places)])

    def stored(places: Sequence[int]) -> Stored | None:
        parts = [table.stored(own) for table, own in each(places)]
        found = [part for part in parts if part is not None]
        return one_below_another(found) if len(found) == len(parts) else None

    def each(places: Sequence[int]) -> list[tuple[Table, list[int]]]:
        return [(table, [order[place] for place in places]) for table, order in zip(tables, orders, strict=True)]

    notes = tuple(dict.fromkeys(note for table in tables for note in table.notes))
    doubts = tuple(dict.fromkeys(doubt for table in tables for doubt in table.doubts))
    told = f"The rows of {len(tables)} files are taken one after the other."
    return replace(tables[0], load=load, stored=stored, notes=(*notes, told), doubts=doubts)


def _order(first: Table, other: Table, first_file: str, file: str) -> list[int]:
    """Return where each column of the first table stands in the other."""
    if first.names == other.names and first.axes == other.axes:
        return list(range(len(first.names)))
    if sorted(first.names) != sorted(other.names) or len(set(first.names)) < len(first.names):
        raise DataError(_difference(first, other, first_file, file))
    return [other.names.index(name) for name in first.names]


def _difference(first: Table, other: Table, first_file: str, file: str) -> str:
    only = [(name, where) for name, where in ((first, first_file), (other, file))]
    sides = [
        f"only {where} has {listed([name for name in table.names if name not in others.names], 6)}"
        for (table, where), others in zip(only, (other, first), strict=True)
        if set(table.names) - set(others.names)
    ]
    return (
        f"{first_file} and {file} differ in their {first.kind}s ({'; '.join(sides) or 'names that stand twice'}): "
        "rows of several tables are appended, so they must have the same; for x in one file and y in "
        "another, join them first, "
        "or save each as npy."
    )
