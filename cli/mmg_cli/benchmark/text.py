"""Results of a benchmark as text (leaderboard, bias by family, comparison) and as one JSON document."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mmg_cli.output import columns, to_json

if TYPE_CHECKING:
    from mmg_registry.benchmark.criteria import Change, Standing, TaskFindings
    from mmg_registry.benchmark.store import Row

SCHEMA = "mmg/benchmark-summary/1"
CRITERIA = (
    "solved: |mean over seeds - truth| <= max(0.05, 0.10 truth) nats, and the seeds' standard deviation <= the same",
    "tight: the same with max(0.02, 0.05 truth)",
    "<= 0.05, 0.1, 0.2: tasks whose mean over seeds lies that near the truth, in nats",
    "covered: runs whose interval (of its own level, 95 % by default) holds the truth, of those that give one",
    "useful: runs whose interval has a half width of at most max(0.15, 0.15 truth) nats, of those that give one",
    "silent misses: runs whose interval leaves out the truth, or that call it infinite, without any warning",
    "> 4 se: runs that err by more than 4 of their own standard errors; median off: of estimate - truth, in nats",
    "n/a: tasks that the plugin declares not to take (too many columns, too few rows); in no other count",
    "errors: of single runs, in nats; a task with a failed run counts as neither solved, tight nor near",
)
HEAD = (
    "PLUGIN", "SOLVED", "TIGHT", "<=0.05", "<=0.1", "<=0.2", "MEAN ERR", "MEDIAN ERR", "MAX ERR",
    "MEDIAN S", "MAX S", "TOTAL S", "SEEDS", "FAILED", "N/A",
)  # fmt: skip

INTERVALS = ("INTERVALS", "COVERED", "USEFUL", "SILENT MISSES", "> 4 SE", "MEDIAN OFF")


def by_suite(cells: Sequence[TaskFindings]) -> dict[str, list[TaskFindings]]:
    """Group the cells by suite, in the order in which the suites appear."""
    return {suite: [cell for cell in cells if cell.suite == suite] for suite in dict.fromkeys(c.suite for c in cells)}


def number(value: float | None, digits: int = 3) -> str:
    """Return a number as text for a table.

    >>> number(0.12345), number(None), number(math.nan), number(math.inf), number(-0.00001)
    ('0.123', '-', '-', 'inf', '0.000')
    """
    if value is None or math.isnan(value):
        return "-"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{round(value, digits) + 0.0:.{digits}f}"


def share(part: int, whole: int) -> str:
    """Return a count with its percentage.

    >>> share(57, 60), share(0, 0)
    ('57/60 (95 %)', '-')
    """
    return f"{part}/{whole} ({100 * part / whole:.0f} %)" if whole else "-"


def leaderboard_rows(standings: Sequence[Standing]) -> list[list[str]]:
    """Return one table row per plugin, with the columns of `HEAD`."""
    return [_leaderboard_row(each) for each in standings]


def _leaderboard_row(each: Standing) -> list[str]:
    counts = [each.solved, each.tight, *each.within.values()]
    errors = [each.mean_error, each.median_error, each.largest_error]
    seconds = [each.median_seconds, each.largest_seconds, each.total_seconds]
    return [
        each.plugin,
        *(f"{count}/{each.tasks}" for count in counts),
        *(number(error, 4) for error in errors),
        *(number(value, 1) for value in seconds),
        str(each.seeds),
        str(each.failed),
        str(each.inapplicable),
    ]


def interval_rows(standings: Sequence[Standing]) -> list[list[str]]:
    """Return one table row per plugin, with the columns of `INTERVALS`."""
    return [_interval_row(each) for each in standings]


def _interval_row(each: Standing) -> list[str]:
    held = [share(count, each.with_interval) for count in (each.covered, each.useful)]
    return [each.plugin, *held, str(each.silent), str(each.far), _signed(each.median_signed_error)]


def bias_rows(standings: Sequence[Standing]) -> list[list[str]]:
    """Return one row per plugin with its bias in nats in each family, below a row with the families' names."""
    families = list(dict.fromkeys(family for each in standings for family in each.bias))
    head = ["BIAS (NATS)", *(family.upper() for family in families)]
    return [head, *([each.plugin, *(_signed(each.bias.get(f)) for f in families)] for each in standings)]


def _signed(value: float | None) -> str:
    text = number(value, 4)
    return text if value is None or not value > 0 else f"+{text}"


def report_text(cells: Sequence[TaskFindings]) -> str:
    """Return the leaderboards and biases of all suites, and the criteria they use, as text."""
    from mmg_registry.benchmark.criteria import leaderboard

    parts = []
    for suite, own in by_suite(cells).items():
        standings = leaderboard(own)
        parts += [
            f"Suite {suite}",
            columns([HEAD, *leaderboard_rows(standings)]),
            "",
            columns([INTERVALS, *interval_rows(standings)]),
            "",
            columns(bias_rows(standings)),
            "",
        ]
    return "\n".join([*parts, *CRITERIA])


def summary_document(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the content of the report as one JSON-serialisable document; non-finite numbers become None."""
    from mmg_registry.benchmark.criteria import FAR, SOLVED, TIGHT, USEFUL, cells, leaderboard
    from mmg_registry.benchmark.store import distinct

    suites = {
        suite: {
            "leaderboard": [finite(asdict(standing)) for standing in leaderboard(own)],
            "tasks": [_cell_document(cell) for cell in own],
        }
        for suite, own in by_suite(cells(rows)).items()
    }
    sizes = {name: rows[0][name] for name in ("n_train", "n_eval", "threads", "max_seconds")}
    criteria = {"solved": SOLVED._asdict(), "tight": TIGHT._asdict(), "useful": USEFUL._asdict(), "far": FAR}
    places = {name: distinct(rows, name) for name in ("machine", "versions", "revision")}
    return {"schema": SCHEMA, **sizes, "runs": len(rows), **places, "criteria": criteria, "suites": suites}


def _cell_document(cell: TaskFindings) -> dict[str, Any]:
    from mmg_registry.benchmark.criteria import SOLVED, TIGHT

    judged = {"mean": cell.mean, "sd": cell.sd, "error": cell.error}
    marks = {"solved": cell.meets(SOLVED), "tight": cell.meets(TIGHT)}
    return {**finite({**asdict(cell), **judged}), **marks}


def to_bytes(document: Any) -> bytes:
    """Return `document` as the bytes of a JSON file."""
    return f"{to_json(document)}\n".encode()


def finite(value: Any) -> Any:
    """Return `value` with None in place of numbers that JSON cannot represent.

    >>> finite({"a": [1.0, math.inf]})
    {'a': [1.0, None]}
    """
    if isinstance(value, dict):
        return {str(key): finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def change_rows(changes: Sequence[Change]) -> list[list[str]]:
    """Return the comparison as a table below its header; a star marks changes beyond the seeds' spread."""
    head = ["TASK", "PLUGIN", "TRUTH", "MEAN A", "MEAN B", "B - A", "ERROR A", "ERROR B", "S A", "S B", "A/B", "SOLVED"]
    return [head, *(_change_row(change) for change in changes)]


def _change_row(change: Change) -> list[str]:
    cell = change.before or change.after
    assert cell is not None
    means = [_of(side, "mean") for side in (change.before, change.after)]
    errors = [_of(side, "error") for side in (change.before, change.after)]
    difference = None if None in means else means[1] - means[0]  # type: ignore[operator]
    moved = {True: "*", False: "", None: "?"}[change.moved] if difference is not None else ""
    return [
        cell.task,
        cell.plugin,
        number(cell.truth, 4),
        *(number(mean, 4) for mean in means),
        _signed(difference) + moved,
        *(_signed(error) for error in errors),
        *(number(_seconds(side), 1) for side in (change.before, change.after)),
        number(change.faster, 2) + ("*" if change.timed else ""),
        _verdicts(change),
    ]


def _of(cell: TaskFindings | None, name: str) -> float | None:
    return None if cell is None else getattr(cell, name)


def _seconds(cell: TaskFindings | None) -> float | None:
    return sum(cell.seconds) / len(cell.seconds) if cell and cell.seconds else None


def _verdicts(change: Change) -> str:
    """Return whether the task is solved before and after, in one word if that did not change."""
    words = [_verdict(side) for side in (change.before, change.after)]
    return words[0] if words[0] == words[1] else f"{words[0]} -> {words[1]}"


def _verdict(cell: TaskFindings | None) -> str:
    from mmg_registry.benchmark.criteria import SOLVED

    if cell is None:
        return "absent"
    if cell.failed:
        return "failed"
    if not cell.applies:
        return "does not apply"
    return "yes" if cell.meets(SOLVED) else "no"


def compare_text(changes: Sequence[Change]) -> str:
    """Return the comparison as text, with the numbers of significant changes below it."""
    both = [change for change in changes if change.before and change.after]
    judged = [change for change in both if change.moved is not None]
    moved, timed = sum(bool(change.moved) for change in judged), sum(change.timed for change in both)
    notes = [
        f"{moved} of {len(judged)} means changed beyond the seeds' spread (*; Welch's t, 5 %: 1 in 20 by chance).",
        f"{timed} of {len(both)} times changed so that the ranges over seeds do not overlap (*).",
    ]
    if len(judged) < len(both):
        notes.append(f"{len(both) - len(judged)} cannot be judged (?): that takes two seeds or more on both sides.")
    if len(both) < len(changes):
        notes.append(f"{len(changes) - len(both)} are in one folder only.")
    return "\n".join([columns(change_rows(changes)), "", *notes])


def changes_document(changes: Sequence[Change]) -> dict[str, Any]:
    """Return the comparison as a JSON-serialisable document."""
    return {"schema": "mmg/benchmark-comparison/1", "changes": [_change_document(change) for change in changes]}


def _change_document(change: Change) -> dict[str, Any]:
    cell = change.before or change.after
    assert cell is not None
    head = {"suite": cell.suite, "task": cell.task, "plugin": cell.plugin, "true_mi": cell.truth}
    sides = {name: side and _cell_document(side) for name, side in (("a", change.before), ("b", change.after))}
    return {**head, **sides, "moved": change.moved, "a_over_b_seconds": change.faster, "timed": change.timed}
