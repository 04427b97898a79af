"""A frame of pandas or polars in memory, as a table whose columns are chosen as those of a file are."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmg_registry.data.matrices import as_array
from mmg_registry.data.reading.table import Table


def is_frame(data: Any) -> bool:
    """Return whether `data` is a frame of pandas or polars.

    Example:
        >>> import pandas as pd
        >>> is_frame(pd.DataFrame({"a": [1.0]})), is_frame(pd.Series([1.0])), is_frame("data.csv")
        (True, False, False)
    """
    return _is_lazy(data) or (hasattr(data, "columns") and (hasattr(data, "iloc") or hasattr(data, "get_columns")))


def _is_lazy(data: Any) -> bool:
    """Return whether `data` is a lazy frame of polars, which warns when it is asked for its columns."""
    return hasattr(data, "collect") and hasattr(data, "collect_schema")


def table_of_frame(frame: Any) -> Table:
    """Return the columns of a frame as a table; names that are no text are chosen by what they print as."""
    frame = frame.collect() if _is_lazy(frame) else frame
    names = [str(name) for name in frame.columns]
    return Table(names, lambda places: [_column(frame, place, names[place]) for place in places])


def _column(frame: Any, place: int, name: str) -> np.ndarray[Any, Any]:
    return as_array(frame.iloc[:, place] if hasattr(frame, "iloc") else frame.get_columns()[place], name)
