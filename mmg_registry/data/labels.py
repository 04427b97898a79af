"""Text and truth values as columns of codes, with the names that the codes stand for.

Codes are 0, 1 .. in the order of the sorted names, NaN where a value is missing. What cannot be a category though it is
text is refused here: identifiers, dates, and numbers that are written as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64
from mmg_registry.contracts import Array
from mmg_registry.errors import DataError

Labels = tuple[str, ...]

_MISSING_TYPES = ("NoneType", "NAType", "NaTType")  # None, and what pandas has in its place
TRUTH: Labels = ("False", "True")
RECURRING = 2  # rows a label at least, on average, of a category; with fewer, text is as good as an identifier
NUMBERED = 50  # labels up to which text may look like numbers (months, chromosomes, sites)
MOSTLY = 0.5  # share of labels that look like numbers or dates, from which all are taken for such
_NUMBER = re.compile(r"[+-]?[\d.,'_ ]*\d[\d.,'_ ]*(?:e[+-]?\d+)?|0x[\da-f]+", re.IGNORECASE)
_TIME = r"\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[ap]m)?"
_DATE = re.compile(
    r"\d{4}[-/.]\d\d?[-/.]\d\d?(?:[T ].*)?|\d\d?[-/.]\d\d?[-/.]\d{4}(?:[T ].*)?|" + _TIME, re.ASCII | re.IGNORECASE
)


def is_missing(value: Any) -> bool:
    """Return whether an object stands for a missing value: None, NaN, or pandas' own NA and NaT."""
    return type(value).__name__ in _MISSING_TYPES or (isinstance(value, float) and value != value)


def of_text(words: NDArray[Any]) -> tuple[F64, Labels]:
    """Return text `(n,)` as codes, and the names of these.

    Example:
        >>> codes, names = of_text(np.array(["b", None, "a", "b"], dtype=object))
        >>> codes.tolist(), names
        ([1.0, nan, 0.0, 1.0], ('a', 'b'))
    """
    distinct = set(words.tolist())
    names = tuple(sorted({_text(word) for word in distinct if not is_missing(word)}))
    places = {name: float(place) for place, name in enumerate(names)}
    code = {word: np.nan if is_missing(word) else places[_text(word)] for word in distinct}
    return np.fromiter(map(code.__getitem__, words.tolist()), np.float64, len(words)), names


def _text(word: str | bytes) -> str:
    return word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word)


def of_categories(data: Any) -> tuple[F64, Labels] | None:
    """Return a categorical of pandas as codes of the names that occur in it; None for anything else."""
    accessor = getattr(data, "cat", data)
    if str(getattr(data, "dtype", "")) != "category" or not hasattr(accessor, "categories"):
        return None
    codes = np.asarray(accessor.codes)
    names = np.array([str(name) for name in accessor.categories] + [None], dtype=object)
    return of_text(names[codes])  # a missing value has the code -1, and so the last name


def _types(column: NDArray[Any]) -> set[type]:
    """The types of the values that are not missing; values are looked at one by one only where types do not tell."""
    types = {each for each in set(map(type, column.tolist())) if each.__name__ not in _MISSING_TYPES}
    numbers = float in types and any(isinstance(value, float) and value == value for value in column)
    return types if numbers else types - {float}


def of_objects(column: NDArray[Any]) -> tuple[F64, Labels] | None:
    """Return objects `(n,)` as codes where all that are not missing are text, or all are truth values; else None."""
    held = _types(column)
    if held and all(issubclass(each, (str, bytes)) for each in held):
        return of_text(column)
    if held and held <= {bool, np.bool_}:
        return np.array([np.nan if is_missing(value) else float(value) for value in column]), TRUTH
    return None


# --- What text is no category ---------------------------------------------------------------------------------------
def refuse_text(codes: Array, labels: Labels, column: str, told: bool) -> None:
    """Refuse text that is no category, unless it was `told` to be one; identifiers are refused even then.

    Args:
        codes: `(n,)`, without missing values.
        column: the column and its side, for the sentence.

    Raises:
        DataError: for text that is nearly always another, dates, and numbers written as text, with the way out.
    """
    present = [labels[int(code)] for code in np.unique(codes)]
    if len(present) * RECURRING > len(codes):
        raise DataError(
            f"{column} holds text ({present[0]!r:.40}) with {len(present)} different values in {len(codes)} rows, as "
            "identifiers have; leave it out, or put what is in it into columns of their own."
        )
    if not told and _share(_DATE, present) > MOSTLY:
        raise DataError(
            f"{column} holds dates or times ({present[0]!r:.40}); leave it out, give numbers in its place, such as "
            "days since the first or the hour, or, where each is a class of its own, say --kind NAME=category (kinds=)."
        )
    if not told and len(present) > NUMBERED and _share(_NUMBER, present) > MOSTLY:
        raise DataError(
            f"{column} holds numbers written as text ({present[0]!r:.40}) with {len(present)} different values; "
            "convert them to numbers, or, where they are names, say --kind NAME=category (kinds=)."
        )


def _share(pattern: re.Pattern[str], labels: Sequence[str]) -> float:
    return sum(pattern.fullmatch(label.strip()) is not None for label in labels) / len(labels)


# --- The same codes in other rows -----------------------------------------------------------------------------------
def matched(column: Array, labels: Labels, wanted: Labels, name: str) -> Array:
    """Return the codes `(n,)` of evaluation rows as those of the fitting rows, by the names of the labels.

    Args:
        column: codes of `labels`, or numbers where these are empty.
        wanted: names of the fitting rows' codes; empty where they are numbers.
        name: the column with its side and source, for the sentence.

    Raises:
        DataError: for a label that no fitting row has, or text in place of numbers and the reverse.
    """
    if labels == wanted or {labels, wanted} == {(), TRUTH}:
        return column
    if not (labels and wanted):
        kinds = [("text" if each else "numbers") for each in (labels, wanted)]
        raise DataError(f"{name} holds {kinds[0]} where the fitting rows hold {kinds[1]}; give the same.")
    unknown = [labels[int(code)] for code in np.unique(column) if labels[int(code)] not in wanted]
    if unknown:
        raise DataError(
            f"{name} holds {unknown[0]!r:.40}, which no fitting row has; leave these rows out, or add such rows to "
            "those that are fitted."
        )
    places = {label: place for place, label in enumerate(wanted)}
    table = np.array([places.get(label, 0) for label in labels], dtype=column.dtype)
    found: Array = table[column.astype(np.int64)]
    return found
