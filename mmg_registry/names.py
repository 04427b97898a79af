"""The suggestion that error messages make for an unknown name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

CLOSE = 0.5  # difflib's similarity: "god-one" and "good-one" have 0.93, unrelated words of six letters up to 0.4


def nearest(name: str, known: Iterable[str], lead: str = "there are", most: int = 1, beside: Iterable[str] = ()) -> str:
    """Return a clause with the known names most similar to `name`, or with all known names if none is similar.

    Args:
        name: the unknown name.
        known: the known names.
        lead: the words before the list of all known names.
        most: the largest number of similar names to give.
        beside: further names to suggest, which are not listed among the known ones.

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
