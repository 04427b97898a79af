"""What to say of a name that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

CLOSE = 0.5  # difflib's similarity: "god-one" and "good-one" have 0.93, unrelated words of six letters up to 0.4


def nearest(name: str, known: Iterable[str], lead: str = "there are", most: int = 1, beside: Iterable[str] = ()) -> str:
    """Return the clause that names what `name` was most likely meant to be, else all that is known.

    Args:
        name: what was asked for.
        known: the names that there are.
        lead: how the list of all names begins.
        most: how many similar names to give.
        beside: names that may be meant as well, and that the list of all does not hold.

    Example:
        >>> nearest("stepz", ["steps", "width"])
        "the nearest is 'steps'"
        >>> nearest("zzz", ["steps", "width"], "it has")
        'it has steps, width'
    """
    names = list(known)
    close = difflib.get_close_matches(name, [*names, *beside], n=most, cutoff=CLOSE)
    if len(close) == 1:
        return f"the nearest is '{close[0]}'"
    return f"the nearest are {', '.join(close)}" if close else f"{lead} {', '.join(names) or 'none'}"
