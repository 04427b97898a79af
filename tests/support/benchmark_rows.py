"""Made-up rows of a benchmark, for tests of what is done with them."""

from __future__ import annotations

from typing import Any

PLACE = {
    "machine": {"cpu": "test", "cores": 2, "memory_gb": 1.0, "system": "Linux"},
    "versions": {"python": "3.11", "mmg-registry": "1"},
    "revision": {"commit": "abc", "dirty": False},
}


def run_row(
    task: str = "t",
    plugin: str = "p",
    seed: int = 0,
    mi: float = 1.0,
    truth: float = 1.0,
    seconds: float = 2.0,
    family: str = "f",
    half: float | None = 0.1,
    curve: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """The row of a run that went well; `half` is half the width of its interval."""
    ci = None if half is None else [mi - half, mi + half]
    found = {"schema": "mmg/estimate/1", "mi": mi, "unit": "nats", "status": "estimated", "ci": ci, "ci_level": 0.95}
    found |= {"std_error": half and half / 1.96, "curve": curve, "diagnostics": {}, "warnings": []}
    asked = {"suite": "s", "task": task, "plugin": plugin, "seed": seed, "options": {}, "family": family}
    sizes = {"n_train": 100, "n_eval": 50, "threads": 1, "max_seconds": None, "true_mi": truth}
    spent = {"seconds": {"total": seconds, "wall": seconds + 1}}
    return {**asked, **sizes, **spent, "status": "ok", "estimate": found, **PLACE, **changes}


def failed_row(message: str = "it broke", **about: Any) -> dict[str, Any]:
    """The row of a run that failed."""
    row = run_row(**about)
    del row["estimate"]
    error = {"type": "MMGError", "message": message, "traceback": "Traceback of it", "output": "last words"}
    return {**row, "status": "failed", "error": error, "seconds": {"wall": 0.5}}


def inapplicable_row(reason: str = "too wide", **about: Any) -> dict[str, Any]:
    """The row of a run that did not begin, because the plugin declares not to take the task."""
    row = run_row(**about)
    del row["estimate"]
    return {**row, "status": "does not apply", "reason": reason, "seconds": {"wall": 0.5}}


def curve_of(mi: float = 1.0) -> dict[str, Any]:
    """A curve of three bins."""
    gap, zero, small = [0.0, mi, 0.0], [0.0] * 3, [0.01] * 3
    parts = {"direct": gap, "orthogonal": gap, "cross": zero, "count": [9] * 3, "edges": [-1.0, 0.0, 1.0, 2.0]}
    errors = {f"{name}_se": small for name in ("direct", "orthogonal", "cross")}
    return {**parts, **errors, "mmse": [0.1, 0.5, None], "mmse_cond": [0.1, 0.2, None]}
