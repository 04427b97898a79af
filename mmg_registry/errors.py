"""Errors, and the exit code of each kind on the command line.

Every message is one sentence that names the file, column or option, and says what to do about it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable


def shown(text: str) -> str:
    """Return `text` with control and other invisible characters spelt out, so that no terminal obeys a file's content.

    Example:
        >>> print(shown(chr(27) + "[31mred, 5 µm"))
        \\x1b[31mred, 5 µm
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class MMGError(Exception):
    """A run that failed (exit code 1); the base of all errors raised on purpose.

    Names and cells of files stand in messages, so that every message is made printable here, once (see `shown`).
    """

    exit_code = 1

    def __init__(self, *args: object) -> None:
        super().__init__(*(shown(arg) if isinstance(arg, str) else arg for arg in args))


class OptionError(MMGError, ValueError):
    """An unknown, out-of-range or contradictory option (exit code 2)."""

    exit_code = 2


class PluginError(MMGError):
    """A plugin that is missing, broken or ambiguous, or that violates the contract (exit code 3)."""

    exit_code = 3


class DataError(MMGError, ValueError):
    """Data that cannot be read, or that do not allow an estimate (exit code 4)."""

    exit_code = 4


class DoesNotApply(DataError):
    """Data that are beyond what the plugin declares to take (exit code 4): no failure, of the plugin or of the data."""


class MMGWarning(UserWarning):
    """A warning of a result, as Python's warnings show it; `warnings.filterwarnings` silences or raises it."""


def issue(sentences: Iterable[str]) -> None:
    """Issue each sentence as a warning that points to the line that called the caller of this function."""
    for sentence in sentences:
        warnings.warn(sentence, MMGWarning, stacklevel=3)


def explain(error: BaseException) -> str:
    """Return `error` in one line: its type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def demand(condition: object, sentence: str, kind: type[Exception] = OptionError) -> None:
    """Raise `kind` with `sentence` unless `condition` holds.

    Raises:
        OptionError: when `condition` does not hold and no other `kind` is given.

    Example:
        >>> demand(1 < 2, "One is less than two.")
    """
    if not condition:
        raise kind(sentence)
