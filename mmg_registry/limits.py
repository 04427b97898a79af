"""The allowed range of every setting of a run, and the sentence that refuses a value outside it.

The Python API, the bounds, the benchmark and the command line check values here before they read or run anything, so
a value is accepted for all plugins or for none. The sentence spells an option as the caller does: 'max_seconds' in
Python, '--max-seconds' on the command line.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from mmg_registry.errors import demand

MAX_SEED = 2**63 - 1  # the largest signed 64-bit integer, the type in which PyTorch and the compiled core keep seeds
MAX_THREADS = 1024  # the most that the compiled core accepts
MAX_SECONDS = 1e9  # some 31 years; step counts are forecast from it and must fit into 64-bit integers
MAX_ROWS = 10**9
FEWEST_DRAWN = 10  # rows of a sample: with fewer no estimate is made
MAX_COLUMNS = 10**6  # of a sample that is drawn; a row of so many float64 has 8 MB
MOST_PARTS = 10  # of the rows in an extrapolation: 55 estimates, and the smallest from a tenth of the rows
MAX_RUNS = 10**6  # seeds of a benchmark, epochs of a training: years, and their products fit into 64-bit integers
FEWEST_SHIFTS = 19  # of a series: with fewer no p-value is below 5 %
MOST_HISTORY, MOST_DEGREE = 1_000, 6  # steps of the past, whose moments stay in memory; polynomials of ranks
MAX_LATENT, MAX_UNITS = 4096, 8192  # sizes of the networks that generate and encode images


@dataclass(frozen=True)
class Limit:
    """The allowed values of an option.

    Attributes:
        allowed: the allowed values in words that can follow "must be".
        plain: a function that returns an allowed value as a plain Python value, and raises ValueError, TypeError or
            OverflowError for any other.
    """

    allowed: str
    plain: Callable[[Any], Any]


def checked(name: str, value: Any, spelt: str = "") -> Any:
    """Check `value` and return it as a plain Python value: NumPy's integers and floats become `int` and `float`.

    Args:
        name: a key of `LIMITS`.
        value: the value to check.
        spelt: the spelling of the option in the error message; `name` by default.

    Raises:
        OptionError: for a value that is out of range or of another type; a bool does not count as a number.

    Example:
        >>> checked("threads", 4)
        4
    """
    limit = LIMITS[name]
    try:
        return limit.plain(value)
    except (ValueError, TypeError, OverflowError):
        demand_value(False, spelt or name, value, limit.allowed)


def demand_value(condition: object, name: str, value: Any, allowed: str, what: str = "option") -> None:
    """Refuse the `value` of the option `name` unless `condition` holds; `allowed` follows "must be" in the message.

    Raises:
        OptionError: with the sentence that is used for all options, when `condition` does not hold.
    """
    demand(condition, f"The {what} '{name}' is {value!r} and must be {allowed}.")


def keep(holder: Any, *names: str, optional: tuple[str, ...] = (), **others: str) -> None:
    """Check fields of a frozen dataclass in its `__post_init__`, and replace them by their plain values.

    Args:
        holder: the dataclass; each field named in `names` or `optional` is a key of `LIMITS`.
        names: fields that must have a value.
        optional: fields that may be None.
        others: further fields that must have a value, each with the name of its limit.

    Raises:
        OptionError: for the first value out of range.
    """
    given = [*names, *(name for name in optional if getattr(holder, name) is not None)]
    for name, limit in {**dict(zip(given, given, strict=True)), **others}.items():
        object.__setattr__(holder, name, checked(limit, getattr(holder, name), name))


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def plain(value: Any) -> int:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
        if not low <= number <= high:
            raise ValueError
        return number

    return plain


def _real(inside: Callable[[float], bool]) -> Callable[[Any], float]:
    def plain(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError
        if not inside(float(value)):
            raise ValueError
        return float(value)

    return plain


def _length(value: Any) -> int | str:
    """A number of rows, as a number or in digits, or one of two words."""
    if value in ("auto", "none"):
        return str(value)
    return _whole(1, MAX_ROWS)(int(value) if isinstance(value, str) else value)


def _drawn(value: Any) -> int | str:
    """A number of rows, as a number or in digits, or the word for all of them."""
    return "all" if value == "all" else _whole(FEWEST_DRAWN, MAX_ROWS)(int(value) if isinstance(value, str) else value)


def _word(pattern: str) -> Callable[[Any], str]:
    def plain(value: Any) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError
        return str(value)

    return plain


def _of(kind: Any) -> Callable[[Any], Any]:
    def plain(value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError
        return value

    return plain


def _units(value: Any) -> tuple[int, ...]:
    if isinstance(value, str) or not len(value):
        raise ValueError
    return tuple(_whole(1, MAX_UNITS)(units) for units in value)


_rows = Limit("a whole number from 1 to 10**9", _whole(1, MAX_ROWS))
LIMITS: dict[str, Limit] = {
    "seed": Limit("a whole number from 0 to 2**63 - 1", _whole(0, MAX_SEED)),
    "threads": Limit(f"a whole number from 1 to {MAX_THREADS}", _whole(1, MAX_THREADS)),
    "plugin": Limit("the name of a plugin, as text", _word("(?s).*")),
    "device": Limit("auto, cpu, cuda or cuda:N with N below 100", _word(r"auto|cpu|cuda(:\d{1,2})?")),
    "max_seconds": Limit("a number of seconds above 0 and at most 1e9", _real(lambda s: 0 < s <= MAX_SECONDS)),
    "unit": Limit("nats or bits", _word("nats|bits")),
    "ci_level": Limit("between 0 and 1, e.g. 0.95", _real(lambda level: 0 < level < 1)),
    "cross_fit": Limit("a whole number from 2 to 10**9", _whole(2, MAX_ROWS)),
    "extrapolate": Limit("a whole number from 3 to 10", _whole(3, MOST_PARTS)),
    "eval_fraction": Limit("between 0 and 1, e.g. 0.2", _real(lambda share: 0 < share < 1)),
    "blocks": Limit("auto, none, or a whole number of rows from 1 to 10**9", _length),
    "drawn": Limit("all, or a whole number of rows from 10 to 10**9", _drawn),
    "n": Limit("a whole number from 2 to 10**9", _whole(2, MAX_ROWS)),
    "rows": _rows,
    "permutations": _rows,
    "n_train": _rows,
    "n_eval": _rows,
    "dim": Limit("a whole number from 1 to 10**6", _whole(1, MAX_COLUMNS)),
    "mi": Limit("a finite number of nats, 0 or more", _real(lambda mi: 0 <= mi < math.inf)),
    "seeds": Limit("a whole number from 1 to 10**6", _whole(1, MAX_RUNS)),
    "jobs": Limit("a whole number from 1 to 1024", _whole(1, MAX_THREADS)),
    "shifts": Limit("a whole number from 19 to 10**6", _whole(FEWEST_SHIFTS, MAX_RUNS)),
    "history": Limit("a whole number from 0 to 1000", _whole(0, MOST_HISTORY)),
    "degree": Limit("a whole number from 1 to 6", _whole(1, MOST_DEGREE)),
    "epochs": Limit("a whole number from 1 to 10**6", _whole(1, MAX_RUNS)),
    "steps": Limit("a whole number from 1 to 10**9", _whole(1, MAX_ROWS)),
    "latent": Limit("a whole number from 1 to 4096", _whole(1, MAX_LATENT)),
    "units": Limit("a whole number from 1 to 8192", _whole(1, MAX_UNITS)),
    "hidden": Limit("one or more layers of 1 to 8192 units", _units),
    "model_kind": Limit("vae or gan", _word("vae|gan")),
    "variance": Limit("a number from 1e-8 to 1", _real(lambda variance: 1e-8 <= variance <= 1)),
    "noise": Limit(
        "a positive number: without noise A is a function of the image, and shares infinitely much with it",
        _real(lambda noise: 0 < noise < math.inf),
    ),
    "options": Limit("a mapping from names of options to their values", _of(Mapping)),
    "progress": Limit("a function that takes the progress, or None", _of(Callable)),
}
