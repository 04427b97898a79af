"""Options that several commands share."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from mmg_cli.completion import complete_plugin
from mmg_cli.output import verbosity, warn
from mmg_registry.errors import OptionError, PluginError, demand, explain
from mmg_registry.limits import checked


def check_limits(job: Any, *options: str, **others: str) -> None:
    """Refuse options out of range with the sentence of `mmg_registry.limits`, in the spelling of the command line.

    Args:
        job: an object with the options as attributes; an attribute that is None was not given and is not checked.
        options: attributes with the same name as their limit.
        others: further attributes, each with the name of its limit.

    Raises:
        OptionError: for the first value out of range.
    """
    for name, limit in {**dict(zip(options, options, strict=True)), **others}.items():
        if getattr(job, name) is not None:
            checked(limit, getattr(job, name), spelt(name))


def spelt(name: str) -> str:
    """Return the command-line option of the parameter `name`.

    >>> spelt("max_seconds"), spelt("n")
    ('--max-seconds', '-n')
    """
    return f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"


def parse_set(assignments: list[str]) -> dict[str, Any]:
    """Parse plugin options in the form `key=value`; a value that is valid JSON is parsed, any other stays text.

    Raises:
        OptionError: for an assignment without "=" or without a key, or for a key given twice.

    >>> parse_set(["steps=4000", "preset=paper", "ema=true"])
    {'steps': 4000, 'preset': 'paper', 'ema': True}
    """
    options: dict[str, Any] = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not (key.strip() and equals):
            raise OptionError(f"--set takes key=value, and '{text}' is not of that form.")
        if key.strip() in options:
            raise OptionError(f"--set {key.strip()}=... is given twice; keep one of them.")
        options[key.strip()] = _scalar(value)
    return options


def executed(path: str, name: str) -> Any:
    """Execute the Python file at `path` and return what it defines as `name`, after saying so.

    Raises:
        PluginError: when the file is missing, fails, or has no such name.
    """
    import os
    import runpy

    warn(f"The file {path} is executed, with all the rights that you have.")
    demand(os.path.isfile(path), f"There is no file {path} with a model.", PluginError)
    try:
        names = runpy.run_path(path, run_name="mmg_model")
    except (Exception, SystemExit) as error:
        raise PluginError(f"The model's file {path} cannot be executed ({explain(error)}).") from error
    demand(name in names, f"The file {path} defines no '{name}'.", PluginError)
    return names[name]


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _add_verbosity(value: int) -> int:
    verbosity.level += value
    return value


def _set_quiet(value: bool) -> bool:
    verbosity.quiet = verbosity.quiet or value
    return value


# Eager, so that errors in the options that follow can print a traceback.
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, is_eager=True, callback=_add_verbosity, show_default=False,
        help="Print diagnostics; -vv also the traceback of an error.",
    ),
]  # fmt: skip
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        is_eager=True,
        callback=_set_quiet,
        help="No progress bar, no warnings on stderr; the result keeps its own.",
    ),
]
EngineName = Annotated[
    str, typer.Option(metavar="NAME[:ADDRESS]", help="Where to run: local, dask, slurm, mpi, joblib, or others.")
]
EngineConfig = Annotated[
    str | None, typer.Option(metavar="FILE", help="Options of the engine, by its name, in a file of YAML or JSON.")
]
Seed = Annotated[int, typer.Option(help="Of everything random: one seed gives one result, as in Python.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A plugin option, repeatable (see `mmg plugins show`)."),
]
PluginArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", autocompletion=complete_plugin, help="As in `mmg plugins list`, or dist:name."),
]
