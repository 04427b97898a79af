"""Properties of text reading, tried on generated tables: what is written comes back, and both loaders agree."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmg_registry.data.reading import arrow, own
from mmg_registry.data.reading.select import parts_of
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.table import Asked, Table
from mmg_registry.data.reading.text import text
from mmg_registry.data.reading.words import MISSING, Words
from mmg_registry.errors import DataError

BOUNDED = settings(max_examples=150, deadline=None, database=None, derandomize=True)
NUMBERS = st.floats(allow_nan=False) | st.integers(-(2**70), 2**70)
WORDS = st.sampled_from(
    [*sorted(MISSING), "NaN", "NA", "1_7", "0x1F", "+5", "1e400", " 2 ", "a", "true", "\u0661", "1,5", 'q"t']
)
CELLS = NUMBERS.map(str) | WORDS | st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff"), max_size=5)


def columns_of(table: list[list[str]], sep: str) -> tuple[Table, Any]:
    """Open a table of texts below the header a, b, .. as a file, and return it with its layout."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=sep, lineterminator="\n")
    writer.writerow([f"name_{j}" for j in range(len(table[0]))])
    writer.writerows(table)
    source = Source("d.csv", ".csv", content=buffer.getvalue().encode())
    layouts: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "load", lambda layout, places: layouts.append(layout) or [])
        patch.setattr(arrow, "load", lambda layout, places: None)
        opened = text(sep)(source, Asked())
        opened.load(range(len(opened.names)))
    return opened, layouts[0]


def loaded(loader: Any, layout: Any, width: int) -> Any:
    try:
        return loader.load(layout, list(range(width)))
    except DataError as error:
        return str(error)


@BOUNDED
@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
    )
)
@example([["9007199254740993"], ["9007199254740992"]])
@example([["0x1F"], ["3"]])
@example([['a"b'], ['"']])
def test_arrow_reads_what_python_reads(table: list[list[str]]) -> None:
    try:
        opened, layout = columns_of(table, ",")
    except DataError:
        return  # both ways open a text by the same first look
    fast, slow = (loaded(loader, layout, len(opened.names)) for loader in (arrow, own))
    if fast is None:
        return  # Arrow leaves it to Python
    assert not isinstance(slow, str)
    for one, other in zip(fast, slow, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@BOUNDED
@given(st.lists(st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False)), min_size=2, max_size=9))
@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
def test_numbers_come_back_bit_for_bit(sep: str, rows: list[tuple[float, float]]) -> None:
    opened, layout = columns_of([[repr(a), repr(b)] for a, b in rows], sep)
    assert opened.names == ["name_0", "name_1"]
    for loader in (arrow, own):
        found = loaded(loader, layout, 2)
        if found is not None:
            np.testing.assert_array_equal(np.column_stack([np.asarray(each, float) for each in found]), rows)


@BOUNDED
@given(st.text(max_size=12))
def test_numbers_are_what_pandas_calls_numbers(cell: str) -> None:
    value = Words().number(cell)
    if value is not None and not math.isnan(value):
        assert re.fullmatch(r"\s*[-+]?(\d|\.\d|inf|1\.#inf).*", cell, re.IGNORECASE | re.DOTALL)
        assert cell.strip().isascii()
        assert "_" not in cell


@BOUNDED
@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_characters='"\r\n\0', exclude_categories=["Cc", "Zl", "Zp"]),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
    )
)
def test_names_in_quotes_are_found_whatever_they_hold(names: list[str]) -> None:
    wanted = [name.strip() for name in names if name.strip()]
    assert parts_of(",".join(f'"{name}"' for name in wanted)) == wanted


@BOUNDED
@given(st.binary(max_size=200))
@pytest.mark.parametrize("usual", [",", None])
def test_any_bytes_are_a_table_or_refused(usual: str | None, content: bytes) -> None:
    try:
        opened = text(usual)(Source("d.csv", ".csv", content=content), Asked())
        columns = opened.load(list(range(len(opened.names))))
    except DataError:
        return
    assert len({len(column) for column in columns}) == 1
