"""How the first lines of a text say that it is written: separator, decimal sign, comments before the table.

What is said by options is not guessed. What is guessed is noted, so that a person can see and overrule it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mmg_registry.data.reading.options import BLANKS, TextOptions
from mmg_registry.data.reading.words import Words
from mmg_registry.errors import DataError

SAMPLE_ROWS = 100
_NAMES = {"\t": "tabs", ";": "semicolons", "|": "pipes", ",": "commas", BLANKS: "blanks"}
_LOOKED_AT = 100  # columns of the sample whose cells are looked at; a table of genes has 20,000
_AGREE = 0.9  # so many rows of the sample have the width of a table; a footer or a torn line may differ
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_POINT_NUMBER = re.compile(r"[+-]?\d*\.\d+(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a text is written.

    Attributes:
        sep: one character, or "blanks".
        words: how cells are read.
        comment: what begins a comment anywhere in the text, or None.
        start: number of lines before the table: skipped, empty, comments.
        heading: the last comment line before the table, which may hold the names, or "".
        notes, doubts: what was guessed (see `Table`).
    """

    sep: str
    words: Words
    comment: str | None
    start: int
    heading: str
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def sniff(lines: Sequence[str], options: TextOptions, usual: str | None) -> Dialect:
    """Return the dialect of a text from its first lines; `usual` is the separator that its suffix promises, or None.

    Raises:
        DataError: when the lines hold no table.
    """
    if told := re.fullmatch(r"sep=(.)", lines[0].strip("\ufeff\r\n") if lines else ""):  # a hint for Excel
        options = replace(options, sep=options.sep or told[1], skip=max(options.skip, 1))
    start, heading = _start(lines, options)
    comment = options.comment
    table = [line for line in without_comments(lines[start : start + 2 * SAMPLE_ROWS], comment) if line.strip()]
    if not table:
        raise DataError("it is empty" if not options.skip else f"it is empty after the {options.skip} lines of --skip")
    sep = options.sep or _separator(table[:SAMPLE_ROWS], usual)
    decimal, doubts = _decimal(list(split(table[1:SAMPLE_ROWS], sep)), sep, options)
    notes = [*_said(sep, usual, options, table[0]), *([_COMMAS] if decimal == "," and options.decimal is None else [])]
    return Dialect(sep, Words.of(options, decimal), comment, start, heading, tuple(notes), tuple(doubts))


_COMMAS = "Commas are read as decimal signs (--decimal tells otherwise)."


def _said(sep: str, usual: str | None, options: TextOptions, line: str) -> list[str]:
    if sep == usual or options.sep is not None or len(next(split([line], sep), [])) < 2:
        return []
    return [f"Cells are taken as separated by {_NAMES[sep]} (--sep tells otherwise)."]


def _start(lines: Sequence[str], options: TextOptions) -> tuple[int, str]:
    """Return the number of lines before the table, and the last comment among them."""
    sign, heading = options.comment or "#", ""
    for place in range(options.skip, len(lines)):
        line = lines[place].strip().lstrip("\ufeff")
        if line and not line.startswith(sign):
            return place, heading
        heading = line.lstrip(sign).strip() or heading
    return len(lines), heading


def without_comments(lines: Iterator[str] | Sequence[str], comment: str | None) -> Iterator[str]:
    """Return lines without what follows `comment` outside of quotes; a line stays a line, to be counted."""
    if comment is None:
        yield from lines
        return
    for line in lines:
        before, found, _ = line.partition(comment)
        yield line if not found or before.count('"') % 2 else before.rstrip() + "\n"


def split(lines: Iterator[str] | Sequence[str], sep: str) -> Iterator[list[str]]:
    """Return rows of cells; a quoted cell may hold separators and line breaks, an empty line is an empty row."""
    if sep != BLANKS:
        return reader(lines, sep)
    return reader((line.replace("\t", " ").strip() + "\n" for line in lines), " ")


def reader(lines: Iterator[str] | Sequence[str], sep: str) -> Iterator[list[str]]:
    """Return the standard library's reader, which also counts lines (`line_num`)."""
    return csv.reader(iter(lines), delimiter=sep, skipinitialspace=sep == " ")


# --- the separator ----------------------------------------------------------------------------------------------


def _separator(lines: list[str], usual: str | None) -> str:
    """Return the separator under which the sample is most of a table; the usual one where nothing is better."""
    candidates = list(dict.fromkeys([*([usual] if usual else []), "\t", ",", ";", "|", BLANKS]))
    scores = [_score(lines, sep) for sep in candidates]
    best = max(scores)
    return candidates[scores.index(best)] if best > (0, 0.0) else usual or BLANKS


def _score(lines: list[str], sep: str) -> tuple[int, float]:
    """Return how well a separator fits: 2 for one width, 1 for a header one cell short; the share of numbers."""
    rows = [row for row in split(lines, sep) if row]
    head, body = rows[0], rows[1:] or rows[:1]
    widths = [len(row) for row in body]
    width = max(set(widths), key=widths.count)
    if width < 2 or widths.count(width) < _AGREE * len(widths) or len(head) not in (width, width - 1):
        return 0, 0.0
    cells = [cell for row in body if len(row) == width for cell in row[:_LOOKED_AT]]
    share = sum(_like_number(cell, sep) for cell in cells) / len(cells)
    if sep == BLANKS and not _numbers_last(body, width):
        return 0, 0.0  # words of a sentence
    return (2 if len(head) == width else 1), round(share, 1)


def _like_number(cell: str, sep: str) -> bool:
    return _POINT.number(cell) is not None or (sep != "," and _COMMA.number(cell) is not None)


_POINT, _COMMA = Words(), Words(decimal=",")


def _numbers_last(body: list[list[str]], width: int) -> bool:
    return all(_like_number(row[-1], BLANKS) for row in body if len(row) == width)


# --- the decimal sign ---------------------------------------------------------------------------------------------


def _decimal(body: list[list[str]], sep: str, options: TextOptions) -> tuple[str, list[str]]:
    """Return the decimal sign of the sample, and a doubt where commas may group digits instead."""
    if options.decimal is not None or sep == "," or options.thousands == ",":
        return options.decimal or ".", []
    cells = [cell.strip() for row in body for cell in row[:_LOOKED_AT]]
    commas = [cell for cell in cells if _COMMA_NUMBER.fullmatch(cell)]
    if not commas or any(_POINT_NUMBER.fullmatch(cell) for cell in cells):
        return ".", []
    if all(_GROUPED.fullmatch(cell) for cell in commas):
        return ",", [
            f"{commas[0]} is read as {commas[0].replace(',', '.')}; if its comma groups digits, give --thousands ,"
        ]
    return ",", []
