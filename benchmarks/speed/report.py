"""The report: ratios, verdicts and a table from pytest-benchmark's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.speed import load

KEYS = ("kind", "width", "batch", "dim", "threads")
SIDES = ("eager", "compile")


def row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of one measured cell: ratios are taken within rounds, and their medians are kept.

    `rate` is the core's arithmetic rate over that of the matrix product, counted in full; `needed_rate` counts only
    what no side can avoid. `eager` and `compile` are PyTorch's times over the core's, None where not measured.
    `other_cores` is the number of cores that other processes used meanwhile.
    """
    info, ours = entry["extra_info"], entry["stats"]["data"]
    seconds, yard = info["seconds"], info["seconds"]["yardstick"]
    rate = info["flop"] / info["yardstick_flop"] * _ratio(yard, ours)
    steps = {"step_ms": 1e3 * median(ours) / info["steps"]} if "steps" in info else {"step_ms": None}
    times = {side: _ratio(seconds[side], ours) if side in seconds else None for side in SIDES}
    gflops = info["yardstick_flop"] / 1e9
    return {
        **{key: info[key] for key in KEYS},
        **steps,
        "yardstick_gflops": gflops / median(yard),
        "yardstick_range": [gflops / max(yard), gflops / min(yard)],
        "rate": rate,
        "needed_rate": rate * info["needed_flop"] / info["flop"],
        "eager_rate": info["flop"] / info["yardstick_flop"] * _ratio(yard, seconds["eager"]),
        **times,
        "other_cores": info["other_cores"],
    }


def _ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the median of the ratios within each round.

    Example:
        >>> _ratio([2.0, 30.0, 4.0], [1.0, 10.0, 2.0])
        2.0
    """
    return median(first / second for first, second in zip(a, b, strict=True))


def limit(cell: Mapping[str, Any]) -> float | None:
    """Return the least `rate` asked of a cell, None for those that need only be no slower than PyTorch."""
    if cell["kind"] == "mmse_gap":
        return 0.8
    return {128: 0.75, 64: 0.6}.get(cell["width"]) if cell["batch"] == 512 else None


def verdict(cell: Mapping[str, Any]) -> bool:
    """Return whether no other side is faster and the rate is what was asked."""
    slower = all(cell[side] is None or cell[side] >= 1.0 for side in SIDES)
    return slower and cell["rate"] >= (limit(cell) or 0.0)


def disturbed(entry: Mapping[str, Any]) -> bool:
    """Return whether other processes used part of the machine meanwhile."""
    return _others(entry) > load.QUIET


def merge(first: Mapping[str, Any], again: Mapping[str, Any]) -> dict[str, Any]:
    """Return `first` with those cells of `again` that were measured with less disturbance."""
    better = {entry["fullname"]: entry for entry in again["benchmarks"]}
    chosen = [min(entry, better.get(entry["fullname"], entry), key=_others) for entry in first["benchmarks"]]
    return {**first, "benchmarks": chosen}


def _others(entry: Mapping[str, Any]) -> float:
    return entry["extra_info"].get("other_cores") or 0.0


def condense(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results of a whole run.

    Raises:
        ValueError: when the run measured nothing.
    """
    entries = [entry for entry in measured["benchmarks"] if entry["extra_info"].get("kind") != "memory"]
    if not entries:
        raise ValueError("The run measured no cell: is there a test that the expression of -k selects?")
    rows = [row(entry) for entry in entries]
    cells = [{**cell, "limit": limit(cell), "passed": verdict(cell)} for cell in rows]
    memory = [entry["extra_info"] for entry in measured["benchmarks"] if entry["extra_info"].get("kind") == "memory"]
    shared = sum(map(disturbed, entries))
    return {"cells": cells, "memory": memory, "disturbed": shared, "passed": all(cell["passed"] for cell in cells)}


COLUMNS = {
    "kind": "kind",
    "width": "width",
    "batch": "batch",
    "dim": "dim",
    "threads": "threads",
    "step_ms": "ms a step",
    "yardstick_gflops": "mm GFLOP/s",
    "rate": "core / mm",
    "needed_rate": "needed / mm",
    "eager_rate": "eager / mm",
    "eager": "eager / core, time",
    "compile": "compile / core, time",
    "other_cores": "others, cores",
    "passed": "passed",
}


def for_print(cell: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of the printed table for one cell."""
    return {title: _text(key, cell[key]) for key, title in COLUMNS.items()}


def _text(key: str, value: Any) -> str:
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.1f}" if key == "yardstick_gflops" else f"{value:.2f}"
