"""Errors, and the exit code of each kind on the command line.

Every message is one sentence that names the file, column or option, and says what to do about it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from typing_extensions import Self


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
    """A warning of a result, as Python's warnings show it; `warnings.filterwarnings` silences or raises it.

    Attributes:
        page: the page of the documentation that explains such warnings; "" where there is none.
    """

    page: ClassVar[str] = ""


class DataWarning(MMGWarning):
    """What was found in the rows and columns: left out, repeated, in series, few."""

    page = "docs/data.md"


class TrainingWarning(MMGWarning):
    """Training that ended before it was done."""

    page = "docs/result.md"


class IntervalWarning(MMGWarning):
    """A standard error or an interval that is itself uncertain, or missing."""

    page = "docs/result.md"


class BiasWarning(MMGWarning):
    """A value that may be too low or too high by more than its interval holds."""

    page = "docs/limits.md"


class Sentence(str):
    """A sentence of a result's warnings that knows the class of warning which it is issued as.

    It is text everywhere else; in JSON, and in text that is made of it, the class is lost.

    Example:
        >>> told = Sentence("Two rows repeat.", DataWarning)
        >>> told == "Two rows repeat.", told.kind.__name__
        (True, 'DataWarning')
    """

    kind: type[MMGWarning]

    def __new__(cls, text: str, kind: type[MMGWarning] = MMGWarning) -> Self:
        """Return `text` with its class."""
        made = super().__new__(cls, text)
        made.kind = kind
        return made


def about(kind: type[MMGWarning], sentences: Iterable[str]) -> list[str]:
    """Return sentences as warnings of `kind`; those that have a class already keep it.

    Example:
        >>> category_of(about(DataWarning, ["Two rows repeat."])[0]).__name__
        'DataWarning'
    """
    return [each if isinstance(each, Sentence) else Sentence(each, kind) for each in sentences]


def category_of(sentence: str) -> type[MMGWarning]:
    """Return the class of warning that `sentence` is issued as."""
    return sentence.kind if isinstance(sentence, Sentence) else MMGWarning


def issue(sentences: Iterable[str]) -> None:
    """Issue each sentence as a warning of its class, which points to the line that called this function's caller.

    The page that explains the class follows in brackets.
    """
    for sentence in sentences:
        kind = category_of(sentence)
        warnings.warn(f"{sentence} [{kind.page}]" if kind.page else sentence, kind, stacklevel=3)


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
