"""Chosen columns of a text by pyarrow, many times as fast as Python, where it is installed and reads as we do.

Arrow takes for numbers some things that are none (0x1F) and merges whole numbers beyond 2**53; columns in which that
may be, and all that are not of numbers, are taken as text and read by the same words as without Arrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmg_registry.data.reading.columnar import text_of_column
from mmg_registry.data.reading.options import BLANKS
from mmg_registry.data.reading.words import EXACT, Column, Words
from mmg_registry.errors import DataError

if TYPE_CHECKING:
    from mmg_registry.data.reading.text import Layout

_PLAIN = ("utf-8", "utf-8-sig")
_BLOCK = (
    1 << 24
)  # bytes converted at a time; by Arrow's own 1 MiB, 200 rows of 20,000 columns take 6.0 s in place of 4.5


def load(layout: Layout, places: Sequence[int]) -> list[Column] | None:
    """Return columns of a text, or None where Arrow is not there or would read otherwise than `own.load`."""
    try:
        import pyarrow
        from pyarrow import csv
    except ImportError:
        return None
    if not _fits(layout):
        return None
    try:
        table = _table(layout, places, csv, {})
        texts = [place for place in places if not _is_numbers(table.column(f"f{place}"))]
        if texts:
            kinds = {f"f{place}": pyarrow.string() for place in texts}
            table = _table(layout, places, csv, kinds)
        return [_column(table.column(f"f{place}"), layout, place) for place in places]
    except (pyarrow.ArrowInvalid, pyarrow.ArrowKeyError):  # rows of other lengths: Python's reader names the line
        return None
    except DataError:  # a stray text, of which Python's reader knows the line
        return None


def _fits(layout: Layout) -> bool:
    dialect = layout.dialect
    if dialect.sep == BLANKS or dialect.comment is not None or dialect.words.thousands or layout.encoding not in _PLAIN:
        return False
    return not any(layout.source.holds(sign) for sign in (b"0x", b"0X"))


def _table(layout: Layout, places: Sequence[int], csv: Any, kinds: dict[str, Any]) -> Any:
    read = csv.ReadOptions(
        use_threads=False, autogenerate_column_names=True, skip_rows=layout.used_lines, block_size=_BLOCK
    )
    parse = csv.ParseOptions(delimiter=layout.dialect.sep, newlines_in_values=layout.source.holds(b'"'))
    convert = csv.ConvertOptions(
        include_columns=[f"f{place}" for place in dict.fromkeys(places)],
        column_types=kinds,
        null_values=_spellings(layout.words),
        strings_can_be_null=False,
        decimal_point=layout.words.decimal,
    )
    with layout.source.open() as file:
        return csv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)


def _spellings(words: Words) -> list[str]:
    return sorted(
        {how(word) for word in words.missing for how in (str, str.upper, str.title, str.capitalize)} | {"NaN"}
    )


def _is_numbers(column: Any) -> bool:
    """Return whether Arrow found numbers that float64 holds: whole ones, fractions, or nothing but gaps."""
    if str(column.type) == "null":
        return True
    if str(column.type) not in ("int64", "double"):
        return False
    values = np.asarray(column.to_numpy())
    return not np.any(np.abs(values[np.isfinite(values)]) >= EXACT)


def _column(column: Any, layout: Layout, place: int) -> Column:
    if str(column.type) == "string":
        return layout.words.column(text_of_column(column).tolist(), layout.name_of(place))
    return np.asarray(column.to_numpy(), dtype=np.float64)
