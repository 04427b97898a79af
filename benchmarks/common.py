"""Result files: what was measured, on which machine, with which versions, by which command.

Imports the standard library only: a benchmark of memory must not grow by importing this.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mmg_registry.benchmark.machine import machine, revision, versions

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SCHEMA = "mmg/benchmark/1"
PACKAGES = ("mmg", "numpy", "scipy", "torch", "pydantic")


def command() -> str:
    """The command line of this process, without the folders of this machine."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    start = f"python -m {spec.name.removesuffix('.__main__')}" if spec else f"python {Path(sys.argv[0]).name}"
    return " ".join([start, *sys.argv[1:]])


def document(
    results: Any, *, seeds: Sequence[int], packages: Iterable[str] = PACKAGES, **parameters: Any
) -> dict[str, Any]:
    """`results` with everything needed to judge and repeat them."""
    return {
        "schema": SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": command(),
        "revision": revision(),
        "machine": machine(),
        "versions": versions(packages),
        "seeds": list(seeds),
        "parameters": parameters,
        "results": results,
    }


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON whole or not at all, whoever else writes it; NaN and infinity are refused.

    Raises:
        ValueError: for a number that JSON cannot hold.
    """
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")  # a process's own, or two would share half a file
    try:
        scratch.write_text(text)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """`rows` as a GitHub table, floats to four significant digits.

    Example:
        >>> print(table([{"case": "a", "mi": 0.123456}]))
        | case | mi |
        |---|---|
        | a | 0.1235 |
    """
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()] for row in rows]
    return "\n".join("|" + "|".join(v if v == "---" else f" {v} " for v in line) + "|" for line in lines)
