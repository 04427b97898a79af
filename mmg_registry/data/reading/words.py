"""What a cell of text means: a number, a missing value, a truth value, a date, or text.

Numbers are what pandas calls numbers: ASCII digits with a sign, a decimal sign and an exponent. `1_7`, hexadecimal and
other digits are text, although Python's `float` or Arrow take some of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.reading.faults import counted
from mmg_registry.data.reading.options import TextOptions
from mmg_registry.errors import DataError

# pandas' own words, then those of Excel, SAS, MySQL, old C libraries and hands; compared in lower case.
MISSING = frozenset(
    [
        *(
            "",
            "#n/a",
            "#n/a n/a",
            "#na",
            "-1.#ind",
            "-1.#qnan",
            "-nan",
            "1.#ind",
            "1.#qnan",
            "<na>",
            "n/a",
            "na",
            "null",
        ),
        *("nan", "none", "nat", "?", "-", "--", "---", ".", "..", "n.d.", "n.a.", "missing", "\\n"),
        *("#div/0!", "#value!", "#ref!", "#num!", "#name?", "#null!"),
    ]
)
_INFINITE = {"1.#inf": np.inf, "-1.#inf": -np.inf}
_TRUTH = {"true": True, "false": False}
_NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?", re.ASCII)
_ALIKE = re.compile(r"[+-]?\d{1,3}(?:[., ']\d{3})*(?:[.,]\d+)?", re.ASCII)
_BLANKS = " \t\r\n\f\v"  # what str.strip takes without an argument includes blanks of other scripts

EXACT = 2**53  # float64 holds every whole number up to here
_MOSTLY = 0.9  # a column with so many numbers among its values is one of numbers, with something wrong in it
_FEW = 10  # values below which a share says nothing

Column = NDArray[Any]


@dataclass(frozen=True)
class Words:
    """How cells are read.

    Attributes:
        missing: words in lower case that stand for a missing value.
        decimal: the decimal sign.
        thousands: the sign that groups digits, or "".
    """

    missing: frozenset[str] = MISSING
    decimal: str = "."
    thousands: str = ""

    @staticmethod
    def of(options: TextOptions, decimal: str = ".") -> Words:
        """Return what `options` say, with the decimal sign that was found where they say none."""
        more = frozenset(word.strip(_BLANKS).lower() for word in options.na)
        return Words(MISSING | more, options.decimal or decimal, options.thousands or "")

    @property
    def plain(self) -> bool:
        """Whether numbers are written as Python writes them."""
        return self.decimal == "." and not self.thousands

    def number(self, cell: str) -> float | None:
        """Return a cell as a number, NaN where the value is missing, None where it is text.

        Example:
            >>> Words().number(" 1.5e3 "), Words().number("1_7"), Words(decimal=",").number("1,5")
            (1500.0, None, 1.5)
        """
        word = cell.strip(_BLANKS).lower()
        if word in self.missing:
            return np.nan
        if word in _INFINITE:
            return _INFINITE[word]
        digits = self._digits(word)
        return float(digits) if digits is not None and _NUMBER.fullmatch(digits) else None

    def _digits(self, word: str) -> str | None:
        """Return `word` as Python writes numbers; None where it uses the point though the decimal sign is another."""
        if self.plain:
            return word
        if self.thousands:
            word = word.replace(self.thousands, "")
        if self.decimal == ".":
            return word
        return None if "." in word else word.replace(self.decimal, ".")

    def is_missing(self, cell: str) -> bool:
        """Return whether a cell stands for a missing value."""
        return cell.strip(_BLANKS).lower() in self.missing

    def numbers(self, cells: Sequence[str]) -> NDArray[np.float64] | None:
        """Return cells as numbers, NaN where they are missing; None when one of them is text.

        Whole numbers that float64 does not hold are None too, for they are not to be told apart by their floats.
        """
        values = self._fast(cells)
        if values is None:
            slow = {cell: self.number(cell) for cell in set(cells)}  # labels recur, and are looked at once
            if None in slow.values():
                return None
            values = np.array([slow[cell] for cell in cells], dtype=np.float64)
        large = np.flatnonzero(np.isfinite(values) & (np.abs(values) >= EXACT)).tolist()
        inexact = any(_is_whole(cells[i]) and int(cells[i]) != int(values[i]) for i in large)
        return None if inexact else values

    def _fast(self, cells: Sequence[str]) -> NDArray[np.float64] | None:
        """Return what Python's `float` makes of cells without anything that it takes and we do not."""
        joined = "".join(cells)
        if not self.plain or not joined.isascii() or "_" in joined:
            return None
        try:
            return np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            return None

    def column(self, cells: Sequence[str], name: str, line: Callable[[int], int] | None = None) -> Column:
        """Return cells as one column: float64, int64 or whole numbers above 2**53 as objects, bool, dates, or text.

        Missing values are NaN, NaT or None. `line` gives the line of the i-th cell, for messages.

        Raises:
            DataError: for a column of numbers with a few cells of text in it, naming the first.

        Example:
            >>> Words().column(["1", "NA"], "a"), Words().column(["b", "?"], "a")
            (array([ 1., nan]), array(['b', None], dtype=object))
        """
        values = self.numbers(cells)
        if values is not None:
            return values
        words = {cell: cell.strip(_BLANKS) for cell in set(cells)}
        meant = {cell: None if word.lower() in self.missing else word for cell, word in words.items()}
        known = [meant[cell] for cell in cells]
        special = self._whole(known) or _truth(known) or _dates(known)
        if special is not None:
            return special[0]
        self._refuse_written_otherwise(known, name)
        self._refuse_strays(known, name, line or (lambda i: i + 1))
        return _objects(known)

    def _whole(self, known: list[str | None]) -> tuple[Column] | None:
        """Return whole numbers beyond float64 exactly, where all are whole."""
        if not self.plain or not all(word is None or _is_whole(word) for word in known):
            return None
        whole = [None if word is None else int(word) for word in known]
        fits = all(value is not None and -(2**63) <= value < 2**63 for value in whole)
        return (np.array(whole, dtype=np.int64) if fits else _objects(whole),)

    def _refuse_written_otherwise(self, known: list[str | None], name: str) -> None:
        """Refuse a column of numbers that are written in a way that was neither said nor found."""
        held = list(dict.fromkeys(word for word in known if word is not None))
        written = next((word for word in held if self.number(word) is None), "")
        if hint(written) and all(self.number(word) is not None or hint(word) for word in held):
            raise DataError(f"the column '{name}' holds {written!r:.40}, which {hint(written)}")

    def _refuse_strays(self, known: list[str | None], name: str, line: Callable[[int], int]) -> None:
        """Refuse what is neither a column of numbers nor one of text: a row of units, a footer, a word for a gap."""
        words = {word for word in set(known) if word is not None and self.number(word) is None}
        held = [i for i, word in enumerate(known) if word is not None]
        text = [i for i in held if known[i] in words]
        lone = len(text) == 1 and len(held) > 2 and text[0] in (held[0], held[-1])
        if not lone and (len(held) < _FEW or len(held) - len(text) < _MOSTLY * len(held)):
            return
        word, place = known[text[0]], line(text[0])
        raise DataError(
            f"the column '{name}' holds numbers, but {word!r:.40} in line {place} "
            f"({counted(len(text), 'such cell')}){self._hint(str(word))}; if it stands for a missing value, give "
            f"--na {_quoted(str(word))}; if the line is no data, remove it, or leave it out with --comment or --skip"
        )

    def _hint(self, word: str) -> str:
        return f", which {alike}" if (alike := hint(word)) else ""


def hint(word: str) -> str:
    """Return what a cell that is nearly a number may need, as the end of a sentence, or "".

    Example:
        >>> hint("1,5")
        'is a number if --decimal , or --thousands , says so'
    """
    bare = word.strip().lstrip("$€£").rstrip("%")
    if "," in bare and _ALIKE.fullmatch(bare):
        return "is a number if --decimal , or --thousands , says so"
    return "is a number with a unit, which must go" if bare != word.strip() and _NUMBER.fullmatch(bare) else ""


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w.+-]+", word) else f"'{word[:40]}'"


def _is_whole(word: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+\s*", word, re.ASCII) is not None


def _truth(known: list[str | None]) -> tuple[Column] | None:
    if not all(word is None or word.lower() in _TRUTH for word in known):
        return None
    values = [None if word is None else _TRUTH[word.lower()] for word in known]
    return (_objects(values) if None in values else np.array(values, dtype=bool),)


def _dates(known: list[str | None]) -> tuple[Column] | None:
    if not all(word is None or _DATE.fullmatch(word) for word in known):
        return None
    try:
        return (np.array(["NaT" if word is None else word for word in known], dtype="datetime64[us]"),)
    except ValueError:  # the 30th of February
        return None


def _objects(values: Sequence[Any]) -> Column:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
