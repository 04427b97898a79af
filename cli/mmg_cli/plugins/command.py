"""`mmg plugins list|show|check|new`: list and describe the installed plugins, check one, and begin a new one."""

from __future__ import annotations

import shlex
import traceback
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import Json, PluginArgument, Quiet, Set, Verbose, parse_set
from mmg_cli.output import columns, display, print_json, say, stdout_on_stderr
from mmg_cli.plugins.listing import LOADED, PluginKind, listing
from mmg_registry.errors import MMGError, OptionError, PluginError

if TYPE_CHECKING:
    from mmg_registry.contracts import Configured

app = typer.Typer(help="List, describe, check and begin estimator plugins.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def plugins(context: typer.Context) -> None:
    """List, describe, check and begin estimator plugins."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_plugins(
    kind: Annotated[PluginKind | None, typer.Option("--kind", help="List plugins of this kind alone.")] = None,
    load: Annotated[
        bool, typer.Option("--load", help="Import every plugin to see whether it works, what it is and what it takes.")
    ] = False,
    json: Json = False,
    format: Annotated[str, typer.Option("--format", "-f", hidden=True)] = "table",
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """List the installed plugins, from their metadata: none is imported unless --load is given."""
    rows = listing(load, kind)
    if json or format == "json":
        print_json(rows)
        return
    head = ["name", "kind", "distribution", "version", "origin", "status", *(LOADED if load else ())]
    print(columns([[name.upper() for name in head], *([_cell(row, name) for name in head] for row in rows)]))


def _cell(row: dict[str, Any], name: str) -> str:
    """Return what the table shows of a plugin: names with aliases, kinds of columns, yes or no."""
    value = [row["name"], *row["aliases"]] if name == "name" else row.get(name)
    if isinstance(value, list):
        return ", ".join(value)
    return {True: "yes", False: "no", None: ""}.get(value, str(value))


@app.command("show")
def show(name: PluginArgument, json: Json = False, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """Describe a plugin: what it estimates, its source, and its options with types, bounds and defaults."""
    document = describe(_load_any(name))
    if json:
        print_json(document)
        return
    head = [[key, str(value)] for key, value in document.items() if key != "options"]
    print(columns(head))
    print()
    print(columns(_option_rows(document["options"])) if document["options"] else "It has no options.")


def _option_rows(options: list[dict[str, Any]]) -> list[list[str]]:
    keys = ["name", "type", "bounds", "default", "description"]
    head = ["OPTION", *(key.upper() for key in keys[1:])]
    return [head, *([str(option[key]) for key in keys] for option in options)]


def _load_any(name: str) -> type[Configured]:
    """Load the estimator called `name`, or the bound if there is no such estimator."""
    from mmg_registry.entry_points import BOUNDS
    from mmg_registry.registry import load_bound, load_plugin, records

    estimators, bounds = ({record.name for record in records(*group)} for group in ((), (BOUNDS,)))
    return load_bound(name) if name in bounds - estimators else load_plugin(name)


def describe(cls: type[Configured]) -> dict[str, Any]:
    """Return the declarations of a plugin as JSON-serialisable values."""
    return {
        "name": cls.name,
        "summary": cls.summary,
        "reference": cls.reference,
        **_abilities(cls),
        "options": [_option(name, field) for name, field in cls.Options.model_fields.items()],
    }


def _abilities(cls: Any) -> dict[str, Any]:
    if cls.noun == "bound":
        return {"kind": cls.kind, "needs": cls.needs}
    from mmg_registry.contracts import has_ratio

    return {
        "bound": cls.bound, "curve": cls.has_curve, "pointwise": cls.has_pointwise, "log ratios": has_ratio(cls),
    }  # fmt: skip


def _option(name: str, field: Any) -> dict[str, Any]:
    default = field.get_default(call_default_factory=True)
    return {
        "name": name,
        "type": type_name(field.annotation),
        "bounds": _bounds(field.metadata),
        "default": default if isinstance(default, (bool, int, float, str, type(None))) else str(default),
        "description": field.description or "",
    }


def type_name(annotation: Any) -> str:
    """Return a type as text for a reader, with the choices of a Literal separated by bars.

    >>> from typing import Literal
    >>> type_name(int | None), type_name(Literal["default", "paper"])
    ('int | None', 'default|paper')
    """
    from types import NoneType
    from typing import Literal, get_args, get_origin

    if annotation in (None, NoneType):
        return "None"
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation)))
    if get_args(annotation) and not isinstance(annotation, type):
        return str(annotation).replace("typing.", "")
    return getattr(annotation, "__name__", str(annotation))


def _bounds(metadata: list[Any]) -> str:
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    found = [(sign, getattr(item, key, None)) for item in metadata for key, sign in signs.items()]
    return ", ".join(f"{sign} {value}" for sign, value in found if value is not None)


@app.command("check")
def check(
    name: PluginArgument,
    json: Json = False,
    set: Set = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK=REASON", help="A check that is known to fail, and why; repeatable."),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Load a plugin and check it against the contract on a small sample; exit code 3 if it fails."""
    options, expected = parse_set(set or []), _expected(expect or [])
    try:
        results = _run_checks(name, options, expected)
    except PluginError as error:
        _print_broken(name, error, json)
        raise PluginError(str(error)) from None  # _print_broken has printed the traceback
    _print_checks(name, results, json)
    failed = [result["check"] for result in results if result["status"] == "failed"]
    if failed:
        raise PluginError(f"The plugin '{name}' fails {len(failed)} of {len(results)} checks: {', '.join(failed)}.")


def _expected(assignments: list[str]) -> dict[str, str]:
    """Parse CHECK=REASON assignments into check names with their reasons.

    Raises:
        OptionError: for an assignment without a reason.

    >>> _expected(["same_seed=atomic sums"])
    {'same_seed': 'atomic sums'}
    """
    expected = {}
    for text in assignments:
        check, _, reason = (part.strip() for part in text.partition("="))
        if not reason:
            raise OptionError(f"--expect takes CHECK=REASON, and '{text}' is not of that form.")
        expected[check] = reason
    return expected


def _run_checks(name: str, options: dict[str, Any], expected: dict[str, str]) -> list[dict[str, str]]:
    from mmg_registry.contracts import parse_options
    from mmg_registry.registry import load_plugin
    from mmg_registry.testing import run_checks

    with stdout_on_stderr():
        cls = load_plugin(name)
        parse_options(cls, options)
        return run_checks(cls, expected, options)


def _print_broken(name: str, error: MMGError, json: bool) -> None:
    text = "".join(traceback.format_exception(error.__cause__ or error))
    if json:
        print_json({"name": name, "status": "broken", "error": str(error), "traceback": text, "checks": []})
    elif error.__cause__ is not None:
        say(text.rstrip())


def _print_checks(name: str, results: list[dict[str, str]], json: bool) -> None:
    from mmg_registry.testing import counts, summary

    if json:
        count = counts(results)
        print_json({"name": name, "status": "failed" if count["failed"] else "ok", "counts": count, "checks": results})
        return
    rows = [[result["check"], result["status"], result["reason"]] for result in results]
    print(columns([["CHECK", "STATUS", "REASON"], *rows]))
    display(f"\n{name}: {summary(results)}")


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and single hyphens.")],
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="A new or empty folder.  [default: mmg-NAME]", show_default=False)
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write a distribution with one estimator called NAME, its test and its README, as a start for your own."""
    from mmg_cli.plugins.new import write_distribution

    folder = write_distribution(name, out)
    display(str(folder))
    say(f"Next: pip install -e {shlex.quote(str(folder))} && mmg plugins check {name}")
