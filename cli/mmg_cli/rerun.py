"""`mmg rerun`: repeat a result from its file, and say whether it is the same to the bit."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Annotated, Any

import typer

from mmg_cli.common import Json, Quiet, Verbose
from mmg_cli.documents import read_document
from mmg_cli.output import columns, print_json, verbosity, warn
from mmg_registry.errors import DataError, MMGError, demand

VALUES = ("mi", "value", "lower", "upper", "std_error", "lower_se", "upper_se", "low", "high", "p_value")


def rerun(
    context: typer.Context,
    result: Annotated[str, typer.Argument(metavar="RESULT.json", help="What a command wrote with -o or --json.")],
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Repeat a result by the command that it holds, from the same files, and compare; exit code 1 where it differs."""
    before = read_document(result)
    about = before.get("provenance", before)
    demand(
        isinstance(about.get("command"), list),
        f"{result} holds no command to repeat: it was made from Python or by a version that kept none.",
        DataError,
    )
    after = repeated(context.find_root().command, [str(word) for word in about["command"]])
    told = compared(before, after)
    _warn_of_data(about, after.get("provenance", after))
    if json:
        print_json({"command": about["command"], **told})
    else:
        print(_sentence(told))
        rows = [[each["name"], repr(each["before"]), repr(each["after"])] for each in told["differences"]]
        print(columns([["VALUE", "BEFORE", "AFTER"], *rows])) if rows else None
    demand(told["same"], f"The result of {result} is another one today.", MMGError)


def repeated(program: Any, words: list[str]) -> dict[str, Any]:
    """Run a command of the program, and return the JSON document that it prints.

    Args:
        program: the command line, as click holds it.
        words: the words of the command, which no configuration file adds to.

    Raises:
        MMGError: when the command fails.
    """
    printed, manners = io.StringIO(), (verbosity.level, verbosity.quiet)
    try:
        with contextlib.redirect_stdout(printed):
            program.main(args=[*words, "--json", "--quiet"], prog_name="mmg", standalone_mode=False)
    finally:
        verbosity.level, verbosity.quiet = manners  # which the options of the command have set
    document: dict[str, Any] = json.loads(printed.getvalue())
    return document


def compared(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return whether two documents hold the same numbers to the bit, and those that differ, with the largest step.

    >>> compared({"mi": 1.0, "seconds": 3}, {"mi": 1.5, "seconds": 4})["differences"]
    [{'name': 'mi', 'before': 1.0, 'after': 1.5}]
    """
    names = [name for name in (*VALUES, "curve", "rows") if name in before or name in after]
    differing = [name for name in names if name != "rows" and before.get(name) != after.get(name)]
    tables = "columns" in before and isinstance(before.get("rows"), list)
    differing += ["rows"] if tables and _cells(before) != _cells(after) else []
    found = [_difference(name, before.get(name), after.get(name)) for name in differing]
    steps = [abs(each["after"] - each["before"]) for each in found if _are_numbers(each["before"], each["after"])]
    return {"same": not found, "largest": max(steps, default=None), "differences": found}


def _cells(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table without the time that each took."""
    return [{key: cell for key, cell in row.items() if key != "seconds"} for row in document["rows"]]


def _difference(name: str, before: Any, after: Any) -> dict[str, Any]:
    short = name in ("curve", "rows")
    return {"name": name, "before": "as recorded" if short else before, "after": "another" if short else after}


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def _warn_of_data(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Warn where data, versions or the machine's instructions are not those of the result."""
    if before.get("data_sha256") != after.get("data_sha256"):
        warn("The data are not those of the result: their hash differs.")
    for name in ("versions", "device", "backend"):
        if before.get(name) != after.get(name):
            warn(f"The {name} differ: {before.get(name)} then, {after.get(name)} now.")


def _sentence(told: dict[str, Any]) -> str:
    if told["same"]:
        return "The result is the same to the bit."
    largest = "" if told["largest"] is None else f", by {told['largest']:.3g} at most"
    return f"The result differs{largest}:"
