"""What may be asked for about a series: lags, history, shifts, the functions of columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mmg_registry.errors import OptionError, demand
from mmg_registry.limits import demand_value, keep

MOST_LAGS = 1_000  # of a question: each costs some products of all rows at every shift
FARTHEST_LAG = 1_000_000  # steps of time
Lags = int | str | Iterable[int]


@dataclass(frozen=True)
class Plan:
    """How a question about a series is put.

    Attributes:
        lags: of the source, in steps of time before the target; a negative one lies after it.
        history: steps of the target's own past that are given; None for as many as held-out prediction chooses.
        given_history: the same for the columns that are given.
        shifts: circular shifts of the source that tell what chance adds.
        degree: of the functions of columns: 1 for straight lines in normal scores, up to 6.

    Raises:
        OptionError: for a value out of range.
    """

    lags: tuple[int, ...]
    history: int | None = None
    given_history: int | None = None
    shifts: int = 499
    degree: int = 3

    def __post_init__(self) -> None:
        keep(self, "shifts", "degree")
        keep(self, optional=("history",))
        if self.given_history is not None:
            keep(self, given_history="history")


def parse_lags(lags: Lags, least: int | None = None, spelt: str = "lags") -> tuple[int, ...]:
    """Return lags as they are written: a number, a range with both ends, "a:b", or several of these with commas.

    Args:
        lags: text, a number or numbers.
        least: the least lag that is allowed; None for any.
        spelt: the spelling of the option in messages.

    Raises:
        OptionError: for what is not of this form, too many lags, or one below `least`.

    Example:
        >>> parse_lags("0:3,8"), parse_lags(range(1, 3)), parse_lags("-2:-1")
        ((0, 1, 2, 3, 8), (1, 2), (-2, -1))
    """
    words = lags.split(",") if isinstance(lags, str) else [lags] if isinstance(lags, int) else list(lags)
    found = tuple(dict.fromkeys(lag for word in words for lag in _range(str(word).strip(), spelt)))
    demand(0 < len(found) <= MOST_LAGS, f"'{spelt}' are {len(found)} lags, and 1 to {MOST_LAGS:,} are possible.")
    if least is not None:
        demand(
            min(found) >= least,
            f"'{spelt}' begin at {min(found)} and must be {least} or more: what comes later is no past of the target.",
        )
    return tuple(sorted(found))


def _range(word: str, spelt: str) -> Iterable[int]:
    form = re.fullmatch(r"([+-]?\d+)(?::([+-]?\d+))?", word, re.ASCII)
    if form is None:
        raise OptionError(f"'{word}' among '{spelt}' is no lag; write a number, or a range with both ends as in 0:50.")
    first, last = int(form[1]), int(form[2] or form[1])
    demand(first <= last, f"The range {word} of '{spelt}' runs backwards; write {last}:{first}.")
    demand_value(max(-first, last) <= FARTHEST_LAG, spelt, word, f"within {FARTHEST_LAG:,} steps")
    demand(last - first < MOST_LAGS, f"The range {word} of '{spelt}' has more than {MOST_LAGS:,} lags.")
    return range(first, last + 1)


def split_choices(choices: dict[str, Any]) -> dict[str, Any]:
    """Take the fields of `Plan` but for lags and history out of keyword arguments, and return them."""
    return {name: choices.pop(name) for name in ("given_history", "shifts", "degree") if name in choices}
