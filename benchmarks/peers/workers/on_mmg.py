"""Ours: a whole `mmg.estimate` at default options, data checks and coordinates included, without a cap."""

from __future__ import annotations

import sys
from typing import Any

import frame

import mmg_registry as mmg


def estimate(plugin: str, rows: frame.PeerRows, budget: frame.Budget, seed: int) -> dict[str, Any]:
    found = mmg.estimate(**rows._asdict(), plugin=plugin, seed=seed, threads=1)
    return {"estimate": found.mi, "std_error": found.std_error, "warnings": list(found.warnings)}


if __name__ == "__main__":
    mmg.load_plugin(sys.argv[2])  # imported before the clock starts, as the packages are
    frame.main({sys.argv[2]: lambda *given: estimate(sys.argv[2], *given)}, "mmg-registry", "torch")
