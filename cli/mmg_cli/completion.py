"""What the shell completes: names of plugins, suites, tasks, models, and columns of the file on the line."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable

import typer

MOST_BYTES = 65_536  # of the header of a text file


def complete_plugin(incomplete: str) -> list[str]:
    """Return plugin names that begin with `incomplete`, from metadata only."""
    from mmg_registry.registry import records

    return _beginning((record.name for record in records()), incomplete)


def complete_bound(incomplete: str) -> list[str]:
    """Return names of bounds that begin with `incomplete`, from metadata only."""
    from mmg_registry.entry_points import BOUNDS
    from mmg_registry.registry import records

    return _beginning((record.name for record in records(BOUNDS)), incomplete)


def complete_suite(incomplete: str) -> list[str]:
    """Return names of suites that begin with `incomplete`."""
    from mmg_registry.benchmark.tasks import suites

    return _beginning(suites(), incomplete)


def complete_task(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of tasks that begin with `incomplete`, of the suites on the line or else of all."""
    from mmg_registry.benchmark.tasks import suites

    known = suites()
    asked = [name for name in str(context.params.get("suite") or "").split(",") if name in known]
    return _beginning((task.name for name in asked or known for task in known[name]), incomplete)


def complete_model(incomplete: str) -> list[str]:
    """Return names of built-in models that begin with `incomplete`."""
    from mmg_registry.models.built_in import BUILT_IN

    return _beginning(BUILT_IN, incomplete)


def complete_column(context: typer.Context, incomplete: str) -> list[str]:
    """Return columns of the first file on the line; behind a comma, those that can follow."""
    data = context.params.get("data") or []
    path = data if isinstance(data, str) else next(iter(data), "")
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _beginning(columns_of(path), last)]


def columns_of(path: str) -> list[str]:
    """Return the names of the columns of a text file, or of the arrays of an npz file; none of what cannot be read."""
    try:
        if os.path.splitext(path)[1].lower() == ".npz":
            with zipfile.ZipFile(path) as archive:
                return [name.removesuffix(".npy") for name in archive.namelist()]
        with open(path, encoding="utf-8") as file:
            return _header(file.readline(MOST_BYTES))
    except (OSError, ValueError, zipfile.BadZipFile):
        return []


def _header(line: str) -> list[str]:
    """Return the names in the first line of a text file, by the separator that it has most of.

    >>> _header('age;"height, cm"')
    ['age', 'height, cm']
    """
    import csv

    separator = max("\t;,", key=line.count)
    return next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})
