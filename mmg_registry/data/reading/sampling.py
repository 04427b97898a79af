"""Which rows of a table are read: all, or some drawn at random where all would take too much memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.data.reading.stored import Stored
from mmg_registry.data.reading.where import Mask
from mmg_registry.limits import checked

HowMany = int | Literal["all"] | None
Fulfils = Callable[[slice], Mask]  # which of some neighbouring rows fulfil a condition

LARGEST = 1 << 30
"""Bytes of chosen columns, as float32 or float64, up to which all rows are read where nobody says how many.

An estimate takes three times its data and 600 MB (`benchmarks/memory.py`), so that one of this size stays below 4 GB.
It is the same on every machine, for an answer must not depend on its memory. Switch: `rows="all"` or a number.
"""

SAMPLE = 1_000_000
"""HowMany that are drawn from larger data, or as many as `LARGEST` holds.

The sampling error of an estimate falls with the root of its rows: a thousandth of a nat at a million rows of which each
tells one nat more or less, which is below what any estimator here misses of its own. Switch: `rows=N`.
"""


def checked_rows(rows: Any) -> HowMany:
    """Return how many rows are asked for, as a number, "all", or None where nobody says.

    Raises:
        OptionError: for other than these.

    Example:
        >>> checked_rows("1000"), checked_rows("all"), checked_rows(None)
        (1000, 'all', None)
    """
    found: HowMany = None if rows is None else checked("drawn", rows, spelt="rows")
    return found


def size_of(stored: Stored, rows: HowMany) -> int | None:
    """Return how many of the stored rows are to be drawn; None where all are to be read as ever."""
    if rows == "all":
        return None
    if rows is None:
        if stored.n * stored.row_bytes <= LARGEST:
            return None
        rows = max(1, min(SAMPLE, LARGEST // stored.row_bytes))
    return rows if rows < stored.n else None


def rows_that_fulfil(stored: Stored, fulfils: Fulfils, size: int, seed: int) -> tuple[Index, int]:
    """Return the sorted places of at most `size` rows of those that fulfil a condition, and how many these are.

    Each row gets a random number, and those of the smallest are kept: one pass, with the memory of the rows kept.
    """
    rng, count = np.random.default_rng([seed, stored.n]), 0
    places: Index = np.empty(0, dtype=np.int64)
    keys: F64 = np.empty(0)
    for block in stored.blocks():
        own = block.start + np.flatnonzero(fulfils(block))
        count += len(own)
        places, keys = _smallest(np.append(places, own), np.append(keys, rng.random(len(own))), size)
    order = np.argsort(places)
    return places[order], count


def _smallest(places: Index, keys: F64, size: int) -> tuple[Index, F64]:
    if len(keys) <= size:
        return places, keys
    kept: Sequence[int] | Index = np.argpartition(keys, size)[:size]
    return places[kept], keys[kept]
