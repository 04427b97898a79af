"""What can go wrong, and the exit code each kind has in the command line.

Every message is one sentence that names the file, column or option, and the way out.
"""

from __future__ import annotations


class MMGError(Exception):
    """A run that failed (exit code 1); the base of all errors raised on purpose."""

    exit_code = 1


class OptionError(MMGError, ValueError):
    """An unknown, out-of-range or contradictory option (exit code 2)."""

    exit_code = 2


class PluginError(MMGError):
    """A plugin that is missing, broken, ambiguous or against the contract (exit code 3)."""

    exit_code = 3


class DataError(MMGError, ValueError):
    """Data that cannot be read, or that no estimate can be made from (exit code 4)."""

    exit_code = 4


def explain(error: BaseException) -> str:
    """`error` in one line: its type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def demand(condition: object, sentence: str, kind: type[Exception] = OptionError) -> None:
    """Raise `kind` with `sentence` unless `condition` holds.

    Raises:
        OptionError: or another `kind`.

    Example:
        >>> demand(1 < 2, "One is less than two.")
    """
    if not condition:
        raise kind(sentence)
