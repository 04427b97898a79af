"""Result files: what was measured, on which machine, with which versions, by which command.

Standard library only: a benchmark of memory must not grow by importing this.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SCHEMA = "mmg/benchmark/1"
PACKAGES = ("mmg", "numpy", "scipy", "torch", "pydantic")


def machine() -> dict[str, Any]:
    """CPU model, cores this process may use, memory in GB, operating system."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    system = f"{platform.system()} {platform.machine()}"
    return {"cpu": _cpu_model(), "cores": usable, "memory_gb": round(memory, 1), "system": system}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Versions of Python and of installed packages; None for one that is absent."""
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def revision() -> dict[str, Any]:
    """The commit of the repository, and whether tracked files differ from it; None without git."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": None if changed is None else bool(changed)}


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


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
    """Write JSON whole or not at all; NaN and infinity are refused.

    Raises:
        ValueError: for a number that JSON cannot hold.
    """
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".tmp")
    scratch.write_text(text)
    scratch.replace(path)


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
