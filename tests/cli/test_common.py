"""Every command takes -v, -q and, where it prints a result, --json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from mmg_cli.program import app

FILES = {"benchmark report", "benchmark compare", "benchmark curves"}
SILENT = FILES | {"plot", "sample", "train-model", "pmi", "plugins new"}  # they print the file that they wrote


def commands(group: Any, name: str = "") -> Iterator[tuple[str, set[str]]]:
    for key, each in group.commands.items():
        if hasattr(each, "commands"):
            yield from commands(each, f"{name}{key} ")
        else:
            yield f"{name}{key}", {opt for param in each.params for opt in param.opts}


def test_manners_are_the_same_everywhere() -> None:
    found = dict(commands(typer.main.get_command(app)))
    assert [name for name, opts in found.items() if not {"-v", "-q"} <= opts] == []
    assert [name for name, opts in found.items() if "--json" not in opts and name not in SILENT] == []
