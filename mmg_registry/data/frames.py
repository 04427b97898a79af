"""What frames of pandas carry beside their numbers: an index that says which rows belong together."""

from __future__ import annotations

from typing import Any

from mmg_registry.errors import DataError


def aligned(x: Any, y: Any) -> tuple[Any, tuple[str, ...]]:
    """Return `y` in the order of the index of `x`, where both have one, and a note where that moved rows.

    Raises:
        DataError: when their labels differ, or stand several times in different orders.
    """
    if not (_has_index(x) and _has_index(y)) or x.index.equals(y.index):
        return y, ()
    if x.index.is_unique and y.index.is_unique and len(x) == len(y) and x.index.isin(y.index).all():
        return y.loc[x.index], ("The rows of y are put in the order of the index of x.",)
    raise DataError(
        "The index of x and that of y have different labels, so it is not clear which rows belong together; choose "
        "common labels with .loc[x.index.intersection(y.index)], or, where the order counts, drop both with "
        ".reset_index(drop=True)."
    )


def _has_index(data: Any) -> bool:
    return hasattr(data, "iloc") and hasattr(data, "index")
