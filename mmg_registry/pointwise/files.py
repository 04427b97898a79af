"""Pointwise values as a file, in a format of its ending."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.exports import csv_of, ending_of, parquet_of
from mmg_registry.results import NATS_PER_BIT, Pointwise, Unit

SUFFIXES = (".csv", ".npz", ".parquet")


def pointwise_ending(path: str) -> str:
    """Return the ending of `path`, refusing one that pointwise values are not written as.

    Raises:
        OptionError: for another ending, or for parquet without pyarrow.

    Example:
        >>> pointwise_ending("rows.NPZ")
        '.npz'
    """
    return ending_of(path, SUFFIXES, "Pointwise values are")


def file_columns(found: Pointwise, unit: Unit = "nats") -> dict[str, NDArray[Any]]:
    """Return the columns of a file, each `(n,)`.

    `row` is the place in the data, from 0; `fold` is there where folds were; `pmi` is the value, `std_error` its
    standard error and `noise` the part of that which comes from draws, all in `unit`.

    Example:
        >>> found = Pointwise(np.array([0.7]), np.array([0.1]), rows=np.array([5]))
        >>> {name: column.tolist() for name, column in file_columns(found).items()}
        {'row': [5], 'pmi': [0.7], 'std_error': [0.1], 'noise': [0.1]}
    """
    scale = 1.0 if unit == "nats" else 1 / NATS_PER_BIT
    rows = np.arange(len(found)) if found.rows is None else found.rows
    folds = {} if found.folds is None else {"fold": found.folds}
    numbers = {"pmi": found.values, "std_error": found.std_errors, "noise": found.errors}
    return {"row": rows, **folds, **{name: each * scale for name, each in numbers.items()}}


def pointwise_content(found: Pointwise, suffix: str, unit: Unit = "nats") -> bytes:
    """Return the content of a file that ends in `suffix`, one of `SUFFIXES`; its `unit` is told beside the columns."""
    known = file_columns(found, unit)
    if suffix == ".npz":
        out = io.BytesIO()
        np.savez(out, **known, unit=np.array(unit))  # type: ignore[arg-type]
        return out.getvalue()
    if suffix == ".csv":
        return csv_of({**{name: column.tolist() for name, column in known.items()}, "unit": [unit] * len(found)})
    return parquet_of({**known, "unit": [unit] * len(found)})
