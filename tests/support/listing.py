"""What a person sees in a folder."""

from __future__ import annotations

import os
from pathlib import Path


def seen(folder: str | Path) -> list[str]:
    """Return the sorted names in a folder without hidden ones: some releases of filelock leave their files behind."""
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))
