"""`mmg plugins new`: a third-party distribution to start from, written completely or not at all."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mmg_registry.errors import MMGError, OptionError


def write_distribution(name: str, out: str | None) -> Path:
    """Write the distribution of the plugin `name` to the folder `out` (None: "mmg-NAME"), and return the folder.

    Raises:
        OptionError: for a name that is invalid or taken, or a folder that is neither new nor empty.
        MMGError: when the files cannot be written; those already written are removed.
    """
    from mmg_cli.output import check_folder
    from mmg_cli.plugins.template import files

    check_name(name)
    folder = Path(out or f"mmg-{name}")
    check_folder(str(folder), "--out", marker="")  # no file marks a folder as replaceable
    write_all(folder, files(name))
    return folder


def check_name(name: str) -> None:
    """Refuse a name that is taken, or that cannot name a plugin, a distribution and a module.

    Raises:
        OptionError: for an invalid name, or one that a plugin or a module has.
    """
    from mmg_cli.plugins.template import module_of
    from mmg_registry.registry import records

    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise OptionError(f"A plugin's name is lower-case letters, digits and single hyphens, and '{name}' is not.")
    for record in records():
        if record.name == name:
            raise OptionError(f"The name '{name}' is taken by {record.distribution}; give another.")
    if importlib.util.find_spec(module_of(name)):
        raise OptionError(f"The name '{name}' is taken: there is a module '{module_of(name)}'; give another.")


def write_all(folder: Path, files: Mapping[str, str]) -> None:
    """Write all `files`, names mapped to contents, or none: if one fails, remove the files and folders already made.

    Raises:
        MMGError: when a file or the folder cannot be written.
    """
    made: list[Path] = []
    try:
        _write_all(folder, files, made)
    except BaseException as error:
        _remove(made)
        if isinstance(error, OSError):
            raise MMGError(f"The folder {folder} could not be written: {error.strerror or error}.") from error
        raise


def _write_all(folder: Path, files: Mapping[str, str], made: list[Path]) -> None:
    _make(folder, made)
    for name, text in files.items():
        _make((folder / name).parent, made)
        with open(folder / name, "x", encoding="utf-8") as handle:  # "x" refuses to overwrite a file
            made.append(folder / name)
            handle.write(text)


def _make(folder: Path, made: list[Path]) -> None:
    for each in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        each.mkdir()
        made.append(each)


def _remove(made: list[Path]) -> None:
    """Remove the newest paths first, so that every folder is empty when it is removed."""
    for path in reversed(made):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
