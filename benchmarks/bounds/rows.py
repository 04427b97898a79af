"""A result file that is written row by row, so that a kill costs the run in progress alone and `--resume` continues."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import common

ResultRow = dict[str, Any]


class ResultFile:
    """Rows in the result file `path`, identified by their values under `keys`.

    Args:
        path: the JSON file, rewritten after every row.
        keys: names of the entries that identify a row.
        parameters: the parameters of all rows; rows made with others are not mixed in.
        resume: whether to keep the rows that the file has.

    Raises:
        SystemExit: when the file has rows of other parameters, or any rows without `resume`.
    """

    def __init__(self, path: Path, keys: Sequence[str], parameters: Mapping[str, Any], resume: bool) -> None:
        self.path, self.keys = path, tuple(keys)
        self.parameters: dict[str, Any] = json.loads(json.dumps(parameters))
        self.rows: list[ResultRow] = self._former(resume) if path.exists() else []

    def _former(self, resume: bool) -> list[ResultRow]:
        content = json.loads(self.path.read_text())
        if not resume:
            raise SystemExit(f"{self.path} holds results already; go on with --resume, or give another --output.")
        if content["parameters"] != self.parameters:
            raise SystemExit(f"{self.path} was made with {content['parameters']}; give the same, or another --output.")
        return list(content["results"]["rows"])

    def get(self, **key: Any) -> ResultRow | None:
        """Return the row with these values, None where there is none yet."""
        return next((row for row in self.rows if all(row[name] == key[name] for name in self.keys)), None)

    def obtain(self, make: Callable[[], ResultRow], **key: Any) -> ResultRow:
        """Return the row with these values: the one that exists, or what `make` returns, written at once."""
        found = self.get(**key)
        if found is None:
            start = time.perf_counter()
            made = make()
            found = {**key, **made, "wall_seconds": time.perf_counter() - start}
            self.rows.append(found)
            self.write({})
            told = {name: value for name, value in found.items() if not isinstance(value, (list, dict))}
            print(common.table([told]), flush=True)
        return found

    def write(self, summary: Mapping[str, Any]) -> None:
        """Write all rows, and the summary of the finished ones."""
        seeds = sorted({row["seed"] for row in self.rows})
        common.write(self.path, common.document({**summary, "rows": self.rows}, seeds=seeds, **self.parameters))
