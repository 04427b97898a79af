"""Defaults of options: `mmg.toml`, or `[tool.mmg]` of `pyproject.toml`, in this folder or the nearest above.

    threads = 4              # of every command that has the option
    [estimate]
    plugin = "ksg"           # of `mmg estimate`; [benchmark.run] is of `mmg benchmark run`

What is given on the command line goes before. The words that a file stands for are put into the command, so that a
result holds them and `mmg rerun` needs no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmg_cli.output import say
from mmg_registry.errors import OptionError, demand
from mmg_registry.names import nearest

NO_CONFIG = "--no-config"
FILES = ("mmg.toml", "pyproject.toml")
TALKING = ("-v", "-vv", "--verbose")


@dataclass(frozen=True)
class Configuration:
    """The defaults of a file.

    Attributes:
        path: the file, or "" where there is none.
        values: what it holds: options of every command, and a table for each command.
    """

    path: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def put_in(program: Any, args: Sequence[str]) -> list[str]:
    """Return the words of a command with those that the configuration file stands for behind the command's name.

    Args:
        program: the command line, as click holds it.
        args: the words of the command; with `--no-config` among them the file is not looked for.

    Raises:
        OptionError: for a file that is no TOML, or an option in it that the command has not.
    """
    words = [word for word in args if word != NO_CONFIG]
    place, command, path = _command(program, words)
    if len(words) < len(args) or not path or hasattr(command, "commands") or path == ["doctor"]:
        return words
    found = read()
    added = [
        word for option, value in _defaults(found, command, path, program) for word in _words(option, value, words)
    ]
    if added and any(word in TALKING for word in words):
        say(f"Options from {found.path}: {' '.join(added)}")
    return [*words[:place], *added, *words[place:]]


def read(folder: Path | None = None) -> Configuration:
    """Return the configuration of a folder, the working one unless given, or of the nearest above that has one.

    Raises:
        OptionError: for a file that cannot be read.
    """
    here = (folder or Path.cwd()).absolute()
    for place in (here, *here.parents):
        for name in FILES:
            values = _table(place / name) if (place / name).is_file() else None
            if values is not None:
                return Configuration(str(place / name), values)
    return Configuration()


def _table(path: Path) -> dict[str, Any] | None:
    """Return what a file holds for mmg; None for a pyproject.toml that holds nothing."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.name == "mmg.toml":
            return _parsed(text)
        tools: dict[str, Any] = _parsed(text).get("tool", {}) if "[tool.mmg" in text else {}
        return tools.get("mmg")
    except OptionError:
        raise
    except (OSError, ValueError, AttributeError) as error:
        raise OptionError(f"The configuration {path} cannot be read: {error}; mend it, or give --no-config.") from error


def _parsed(text: str) -> dict[str, Any]:
    """Return what TOML holds, by the standard library or, on Python 3.10, by tomli."""
    name = next((name for name in ("tomllib", "tomli") if find_spec(name)), "")
    demand(name, "A configuration file needs tomli on Python 3.10: pip install tomli, or give --no-config.")
    found: dict[str, Any] = import_module(name).loads(text)
    return found


def _command(program: Any, words: Sequence[str]) -> tuple[int, Any, list[str]]:
    """Return the place behind the names of a command, the command, and its names."""
    command, path = program, list[str]()
    for place, word in enumerate(words):
        if not hasattr(command, "commands"):
            return place, command, path
        if word.startswith("-"):
            continue
        if word not in command.commands:
            return place, program, []
        command = command.commands[word]
        path.append(word)
    return len(words), command, path


def _defaults(found: Configuration, command: Any, path: list[str], program: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the options of a command that the file has values for; its own table goes before what is for all."""
    known, everywhere = _options(command), set(_every(program))
    own: Any = found.values
    for name in path:
        own = own.get(name, {}) if isinstance(own, Mapping) else {}
    for key in (key for key, value in found.values.items() if not isinstance(value, Mapping)):
        _demand_known(key, everywhere, "mmg", found)
    for key in (key for key, value in own.items() if not isinstance(value, Mapping)):
        _demand_known(key, known, f"mmg {' '.join(path)}", found)
    for name, option in known.items():
        for table in (own, found.values):
            value = next((table[key] for key in (name, name.replace("-", "_")) if key in table), None)
            if value is not None and not isinstance(value, Mapping):
                yield option, value
                break


def _demand_known(key: str, known: Any, command: str, found: Configuration) -> None:
    close = nearest(key.replace("_", "-"), sorted(known))
    demand(
        key.replace("_", "-") in known,
        f"The configuration {found.path} gives '{key}', and '{command}' has no option --{key}; {close}.",
    )


def _options(command: Any) -> dict[str, Any]:
    """Return the options of a command by their long names without hyphens before."""
    every = (each for each in command.params if each.param_type_name == "option")
    return {opt.removeprefix("--"): each for each in every for opt in each.opts if opt.startswith("--")}


def _every(command: Any) -> Iterator[str]:
    yield from _options(command)
    for each in getattr(command, "commands", {}).values():
        yield from _every(each)


def _words(option: Any, value: Any, given: Sequence[str]) -> list[str]:
    """Return the words that give `value` to an option; none where the command line gives it, or for a flag that is off.

    Lists give an option several times, and tables of options of a plugin are lists of "key=value".
    """
    if any(_gives(word, opt) for word in given for opt in option.opts):
        return []
    name = next(opt for opt in option.opts if opt.startswith("--"))
    if option.is_flag:
        return [name] if value else []
    return [word for each in (value if isinstance(value, list) else [value]) for word in (name, str(each))]


def _gives(word: str, opt: str) -> bool:
    return word.startswith(f"{opt}=") or word == opt or (not opt.startswith("--") and word.startswith(opt))
