"""Result files, which hold results with machine, versions and command, and measured child processes.

This module imports the standard library only, so that a benchmark of memory does not grow by importing it.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from mmg_registry.provenance import machine, revision, versions

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SCHEMA = "mmg/benchmark/1"
PACKAGES = ("mmg-registry", "numpy", "scipy", "torch", "pydantic")
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in one unit of ru_maxrss


def command() -> str:
    """Return the command line of this process, without the folders of this machine."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    start = f"python -m {spec.name.removesuffix('.__main__')}" if spec else f"python {Path(sys.argv[0]).name}"
    return " ".join([start, *(Path(word).name if word.startswith("/") else word for word in sys.argv[1:])])


def document(
    results: Any, *, seeds: Sequence[int], packages: Iterable[str] = PACKAGES, **parameters: Any
) -> dict[str, Any]:
    """Return `results` with everything needed to judge and to repeat them."""
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
    """Write JSON whole or not at all, even if others write the same file; refuse NaN and infinity.

    Raises:
        ValueError: for a number that JSON cannot hold.
    """
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")  # its own for each process: two in one file would mix
    try:
        scratch.write_text(text)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return `rows` as a GitHub table, with floats to four significant digits.

    Example:
        >>> print(table([{"case": "a", "mi": 0.123456}]))
        | case | mi |
        |---|---|
        | a | 0.1235 |
    """
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()] for row in rows]
    return "\n".join("|" + "|".join(v if v == "---" else f" {v} " for v in line) + "|" for line in lines)


def run_child(
    command: Sequence[str], *, cpu_limit: float | None = None, wall_limit: float | None = None, **popen: Any
) -> dict[str, Any]:
    """Run `command` to its end; return its peak memory in bytes, seconds, exit code, standard output and errors.

    Args:
        command: the words of the command line.
        cpu_limit, wall_limit: seconds of its own CPU time, and of wall time, after which it is killed.
        **popen: passed on to `subprocess.Popen`.

    Example:
        >>> run_child([sys.executable, "-c", "print(1)"])["output"]
        '1\\n'
    """
    if cpu_limit is not None:
        command = ["sh", "-c", 'ulimit -t "$0"; exec "$@"', str(math.ceil(cpu_limit)), *command]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(command, stdout=output, stderr=errors, **popen)
        timer = threading.Timer(wall_limit or 0.0, child.kill)
        if wall_limit is not None:
            timer.start()
        _, status, used = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = [_whole(file) for file in (output, errors)]
    return {
        "peak_bytes": used.ru_maxrss * RSS_UNIT,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "code": child.returncode,
        "output": texts[0],
        "errors": texts[1],
    }


def _whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def last_line(text: str) -> str:
    """Return the last line of `text` that names an error, else the last one that is not blank.

    Example:
        >>> last_line("Traceback\\n  ...\\nValueError: no\\n\\nTraining:  0%|     |")
        'ValueError: no'
        >>> last_line("no such file\\n\\n")
        'no such file'
    """
    lines = [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (errors or lines)[-1][-500:] if lines else ""
