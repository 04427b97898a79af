"""What is called exact or infinite holds in all rows: where a pair is a sample, all are read and looked at too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.contracts import Array
from mmg_registry.data.dependence import sample_rows
from mmg_registry.data.labels import Labels
from mmg_registry.data.pair import Pair
from mmg_registry.data.whole import Whole
from mmg_registry.errors import DataError

KEPT_ROWS = 1 << 16
"""Rows of the sample beside which each block of all rows is looked at, so that all blocks show one relation.

Evidence: chosen. Rows of two blocks are compared through these: an order of all rows is proved up to rows that lie
between the same two of them. Lower: coarser. Higher: time, which grows with these rows for each block.
"""


def demand_in_all(pair: Pair, found: Callable[[Pair], Any], what: str) -> None:
    """Refuse to call exact what is found in a sample and not in all rows; a pair that is no sample passes.

    Args:
        pair: the sample.
        found: what is found in a pair, which has to be the same for the sample beside each block of all rows.
        what: the finding, for the sentence.

    Raises:
        DataError: where it differs: exceptions too rare for a sample decide, and no estimate can be made of them.
    """
    if pair.whole is None:
        return
    wanted = found(pair)
    for together in _beside_blocks(pair, pair.whole):
        if found(together) != wanted:
            raise DataError(
                f"In {pair.source} {what} in the {len(pair):,} rows that were drawn, but not in all; so few exceptions "
                "decide what the information is, and a sample does not tell. Leave these columns out, or draw more "
                "rows: --rows (rows=)."
            )


def _beside_blocks(pair: Pair, whole: Whole) -> Iterator[Pair]:
    """Return some rows of a sample with each block of all rows below them; rows with NaN or infinity are left out."""
    few = replace(pair.take(sample_rows(len(pair), KEPT_ROWS)), whole=None, groups=None, rows=None)
    for block in whole.blocks():
        if len(block):
            yield _below(few, block)


def _below(few: Pair, block: Pair) -> Pair:
    values = {side: _recoded(block, few, side) for side in few.sides}
    finite = np.all([np.isfinite(array).all(axis=1) for array in values.values()], axis=0)
    both: dict[str, Any] = {side: np.concatenate([getattr(few, side), array[finite]]) for side, array in values.items()}
    return replace(few, **both)


def _recoded(block: Pair, few: Pair, side: str) -> Array:
    """Return one side of a block, whose labels have the codes that they have in the sample."""
    array: Array = getattr(block, side)
    own, wanted = getattr(block, f"{side}_labels"), getattr(few, f"{side}_labels")
    if not (any(own) or any(wanted)):
        return array
    none: tuple[Labels, ...] = ((),) * array.shape[1]
    columns = zip(array.T, own or none, wanted or none, strict=True)
    return np.column_stack([_codes(column, mine, theirs) for column, mine, theirs in columns])


def _codes(column: Array, own: Labels, wanted: Labels) -> Array:
    if not own or own == wanted:
        return column
    known = {name: code for code, name in enumerate(wanted)}
    codes: F64 = np.array([known.get(name, len(wanted) + k) for k, name in enumerate(own)], dtype=np.float64)
    finite = np.isfinite(column)
    return np.where(finite, codes[np.where(finite, column, 0).astype(np.int64)], np.nan)
