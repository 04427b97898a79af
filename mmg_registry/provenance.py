"""Where something was measured: machine, versions, revision of the sources. Standard library only."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("mmg-registry", "numpy", "scipy", "torch", "joblib")


def machine() -> dict[str, Any]:
    """CPU model, cores this process may use, memory in GB, operating system.

    Example:
        >>> machine()["cores"] >= 1
        True
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    system = f"{platform.system()} {platform.machine()}"
    return {"cpu": _cpu_model(), "cores": usable_cores(), "memory_gb": round(memory, 1), "system": system}


def usable_cores() -> int:
    """What a container or batch system leaves this process, not what the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Versions of Python and of installed packages; None for one that is absent."""
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def revision() -> dict[str, Any]:
    """The commit of the checkout that this package runs from, and whether tracked files differ; None outside of one."""
    here = Path(__file__)
    if (
        _git(here.parent, "ls-files", "--error-unmatch", here.name) is None
    ):  # an installation, maybe in a stranger's repo
        return {"commit": None, "dirty": None}
    changed = _git(here.parent, "status", "--porcelain", "--untracked-files=no")
    commit = _git(here.parent, "rev-parse", "HEAD")
    return {"commit": commit, "dirty": None if changed is None else bool(changed)}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
