"""Whether the first row of a table holds names, and which column holds only the names of rows.

Text over numbers is a header. A row of numbers is one when the names asked for are in it, or when an index column or
its types tell; a table that can be read both ways is refused, with both ways out.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from mmg_registry.data.reading.dialect import SAMPLE_ROWS
from mmg_registry.data.reading.faults import counted
from mmg_registry.data.reading.table import Asked
from mmg_registry.data.reading.words import Words
from mmg_registry.errors import DataError

INDEX = "index"
_YEARS = range(1500, 2201)
_EVEN_COLUMNS = 4  # from here on, evenly spaced numbers are wavelengths, doses, years or places rather than data


@dataclass(frozen=True)
class Header:
    """What the first row of a table is.

    Attributes:
        names: names of the columns, with that of the index last where there is one.
        order: the place in a row of each name.
        headed: whether the first row is used up by names.
        hidden: 1 where the last name is that of an index, else 0.
        notes: what was guessed.
    """

    names: list[str]
    order: list[int]
    headed: bool
    hidden: int = 0
    notes: tuple[str, ...] = ()


def decide(rows: Sequence[list[str]], asked: Asked, words: Words, heading: Sequence[str] = ()) -> Header:
    """Return the header of a table whose first rows are given; `heading` holds names from a comment above it.

    Raises:
        DataError: where a row of numbers may be a header or data.
    """
    first, body = rows[0], [row for row in rows[1 : SAMPLE_ROWS + 1] if row]
    _refuse_title(first, body, words)
    choice = asked.text.header
    if choice == "none":
        return _headless(first)
    if heading and len(heading) == len(first) and choice == "auto" and not _names(first, words):
        return _named([cell.strip() for cell in heading], body, headed=False)
    if choice == "first" or _names(first, words) or _is_indexed(first, body, words):
        if choice == "auto" and not (asked.names and asked.names <= {cell.strip() for cell in first}):
            _refuse_same_kinds(first, body, words)
        return _named([cell.strip() for cell in first], body, headed=True)
    return _of_numbers(first, body, asked, words)


def _refuse_title(first: list[str], body: Sequence[list[str]], words: Words) -> None:
    """Refuse a line above the header: one of other width than all that follow, or a short one above a row of names.

    Raises:
        DataError: naming it, with the way out.
    """
    widths = {len(row) for row in body}
    if len(body) < 2 or len(widths) > 1 or widths == {len(first)}:
        return
    width = widths.pop()
    above_names = _names(body[0], words) and not any(_names(row, words) for row in body[1:])
    if len(first) != width - 1 or (above_names and words.number(body[0][0]) is None):
        raise DataError(
            f"its first line ({', '.join(first)[:40]}) has {counted(len(first), 'cell')} where the others have "
            f"{width}; if it is a title, leave it out with --skip"
        )


def _headless(first: list[str]) -> Header:
    return Header([str(place) for place in range(len(first))], list(range(len(first))), headed=False)


def _named(names: list[str], body: Sequence[list[str]], headed: bool) -> Header:
    """Return a header of names, after a look for the column that has none."""
    width = body_width([names, *body])
    if width == len(names) + 1 and any(row[-1].strip() for row in body):
        return _indexed(names, width, headed, "The first column has no name in the header, so it names the rows")
    if len(names) > 1 and not names[0] and all(names[1:]):
        return _indexed(names[1:], len(names), headed, "The first column has no name, so it is an index")
    while len(names) > 1 and not names[-1] and not any("".join(row[len(names) - 1 :]).strip() for row in body):
        names = names[:-1]  # a separator at the end of each line
    return Header(names, list(range(len(names))), headed)


def _indexed(names: list[str], width: int, headed: bool, why: str) -> Header:
    name = INDEX if INDEX not in names else f"{INDEX} of rows"
    note = f"{why} and is no data; ask for it as '{name}'."
    return Header([*names, name], [*range(1, width), 0], headed, 1, (note,))


def body_width(rows: Sequence[list[str]]) -> int:
    """Return how many cells a row has: as many as the first, or one more where all the others have one more."""
    usual, widths = len(rows[0]), {len(row) for row in rows[1:] if row}
    return usual + 1 if widths == {usual + 1} else usual


def _names(first: list[str], words: Words) -> bool:
    return any(words.number(cell) is None for cell in first)


def _is_indexed(first: list[str], body: Sequence[list[str]], words: Words) -> bool:
    """Return whether the first cell is empty over an index: text, or 0, 1, 2 .., or any numbers under such names."""
    if first[0].strip() or len(first) < 2 or not body or not _distinct_whole(first[1:]):
        return False
    column = [row[0].strip() for row in body]
    if not all(column) or len(set(column)) < len(column):
        return False
    numbers = [words.number(cell) for cell in column]
    if any(value is None for value in numbers):
        return True
    counting = {1.0} in (_steps([float(cell) for cell in first[1:]]), _steps([value or 0.0 for value in numbers]))
    return counting or len(body) == 1


def _refuse_same_kinds(first: list[str], body: Sequence[list[str]], words: Words) -> None:
    """Refuse a first row of text and numbers over columns of the same: a table with labels and without a header?

    Whole numbers over text or over fractions are names (years), and so is text over numbers.
    """
    numbers = [j for j, cell in enumerate(first) if cell.strip() and words.number(cell) is not None]
    texts = [j for j in range(len(first)) if j not in numbers and first[j].strip()]
    if (
        not body
        or not numbers
        or _any_number(body, texts, words)
        or not all(_all_numbers(body, j, words) for j in numbers)
    ):
        return
    if all(_is_whole(first[j]) and not _any_whole(body, j) for j in numbers) or _are_years(first, numbers, body):
        return
    raise _unclear(first)


def _any_number(body: Sequence[list[str]], columns: Sequence[int], words: Words) -> bool:
    cells = [row[j] for row in body for j in columns if j < len(row) and not words.is_missing(row[j])]
    return any(words.number(cell) is not None for cell in cells)


def _all_numbers(body: Sequence[list[str]], j: int, words: Words) -> bool:
    return all(words.number(row[j]) is not None for row in body if j < len(row))


def _of_numbers(first: list[str], body: Sequence[list[str]], asked: Asked, words: Words) -> Header:
    """Return what a row of numbers is.

    Raises:
        DataError: where it cannot be told.
    """
    names = [cell.strip() for cell in first]
    found = bool(asked.names) and asked.names <= set(names)
    if found and not _other_columns(asked.names, names):
        return _named_by(names, body, "the names asked for are in it")
    header = _by_types(names, first, body, words)
    if found and not header.headed:
        raise _unclear(first)
    return header


def _other_columns(asked: frozenset[str], names: list[str]) -> bool:
    """Return whether what was asked for are other columns when taken as positions."""
    positions = all(_is_whole(name) and int(name) < len(names) for name in asked)
    return positions and any(names.index(name) != int(name) for name in asked)


def _by_types(names: list[str], first: list[str], body: Sequence[list[str]], words: Words) -> Header:
    if not body or len(set(names)) < len(names) or not all(names):
        return _headless(first)
    if _distinct_whole(names):
        return _of_whole_numbers(first, body)
    if len(names) >= _EVEN_COLUMNS and _evenly(names, words) and not any(_evenly(row, words) for row in body):
        return _named_by(names, body, "its numbers are evenly spaced")
    return _headless(first)


def _of_whole_numbers(first: list[str], body: Sequence[list[str]]) -> Header:
    """Return what a row of distinct whole numbers is: names over fractions, and years; data over whole numbers."""
    names, columns = [cell.strip() for cell in first], range(len(first))
    fractions = [j for j in columns if not _any_whole(body, j)]
    if len(names) > 1 and len(fractions) == len(names):
        return _named_by(names, body, "it holds whole numbers over fractions")
    if len(names) > 1 and _are_years(first, list(columns), body):
        return _named_by(names, body, "it holds years")
    counts = [int(name) for name in names] == list(columns)
    if fractions or (counts and len(names) > 1):
        raise _unclear(first)
    return _headless(first)


def _unclear(first: list[str]) -> DataError:
    return DataError(
        f"its first row ({', '.join(first[:4])}{' ..' if len(first) > 4 else ''}) may hold names or data; say which: "
        "--header first where it holds names, --header none where it holds data"
    )


def _named_by(names: list[str], body: Sequence[list[str]], why: str) -> Header:
    found = _named(names, body, headed=True)
    note = f"The first row is taken as names, for {why} (--header none tells otherwise)."
    return Header(found.names, found.order, True, found.hidden, (note, *found.notes))


def _is_whole(cell: str) -> bool:
    bare = cell.strip()
    return bare.isascii() and bare.isdigit()


def _distinct_whole(cells: Sequence[str]) -> bool:
    return all(map(_is_whole, cells)) and len(set(cells)) == len(cells)


def _any_whole(body: Sequence[list[str]], j: int) -> bool:
    return any(_is_whole(row[j].lstrip(" +-")) for row in body if j < len(row))


def _are_years(first: list[str], columns: Sequence[int], body: Sequence[list[str]]) -> bool:
    """Return whether these cells are years, one step apart, over something else."""
    if not all(_is_whole(first[j]) and int(first[j]) in _YEARS for j in columns):
        return False
    below = [row[j].strip() for row in body for j in columns if j < len(row)]
    elsewhere = not any(_is_whole(cell) and int(cell) in _YEARS for cell in below)
    return elsewhere and len(_steps([float(first[j]) for j in columns])) <= 1


def _evenly(cells: Sequence[str], words: Words) -> bool:
    values = [words.number(cell) for cell in cells]
    steps = _steps([value for value in values if value is not None])
    return None not in values and len(steps) == 1 and steps != {0.0}


def _steps(values: Sequence[float]) -> set[float]:
    return {round(b - a, 9) for a, b in itertools.pairwise(values)}
