"""The output of the program: one result on stdout, everything else on stderr, and files that are complete or absent.

The module imports nothing that is slow to load, because `mmg --help` and `mmg plugins list` use it.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from typing import IO, Any

from mmg_registry import files
from mmg_registry.errors import MMGError, OptionError, shown


@dataclass
class Verbosity:
    """The amount of output on stderr; the only state that outlives a command, because errors are printed after it.

    Attributes:
        level: the number of -v that were given: 1 adds diagnostics, 2 adds tracebacks.
        quiet: whether to suppress the progress bar and warnings on stderr.
    """

    level: int = 0
    quiet: bool = False

    def reset(self) -> None:
        """Restore the defaults, before the program runs."""
        self.level, self.quiet = 0, False


verbosity = Verbosity()


def visible(text: str) -> str:
    """Return `text` with what a terminal would obey spelt out in each of its lines (see `errors.shown`).

    >>> print(visible("of a file: \\x1b[2J\\nthe next line"))
    of a file: \\x1b[2J
    the next line
    """
    return "\n".join(map(shown, text.split("\n")))


def display(text: str) -> None:
    """Print `text` on stdout, where names of files, columns and plugins cannot command the terminal."""
    print(visible(text))


def say(text: str) -> None:
    """Print `text` on stderr; a run does not fail because nobody can be told."""
    with suppress(OSError):
        print(visible(text), file=sys.stderr, flush=True)


def warn(sentence: str) -> None:
    """Print a warning on stderr, unless -q was given."""
    if not verbosity.quiet:
        say(f"Warning: {shown(sentence)}")


def print_error(error: BaseException, sentence: str) -> None:
    """Print `sentence` on stderr; with -vv, print the traceback of `error` before it."""
    if verbosity.level > 1:
        say("".join(traceback.format_exception(error)).rstrip())
    say(f"Error: {shown(sentence)}")


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    print(to_json(document))


def to_json(document: Any) -> str:
    """Return `document` as indented JSON without NaN or Infinity.

    >>> to_json({"mi": 1.0})
    '{\\n  "mi": 1.0\\n}'
    """
    import json

    return json.dumps(document, indent=2, allow_nan=False)


@contextmanager
def stdout_on_stderr() -> Iterator[None]:
    """Redirect stdout to stderr, for Python code and for C libraries that write to file descriptor 1.

    >>> with stdout_on_stderr():
    ...     print("chatter")
    """
    with redirect_stdout(sys.stderr), _descriptor_on_stderr():
        yield


@contextmanager
def _descriptor_on_stderr() -> Iterator[None]:
    if sys.__stdout__ is not None:
        sys.__stdout__.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return `rows` as text in left-aligned columns, separated by two spaces; each row is one line.

    >>> print(columns([["NAME", "VERSION"], ["adaptive", "0.1.0"]]))
    NAME      VERSION
    adaptive  0.1.0
    """
    cells = [list(map(shown, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def check_writable(path: str, option: str) -> None:
    """Refuse a file that could not be written, before its content takes an hour to compute.

    Raises:
        OptionError: for a missing or locked folder, a folder in the file's place, a read-only file.
    """
    reason = why_not_writable(path)
    if reason:
        raise OptionError(f"The file given to {option} cannot be written: {reason}; give another path.")


def check_folder(path: str, option: str, marker: str) -> None:
    """Refuse a folder that could not be made or replaced, before its content takes an hour to compute.

    A folder may be replaced if it is empty or contains the file `marker`, the sign of an earlier save.

    Raises:
        OptionError: for a file in its place, a folder with other content, or a missing or locked parent folder.
    """
    reason = _why_no_folder(os.path.realpath(path), marker)
    if reason:
        raise OptionError(f"The folder given to {option} cannot be written: {reason}; give another path.")


def _why_no_folder(path: str, marker: str) -> str | None:
    if os.path.isdir(path):
        foreign = os.listdir(path) and marker not in os.listdir(path)
        return f"'{path}' holds other things" if foreign else None
    if os.path.exists(path):
        return f"'{path}' is a file"
    parent = os.path.dirname(path)
    if not os.path.exists(parent):  # as for a file: a typing error would otherwise make folders
        return f"the folder '{parent}' does not exist"
    return None if os.path.isdir(parent) and os.access(parent, os.W_OK) else f"'{parent}' is no folder to write in"


def write_atomically(path: str, write: Callable[[IO[bytes]], object], what: str) -> None:
    """Write the file `path` with the function `write`, completely or not at all.

    Raises:
        MMGError: when the file cannot be written; `what` names its content in the sentence.
    """
    try:
        with replacing(path) as handle:
            write(handle)
    except OSError as error:
        reason = why_not_writable(path) or f"{path}: {error.strerror or error}"
        raise MMGError(f"{what} could not be written: {reason}.") from error


@contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """Yield a binary file that replaces `path` when the block succeeds, and is deleted when it fails.

    Devices and pipes (`/dev/stdout`) are written to directly, because renaming a file over them would remove them.

    Raises:
        OSError: when the folder, the file or the disk does not allow it.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as device:
            yield device
        return
    if reason := why_not_writable(path):
        raise PermissionError(errno.EACCES, reason)
    target = os.path.realpath(path)
    with files.replacing(target) as file:
        _keep_mode(target, file.name)
        yield file


@contextmanager
def replacing_by_path(path: str) -> Iterator[str]:
    """Yield a temporary path with the file name of `path`; the file made there replaces `path` if the block succeeds.

    Raises:
        OSError: when the folder, the file or the disk does not allow it.
    """
    import tempfile

    if reason := why_not_writable(path):
        raise PermissionError(errno.EACCES, reason)
    target = os.path.realpath(path)
    with tempfile.TemporaryDirectory(prefix=".mmg-", dir=os.path.dirname(target)) as folder:
        scratch = os.path.join(folder, os.path.basename(path))
        yield scratch
        _keep_mode(target, scratch)
        with open(scratch, "rb") as written:
            os.fsync(written.fileno())
        os.replace(scratch, target)


def _keep_mode(target: str, temporary: str) -> None:
    if os.path.exists(target):
        shutil.copymode(target, temporary)


def why_not_writable(path: str) -> str | None:
    """Return the reason why `path` must not be written, or None; a rename alone would overwrite read-only files."""
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        return f"'{path}' is a folder"
    if not os.path.isdir(folder):
        return f"the folder of '{path}' does not exist"
    if os.path.exists(path):
        return f"'{path}' is read-only" if _read_only(path) else None
    return None if os.access(folder, os.W_OK) else f"the folder of '{path}' is read-only"


def _read_only(path: str) -> bool:
    """Return whether `path` is read-only, by its mode also for root, whom the system would let write."""
    return not os.access(path, os.W_OK) or not os.stat(path).st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
