"""Columns as the content of a file, CSV or parquet; and the endings of files that are written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmg_registry.errors import demand
from mmg_registry.names import nearest

NO_PYARROW = "A parquet file needs pyarrow: pip install 'mmg-registry[data]' brings it; or take {others}."


def ending_of(path: str, known: Sequence[str], what: str) -> str:
    """Return the ending of `path`, refusing one that is not written.

    Args:
        path: of the file.
        known: endings that are written.
        what: is written, e.g. "A table is".

    Raises:
        OptionError: for another ending, or for parquet without pyarrow.

    Example:
        >>> ending_of("ranked.CSV", [".csv", ".json"], "A table is")
        '.csv'
    """
    suffix = Path(path).suffix.lower()
    demand(
        suffix in known,
        f"{what} not written as '{suffix}', the end of '{path}'; {nearest(suffix, known, 'known are')}.",
    )
    others = " or ".join(each for each in known if each != ".parquet")
    demand(suffix != ".parquet" or find_spec("pyarrow") is not None, NO_PYARROW.format(others=others))
    return suffix


def csv_of(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return columns of equal lengths as CSV, with their names as the first line.

    Example:
        >>> csv_of({"a": [1, 2], "b": ["x", None]})
        b'a,b\\n1,x\\n2,\\n'
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue().encode()


def parquet_of(columns: Mapping[str, Any], about: Mapping[str, Any] | None = None) -> bytes:
    """Return columns of equal lengths as parquet, with what is `about` them, as JSON under "mmg", in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(dict(columns))
    if about is not None:
        table = table.replace_schema_metadata({"mmg": json.dumps(about, allow_nan=False)})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()
