"""Pointwise values as a file, in a format of its ending."""

from __future__ import annotations

import csv
import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.errors import demand
from mmg_registry.names import nearest
from mmg_registry.results import NATS_PER_BIT, Pointwise, Unit

SUFFIXES = (".csv", ".npz", ".parquet")


def ending_of(path: str) -> str:
    """Return the ending of `path`, refusing one that is not written here.

    Raises:
        OptionError: for another ending, or for parquet without pyarrow.

    Example:
        >>> ending_of("rows.NPZ")
        '.npz'
    """
    suffix = Path(path).suffix.lower()
    known = nearest(suffix, SUFFIXES, "known are")
    demand(suffix in SUFFIXES, f"Pointwise values are not written as '{suffix}', the end of '{path}'; {known}.")
    there = suffix != ".parquet" or find_spec("pyarrow") is not None
    demand(there, "A parquet file needs pyarrow; install mmg-registry[data], or take .npz or .csv.")
    return suffix


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


def content_of(found: Pointwise, suffix: str, unit: Unit = "nats") -> bytes:
    """Return the content of a file that ends in `suffix`, one of `SUFFIXES`; its `unit` is told beside the columns."""
    known = file_columns(found, unit)
    if suffix == ".npz":
        out = io.BytesIO()
        np.savez(out, **known, unit=np.array(unit))  # type: ignore[arg-type]
        return out.getvalue()
    return _csv(known, unit) if suffix == ".csv" else _parquet(known, unit)


def _csv(known: dict[str, NDArray[Any]], unit: Unit) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*known, "unit"])
    writer.writerows((*row, unit) for row in zip(*(column.tolist() for column in known.values()), strict=True))
    return out.getvalue().encode()


def _parquet(known: dict[str, NDArray[Any]], unit: Unit) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    units = pa.array([unit] * len(known["row"])).dictionary_encode()
    out = io.BytesIO()
    pq.write_table(pa.table({**known, "unit": units}), out)
    return out.getvalue()
