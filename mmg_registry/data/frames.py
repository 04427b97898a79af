"""What frames of pandas and polars carry beside their numbers: an index that says which rows belong together, names."""

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


def names_in(frame: Any, wanted: Any, side: str) -> list[Any]:
    """Return the names of columns that are asked for as x or y, each of which must be there once.

    Raises:
        DataError: naming those that are not, or that are there twice.
    """
    present = list(frame.columns)
    names = list(wanted) if isinstance(wanted, (list, set)) or hasattr(wanted, "tolist") else [wanted]
    for name in names:
        if present.count(name) != 1:
            listed = ", ".join(map(str, present[:20]))
            problem = "has no column" if name not in present else "has more than one column"
            raise DataError(f"The frame {problem} {name!r}, which is asked for as {side}; it has {listed}.")
    if not names:
        raise DataError(f"No column of the frame is asked for as {side}.")
    return names
