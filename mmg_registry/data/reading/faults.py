"""What goes wrong while reading, in one sentence that names the file and the way out."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from mmg_registry.errors import DataError, OptionError, explain

NEVER = "is never loaded because it could run code; save plain numbers instead, e.g. with numpy.savez"


@contextlib.contextmanager
def naming(file: str) -> Iterator[None]:
    """Turn whatever goes wrong inside into one sentence that starts with the file's name.

    The libraries behind the formats raise errors of some thirty kinds on damaged files, so all kinds are caught but
    those that say nothing of the file (interruption, options).

    Raises:
        DataError: in place of what was raised inside.
    """
    try:
        yield
    except DataError as error:
        raise DataError(f"{file} cannot be used: {str(error).rstrip('.')}.") from error.__cause__
    except OptionError:
        raise
    except MemoryError as error:
        raise DataError(f"{file} cannot be read: it needs more memory than there is, or it is damaged.") from error
    except Exception as error:
        raise DataError(
            f"{file} cannot be read: it is damaged, truncated or not readable ({_reason(error)})."
        ) from error


def _reason(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error) or explain(error)
    return re.sub(r"\s+", " ", str(words)).strip()[:_LONGEST].rstrip(".")


_LONGEST = 200  # characters of a library's message; some list a whole file


def need(module: str, what: str, extra: str = "formats") -> ModuleType | Any:
    """Import a library that only some formats need.

    Raises:
        DataError: with the command that installs it, when it is not there.
    """
    library = module.partition(".")[0]
    try:
        importlib.import_module(library)
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(f"reading {what} needs {library}: pip install 'mmg-registry[{extra}]'") from error


def listed(names: Sequence[str], limit: int = 20) -> str:
    """Return the first names, and how many more there are.

    Example:
        >>> listed(["a", "b", "c"], limit=2)
        'a, b and 1 more'
    """
    text = ", ".join(names[:limit]) or "nothing"
    return f"{text} and {len(names) - limit} more" if len(names) > limit else text


def counted(number: int, word: str) -> str:
    """Return a number and its word, in the plural where that is right.

    Example:
        >>> counted(1, "cell"), counted(3, "cell")
        ('1 cell', '3 cells')
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
