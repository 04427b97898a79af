"""The tables of docs/limits.md, made of the summaries of benchmarks of known pairs by kind of dependence.

    python -m benchmarks.limits [SUMMARY ...]

Each SUMMARY is the `summary.json` of one plugin on suites whose families are kinds of dependence; without any, those of
`FILES` that are committed. What stands between the two marks of the page is replaced.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import common

PAGE = common.ROOT / "docs" / "limits.md"
BEGIN, END = "<!-- made by `python -m benchmarks.limits`: begin -->", "<!-- end -->"
FILES = ("beyond_auto_10k.json", "beyond_held_out_auto_10k.json")
NOTHING = "The suites `beyond` and `beyond-held-out` are not measured yet."

TaskSummary = dict[str, Any]


def committed() -> list[Path]:
    """Return those of `FILES` that are there."""
    return [path for path in (common.RESULTS / name for name in FILES) if path.exists()]


def tasks_of(path: Path) -> list[TaskSummary]:
    """Return the findings of all tasks of a summary that the plugin takes, in their order.

    Raises:
        SystemExit: when the file is no summary, or holds several plugins.
    """
    suites = json.loads(path.read_text()).get("suites")
    if not suites:
        sys.exit(f"{path} is no summary.json of `mmg benchmark`.")
    found = [task for suite in suites.values() for task in suite["tasks"]]
    plugins = sorted({task["plugin"] for task in found})
    if len(plugins) > 1:
        sys.exit(f"{path} holds results of {', '.join(plugins)}; the page tells of one plugin.")
    return [task for task in found if task["values"] or task["failed"]]


def kinds(tasks: Sequence[TaskSummary]) -> list[dict[str, Any]]:
    """Return one row a kind of dependence: what holds, counted over its pairs and over their runs."""
    families = dict.fromkeys(task["family"] for task in tasks)
    return [_kind(name, [task for task in tasks if task["family"] == name]) for name in families]


def _kind(name: str, own: Sequence[TaskSummary]) -> dict[str, Any]:
    covered = [each for task in own for each in task["covered"]]
    useful = [each for task in own for each in task["useful"]]
    off = [each - task["truth"] for task in own for each in task["values"].values() if each is not None]
    return {
        "kind": name,
        "pairs": len(own),
        "solved": sum(task["solved"] for task in own),
        "intervals that hold": f"{sum(covered)} of {len(covered)}",
        "useful ones": f"{sum(useful)} of {len(useful)}",
        "silent misses": sum(task["silent"] for task in own),
        "median off": f"{statistics.median(off):+.3f}" if off else "-",
    }


def failures(tasks: Sequence[TaskSummary]) -> list[dict[str, Any]]:
    """Return one row for each pair that is not solved, or whose interval leaves out the truth in any run."""
    return [_failure(task) for task in tasks if not (task["solved"] and all(task["covered"]))]


def _failure(task: TaskSummary) -> dict[str, Any]:
    spread = "" if task["sd"] is None else f" ± {task['sd']:.3f}"
    return {
        "pair": f"`{task['task']}`",
        "kind": task["family"],
        "truth": f"{task['truth']:.3f}",
        "estimate": "none" if task["mean"] is None else f"{task['mean']:.3f}{spread}",
        "intervals that hold": f"{sum(task['covered'])} of {len(task['covered'])}",
        "silent misses": task["silent"],
    }


def tables(paths: Sequence[Path]) -> str:
    """Return what stands between the marks of the page: for each summary its rows, kinds and failures."""
    return "\n\n".join(map(_section, paths)) or NOTHING


def _section(path: Path) -> str:
    document, tasks = json.loads(path.read_text()), tasks_of(path)
    suites = " and ".join(f"`{name}`" for name in document["suites"])
    head = (
        f"`{tasks[0]['plugin']}` on {suites}, {document['n_train']:,} rows to train on and {document['n_eval']:,} to "
        f"evaluate on, {document['runs']} runs (`benchmarks/results/{path.name}`):"
    )
    failed = failures(tasks)
    named = common.table(failed) if failed else "Every pair is solved, and every interval holds."
    return "\n\n".join([head, common.table(kinds(tasks)), "Pairs that are not solved, or whose intervals miss:", named])


def with_tables(page: str, paths: Sequence[Path]) -> str:
    """Return the page with the tables of `paths` between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(paths)}\n\n{END}{after}"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("summaries", nargs="*", type=Path, metavar="SUMMARY")
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args(argv)
    given.page.write_text(with_tables(given.page.read_text(), given.summaries or committed()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
