"""The report of a benchmark as one self-contained HTML page, from the templates beside this module.

The page says by its Content-Security-Policy that nothing outside of it is asked for, and that no script or style runs
but its own; Jinja2 escapes whatever the templates print.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mmg_cli.benchmark.colours import DARK, LIGHT, shades, tone
from mmg_cli.benchmark.figures import text_of
from mmg_cli.benchmark.pictures import Panels, curves, error_panels
from mmg_cli.benchmark.text import (
    CRITERIA,
    HEAD,
    INTERVALS,
    bias_rows,
    by_suite,
    interval_rows,
    leaderboard_rows,
    number,
)

if TYPE_CHECKING:
    from mmg_registry.benchmark.criteria import TaskFindings
    from mmg_registry.benchmark.store import Row

RUN_HEAD = ("task", "plugin", "seed", "truth", "estimate", "from", "to", "error", "seconds", "warnings")
_NUMBER = re.compile(r"[-+]?\d[\d,.]*(?:e[-+]?\d+)?")


class TextTable(NamedTuple):
    """A table of texts: its anchor, title and note, and the texts; the first of each row is the row's name."""

    key: str
    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


class EstimateCell(NamedTuple):
    """One cell among the estimates: its text and what stands below it, its shade, and two marks."""

    text: str
    below: str
    tone: str
    open: bool
    warned: bool


class Suite(NamedTuple):
    """What the page says of one suite."""

    key: str
    name: str
    tables: list[TextTable]
    plugins: list[str]
    estimates: list[tuple[str, str, list[EstimateCell | None]]]  # task, truth, and a cell for each plugin
    panels: Panels | None
    runs: TextTable


class Shared(NamedTuple):
    """What several runs say: the words that they share, and the words of each."""

    words: str
    runs: list[tuple[str, str]]  # name of the run, and its own words


def page(rows: Sequence[Row]) -> str:
    """Return the whole page of the rows, which are those of at least one run."""
    from mmg_registry.benchmark.store import distinct

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    themes = {"light": LIGHT, "dark": DARK, "light_shades": shades(LIGHT), "dark_shades": shades(DARK)}
    whole = {name: environment.get_template(f"report.{name}").render(themes) for name in ("css", "js")}
    return environment.get_template("report.html.jinja").render(
        themes,
        title=f"Benchmark {', '.join(distinct(rows, 'suite'))}",
        allowed={name: _fingerprint(text) for name, text in whole.items()},
        about=_about(rows),
        criteria=CRITERIA,
        suites=_suites(rows),
        curves=curves(rows),
        warnings=_warnings(rows),
        failures=[row for row in rows if row["status"] == "failed"],
        refusals=_refusals(rows),
        provenance=[_words(each) for name in ("machine", "versions", "revision") for each in distinct(rows, name)],
        name_of=_name_of,
    )


def _fingerprint(text: str) -> str:
    """Return what a Content-Security-Policy calls a script or style with this very text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _about(rows: Sequence[Row]) -> str:
    first = rows[0]
    seeds = sorted({row["seed"] for row in rows})
    told = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"
    return (
        f"{len(rows)} run{'s' if len(rows) > 1 else ''}, {told}; {first['n_train']:,} rows to train on and "
        f"{first['n_eval']:,} to evaluate on, drawn anew for each seed; threads a run: {first['threads']}."
    )


def _suites(rows: Sequence[Row]) -> list[Suite]:
    from mmg_registry.benchmark.criteria import cells

    return [
        _suite(f"s{index}", own, [row for row in rows if row["suite"] == name])
        for index, (name, own) in enumerate(by_suite(cells(rows)).items(), 1)
    ]


def _suite(key: str, cells: list[TaskFindings], rows: list[Row]) -> Suite:
    from mmg_registry.benchmark.criteria import leaderboard

    standings = leaderboard(cells)
    bias, name = bias_rows(standings), cells[0].suite
    heads = [HEAD, ("plugin", *INTERVALS[1:]), ("plugin", *bias[0][1:])]
    titles = ("Leaderboard", "Intervals", "Bias by family")
    notes = ("The criteria are above; seconds are those of a run.", "Of runs.", "Mean of estimate - truth, in nats.")
    bodies = (leaderboard_rows(standings), interval_rows(standings), bias[1:])
    tables = [
        TextTable(
            f"{key}-{title.split()[0].lower()}", f"{title}, suite {name}", note, [each.lower() for each in head], body
        )
        for title, note, head, body in zip(titles, notes, heads, bodies, strict=True)
    ]
    plugins = list(dict.fromkeys(cell.plugin for cell in cells))
    runs = TextTable(f"{key}-runs", f"Every run, suite {name}", RUNS_NOTE, RUN_HEAD, [_run(row) for row in rows])
    return Suite(key, name, tables, plugins, _estimates(cells, plugins, rows), error_panels(cells), runs)


RUNS_NOTE = "Estimates, their intervals (from, to) and errors (estimate - truth) in nats."


def _run(row: Row) -> list[str]:
    from mmg_registry.benchmark.criteria import value
    from mmg_registry.benchmark.store import label

    head = [row["task"], label(row["plugin"], row["options"]), str(row["seed"]), number(row["true_mi"])]
    if row["status"] != "ok":
        return [*head, "n/a" if row["status"] != "failed" else "failed", "-", "-", "-", "-", "-"]
    low, high = row["estimate"]["ci"] or (None, None)
    found, warned = value(row), str(len(row["estimate"]["warnings"]))
    parts = (found, low, high, found - row["true_mi"])
    return [*head, *map(number, parts), number(row["seconds"]["total"], 1), warned]


def _estimates(
    cells: list[TaskFindings], plugins: list[str], rows: list[Row]
) -> list[tuple[str, str, list[EstimateCell | None]]]:
    from mmg_registry.benchmark.store import label

    known = {(cell.task, cell.plugin): cell for cell in cells}
    of: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        of.setdefault((row["task"], label(row["plugin"], row["options"])), []).append(row)
    tasks = dict.fromkeys((cell.task, cell.truth) for cell in cells)
    return [
        (task, number(truth), [_estimate(known.get((task, each)), of.get((task, each), [])) for each in plugins])
        for task, truth in tasks
    ]


def _estimate(cell: TaskFindings | None, rows: list[Row]) -> EstimateCell | None:
    """Return the cell of one task and plugin: a single run with its interval, several with their spread."""
    from mmg_registry.benchmark.criteria import SOLVED

    if cell is None:
        return None
    good = [row["estimate"] for row in rows if row["status"] == "ok"]
    below = f"± {number(cell.sd)}" if cell.sd is not None else ""
    if len(good) == 1 and good[0]["ci"]:
        below = f"[{', '.join(map(number, good[0]['ci']))}]"
    warned = any(found["warnings"] for found in good)
    return EstimateCell(text_of(cell), below, tone(cell), cell.applies and not cell.meets(SOLVED), warned)


def _warnings(rows: Sequence[Row]) -> list[Shared]:
    """Return the warnings of all runs, the commonest first; those that differ in numbers alone stand together."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        for words in row["estimate"]["warnings"] if row["status"] == "ok" else ():
            groups.setdefault(_NUMBER.sub("…", words), []).append((_name_of(row), words))
    told = [Shared(words if len(own) > 1 else own[0][1], own) for words, own in groups.items()]
    return sorted(told, key=lambda each: -len(each.runs))


def _name_of(row: Row) -> str:
    from mmg_registry.benchmark.store import label

    return f"{label(row['plugin'], row['options'])} on {row['task']}, seed {row['seed']}"


def _refusals(rows: Sequence[Row]) -> list[str]:
    """Return the tasks that plugins declare not to take, each once for all seeds, with the reason."""
    from mmg_registry.benchmark.lines import DOES_NOT_APPLY
    from mmg_registry.benchmark.store import label

    told: Iterable[str] = (
        f"{label(row['plugin'], row['options'])} on {row['task']}: {row['reason']}"
        for row in rows
        if row["status"] == DOES_NOT_APPLY
    )
    return list(dict.fromkeys(told))


def _words(document: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in document.items())
