"""Provenance of a result: machine, versions, revision of the sources, hash of the data.

The module itself imports nothing that is slow to load.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from mmg_registry import memory
from mmg_registry.entry_points import HOME, home_version
from mmg_registry.threads import usable_cores

RESULT_PACKAGES = (HOME, "numpy", "scipy", "torch")  # the packages that an estimate or a bound depends on
PACKAGES = (*RESULT_PACKAGES, "joblib")  # the packages that a benchmark depends on
_HASH_ROWS = 65_536


def machine() -> dict[str, Any]:
    """Return the CPU model, the number of cores this process may use, the memory in GB and the operating system.

    Example:
        >>> machine()["cores"] >= 1
        True
    """
    system = f"{platform.system()} {platform.machine()}"
    return {"cpu": _cpu_model(), "cores": usable_cores(), "memory_gb": round(memory.total() / 1e9, 1), "system": system}


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Return the versions of Python and of `packages`; None for a package that is not installed."""
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def version(name: str) -> str | None:
    """Return the version of the distribution `name`, or None if it is not installed."""
    if name == HOME:
        return home_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def revision() -> dict[str, Any]:
    """Return the checkout's commit and whether tracked files differ from it; both are None outside a checkout."""
    here = Path(__file__)
    if (
        _git(here.parent, "ls-files", "--error-unmatch", here.name) is None
    ):  # an installation, perhaps inside another repository
        return {"commit": None, "dirty": None}
    changed = _git(here.parent, "status", "--porcelain", "--untracked-files=no")
    commit = _git(here.parent, "rev-parse", "HEAD")
    return {"commit": commit, "dirty": None if changed is None else bool(changed)}


def data_sha256(*arrays: Any) -> str:
    """Return the SHA-256, in hex, of NumPy arrays: of their dtypes, shapes and bytes (row-major, little-endian).

    The bytes are read in chunks, so that a large array is not copied as a whole.

    Example:
        >>> import numpy as np
        >>> len(data_sha256(np.ones(2), np.zeros((2, 1))))
        64
    """
    import numpy as np

    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        for start in range(0, len(array), _HASH_ROWS):
            rows = np.ascontiguousarray(array[start : start + _HASH_ROWS])
            digest.update(rows.astype(rows.dtype.newbyteorder("<"), copy=False).data)
    return digest.hexdigest()


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
