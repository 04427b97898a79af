"""The report of the runs: every method of every package on every task beside ours, and a summary by method."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks import common
from benchmarks.peers.running import OURS
from mmg_registry.benchmark.store import latest

Row = Mapping[str, Any]
TWO_SIDED = 1.96  # standard errors


def paired_runs(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return an entry for each run of a package; `ours` is our run on the same rows, None if it is still missing."""
    kept = latest(rows)
    ours = {_place(row): _short(row) for row in kept if row["options"]["package"] == OURS}
    return [
        {
            "task": row["task"],
            "true_mi": row["true_mi"],
            "plugin": row["plugin"],
            "package": row["options"]["package"],
            "method": row["method"],
            "n_train": row["n_train"],
            "n_eval": row["n_eval"],
            "cap": row["options"]["cap"],
            "theirs": _short(row),
            "ours": ours.get(_place(row)),
        }
        for row in kept
        if row["options"]["package"] != OURS
    ]


def _place(row: Row) -> tuple[Any, ...]:
    """Return the key by which our run and theirs belong to one comparison."""
    sizes = row["n_train"], row["n_eval"], row["seed"], row["options"]["cap"]
    return row["suite"], row["task"], row["plugin"], *sizes


def _short(row: Row) -> dict[str, Any]:
    names = ("status", "estimate", "std_error", "cpu_seconds", "peak_mb", "error", "versions")
    found = {name: row[name] for name in names if row.get(name) is not None}
    return {**found, "off_by": row["estimate"] - row["true_mi"]} if "estimate" in row else found


def less_accurate(ours: Row, theirs: Row) -> bool:
    """Return whether ours is further from the truth than theirs by more than the error bar of ours.

    Example:
        >>> less_accurate({"off_by": -0.03, "std_error": 0.01}, {"off_by": 0.02})
        False
        >>> less_accurate({"off_by": -0.05, "std_error": 0.01}, {"off_by": 0.02})
        True
    """
    return abs(ours["off_by"]) > abs(theirs["off_by"]) + TWO_SIDED * ours.get("std_error", 0.0)


def summary_by_method(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a line for each package and method, with CPU time and accuracy where both sides have an estimate."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for pair in found:
        groups.setdefault((pair["package"], pair["method"]), []).append(pair)
    return [_line(*key, group) for key, group in groups.items()]


def _line(package: str, method: str, group: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    both = [p for p in group if "estimate" in p["theirs"] and p["ours"] and "estimate" in p["ours"]]
    worse = [p["task"] for p in both if less_accurate(p["ours"], p["theirs"])]
    theirs, ours = (math.fsum(p[side]["cpu_seconds"] for p in both) for side in ("theirs", "ours"))
    return {
        "package": package,
        "method": method,
        "plugin": group[0]["plugin"],
        "tasks": len(group),
        "compared": len(both),
        "cut": sum(p["theirs"]["status"] == "cut" for p in group),
        "without_estimate": sum("estimate" not in p["theirs"] for p in group),
        "ours_without_estimate": sum(not p["ours"] or "estimate" not in p["ours"] for p in group),
        "cpu_ratio": theirs / ours if both else None,
        "cpu_ratio_is_lower_bound": any(p["theirs"]["status"] == "cut" for p in both),
        "mean_error": _mean_error(both, "theirs"),
        "our_mean_error": _mean_error(both, "ours"),
        "ours_less_accurate_on": worse,
    }


def _mean_error(both: Sequence[Mapping[str, Any]], side: str) -> float | None:
    return math.fsum(abs(p[side]["off_by"]) for p in both) / len(both) if both else None


def markdown(found: Sequence[Mapping[str, Any]]) -> str:
    """Return the summary and the table of all runs as Markdown."""
    lines = [_summary_row(line) for line in summary_by_method(found)]
    return f"{common.table(lines)}\n\n{common.table([_pair_row(pair) for pair in found])}\n"


def _summary_row(line: Mapping[str, Any]) -> dict[str, Any]:
    ratio = line["cpu_ratio"]
    bound = "at least " if line["cpu_ratio_is_lower_bound"] else ""
    worse = line["ours_less_accurate_on"]
    return {
        "package": line["package"],
        "method": line["method"],
        "ours": line["plugin"],
        "tasks": f"{line['compared']} of {line['tasks']}",
        "cut": line["cut"],
        "their CPU time over ours": "-" if ratio is None else f"{bound}{ratio:.1f}",
        "mean error, theirs": _number(line["mean_error"]),
        "mean error, ours": _number(line["our_mean_error"]),
        "ours is less accurate beyond the error bar on": ", ".join(worse) or ("none" if line["compared"] else "-"),
    }


def _pair_row(pair: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: pair[name] for name in ("task", "true_mi", "package", "method")}
    return {**row, **_cells(pair["theirs"], ""), "plugin": pair["plugin"], **_cells(pair["ours"] or {}, "our ")}


def _cells(run: Mapping[str, Any], whose: str) -> dict[str, str]:
    status = run.get("status", "to come")
    told = f"{status}: {run['error']}" if "error" in run else status
    return {
        f"{whose}estimate": _number(run.get("estimate")),
        f"{whose}error": "-" if "off_by" not in run else f"{run['off_by']:+.3f}",
        f"{whose}CPU s": "-" if "cpu_seconds" not in run else f"{run['cpu_seconds']:.0f}",
        f"{whose}MB": "-" if "peak_mb" not in run else f"{run['peak_mb']:.0f}",
        f"{whose}status": told.replace("|", "/"),
    }


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
