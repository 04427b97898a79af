"""The report of a benchmark as one self-contained HTML page: style, figures and curves are part of it."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from mmg_cli.benchmark.figures import PLUGIN_COLOURS, shade, text_of
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

Point = tuple[float, float]

STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;max-width:80rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:#1c2330;background:#fff}
h1{font-size:1.5rem;margin:.2rem 0 .6rem}
h2{font-size:1.2rem;margin:2rem 0 .6rem;border-bottom:1px solid #d5d8dd}
h3{font-size:1rem;margin:1.4rem 0 .4rem}
.wide{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .5rem;text-align:right;white-space:nowrap;border-bottom:1px solid #e6e8ec}
th{font-weight:600;background:#eef0f3}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:#fff}
thead th:first-child{background:#eef0f3}
.name{overflow-wrap:anywhere}
.estimates td:first-child{min-width:13rem;max-width:13rem;white-space:normal;overflow-wrap:break-word;line-height:1.2}
.estimates .open{box-shadow:inset 0 0 0 2px #1c2330}
.estimates small{color:#5d6570}
ul{padding-left:1.2rem;margin:.4rem 0}
figure{margin:1rem 0}
figure img{max-width:100%;min-width:34rem;height:auto}
figcaption,.quiet{color:#5d6570;font-size:.85rem}
details{border-bottom:1px solid #e6e8ec;padding:.35rem 0}
summary{cursor:pointer;overflow-wrap:anywhere}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem}
.curves figure{margin:.4rem 0}
svg{width:100%;height:auto}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem;background:#eef0f3;padding:.5rem}
@media (max-width:40rem){
body{padding:.7rem}
td,th{padding:.2rem .35rem}
.estimates td:first-child{min-width:8.2rem;max-width:8.2rem;font-size:.72rem}
}
@media print{
body{max-width:none;padding:0;font-size:10pt}
.wide{overflow:visible}
table{font-size:7pt}
th,td{padding:.1rem .25rem}
th:first-child,td:first-child{position:static}
figure img{min-width:0}
.folded details:not([open]){display:none}
tr,figure,details{break-inside:avoid}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
"""


def page(rows: Sequence[Row], figures: Mapping[str, bytes]) -> str:
    """Return the whole page; `figures` maps captions to PNG files, and is empty without matplotlib."""
    from mmg_registry.benchmark.criteria import cells
    from mmg_registry.benchmark.store import distinct

    body = [_head(rows), *(part for own in by_suite(cells(rows)).values() for part in _suite(own))]
    body += [_figure(caption, content) for caption, content in figures.items()]
    body += [_curves(rows), _failures(rows), _refusals(rows), _provenance(rows)]
    title = escape(f"Benchmark {', '.join(distinct(rows, 'suite'))}")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>\n'
        f"<body>\n{''.join(body)}</body></html>\n"
    )


def _head(rows: Sequence[Row]) -> str:
    first = rows[0]
    seeds = sorted({row["seed"] for row in rows})
    words = [
        f"{len(rows)} runs, seeds {seeds[0]} to {seeds[-1]}",
        f"{first['n_train']:,} rows to train on and {first['n_eval']:,} to evaluate on, drawn anew for each seed",
        f"threads a run: {first['threads']}",
    ]
    return f"<h1>Mutual-information benchmark</h1><p>{escape('; '.join(words))}.</p>{_list(CRITERIA)}"


def _suite(cells: list[TaskFindings]) -> list[str]:
    from mmg_registry.benchmark.criteria import leaderboard

    standings = leaderboard(cells)
    bias = bias_rows(standings)
    return [
        f"<h2>Suite {escape(cells[0].suite)}</h2><h3>Leaderboard</h3>",
        _table([name.lower() for name in HEAD], leaderboard_rows(standings)),
        "<h3>Intervals</h3>",
        _table(["plugin", *(name.lower() for name in INTERVALS[1:])], interval_rows(standings)),
        "<h3>Bias by family, nats</h3>",
        _table(["plugin", *(name.lower() for name in bias[0][1:])], bias[1:]),
        f"<h3>Estimates</h3>{_estimates(cells)}",
    ]


def _estimates(cells: list[TaskFindings]) -> str:
    plugins = list(dict.fromkeys(cell.plugin for cell in cells))
    known = {(cell.task, cell.plugin): cell for cell in cells}
    tasks = dict.fromkeys((cell.task, cell.truth) for cell in cells)
    head = "".join(f"<th>{escape(name)}</th>" for name in ("task", "truth", *plugins))
    lines = [
        f"<tr><td>{escape(task)}</td><td>{number(truth)}</td>"
        + "".join(_estimate(known.get((task, plugin))) for plugin in plugins)
        + "</tr>"
        for task, truth in tasks
    ]
    note = (
        "Mean over seeds ± their standard deviation, in nats. Blue is below the truth, red above; framed: not solved; "
        "n/a: the plugin declares not to take the task."
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<p class="quiet">{note}</p><div class="wide estimates">{table}</div>'


def _estimate(cell: TaskFindings | None) -> str:
    from mmg_registry.benchmark.criteria import SOLVED

    if cell is None:
        return "<td></td>"
    spread = f" <small>± {number(cell.sd)}</small>" if cell.sd is not None else ""
    mark = "" if cell.meets(SOLVED) or not cell.applies else ' class="open"'
    return f'<td{mark} style="background:{shade(cell)}">{text_of(cell)}{spread}</td>'


def _figure(caption: str, content: bytes) -> str:
    data = base64.b64encode(content).decode()
    image = f'<img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
    return f'<figure><div class="wide">{image}</div><figcaption>{escape(caption)}</figcaption></figure>'


def _curves(rows: Sequence[Row]) -> str:
    """Return the pair of MMSE curves of every run, folded by task; the seeds of a plugin share one picture."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["status"] == "ok" and (row["estimate"]["curve"] or {}).get("mmse"):
            groups.setdefault((row["suite"], row["task"]), []).append(row)
    if not groups:
        return ""
    note = (
        "Error of guessing the noise without y (solid) and given y (dashed); half the area between is the information. "
        "One colour a seed. Pictures that are unfolded are printed."
    )
    parts = [f'<section class="folded"><h2>MMSE curves</h2><p class="quiet">{note}</p>']
    for (suite, task), own in groups.items():
        parts.append(f"<details><summary>{escape(task)} ({escape(suite)})</summary>{_task_curves(own)}</details>")
    return "".join([*parts, "</section>"])


def _task_curves(rows: list[Row]) -> str:
    from mmg_registry.benchmark.store import label

    names = dict.fromkeys(label(row["plugin"], row["options"]) for row in rows)
    pictures = []
    for name in names:
        own = [row for row in rows if label(row["plugin"], row["options"]) == name]
        estimates = ", ".join(f"seed {row['seed']}: {number(row['estimate']['mi'])}" for row in own)
        caption = f"<figcaption><b>{escape(name)}</b> {escape(estimates)}</figcaption>"
        pictures.append(f"<figure>{_svg([row['estimate']['curve'] for row in own])}{caption}</figure>")
    return f'<div class="curves">{"".join(pictures)}</div>'


WIDTH, HEIGHT, MARGIN = 320.0, 180.0, 26.0


def _svg(curves: list[dict[str, Any]]) -> str:
    """Return MMSE without y and given y against log-SNR, as compact SVG because a page may hold hundreds."""
    lines = [
        (index, name, _points(curve, name)) for index, curve in enumerate(curves) for name in ("mmse", "mmse_cond")
    ]
    points = [point for _, _, own in lines for point in own]
    if not points:
        return ""
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    top = max(y for _, y in points) or 1.0

    def place(point: Point) -> str:
        x = MARGIN + (point[0] - low) / ((high - low) or 1.0) * (WIDTH - MARGIN - 6)
        y = HEIGHT - MARGIN - max(point[1], 0.0) / top * (HEIGHT - MARGIN - 8)
        return f"{x:.1f},{y:.1f}"

    drawn = [_polyline(map(place, own), index, dashed=name == "mmse_cond") for index, name, own in lines if own]
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="MMSE curves">'
        f'<path d="M{MARGIN},6V{HEIGHT - MARGIN}H{WIDTH - 6}" fill="none" stroke="#8a8f98"/>'
        f"{''.join(drawn)}{_ticks(low, high, top)}</svg>"
    )


def _points(curve: dict[str, Any], name: str) -> list[Point]:
    """Return the midpoints of the bins with their values; leave out bins without a value."""
    edges, values = curve["edges"], curve.get(name) or []
    middles = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
    return [(x, y) for x, y in zip(middles, values, strict=False) if y is not None]


def _polyline(points: Iterable[str], index: int, dashed: bool) -> str:
    colour = PLUGIN_COLOURS[index % len(PLUGIN_COLOURS)]
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="1.4"{dash}/>'


def _ticks(low: float, high: float, top: float) -> str:
    style = 'font-size="9" fill="#5d6570"'
    base = HEIGHT - MARGIN + 12
    return (
        f'<text x="{MARGIN}" y="{base}" {style}>{low:.1f}</text>'
        f'<text x="{WIDTH - 6}" y="{base}" text-anchor="end" {style}>{high:.1f}</text>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 3}" text-anchor="middle" {style}>log-SNR</text>'
        f'<text x="{MARGIN - 3}" y="14" text-anchor="end" {style}>{top:.3g}</text>'
    )


def _failures(rows: Sequence[Row]) -> str:
    from mmg_registry.benchmark.store import label

    failed = [row for row in rows if row["status"] == "failed"]
    if not failed:
        return ""
    parts = [f"<h2>Failed runs ({len(failed)})</h2>"]
    for row in failed:
        name = f"{label(row['plugin'], row['options'])} on {row['task']}, seed {row['seed']}"
        text = row["error"]["traceback"] + row["error"].get("output", "")
        head = f"<summary>{escape(name)}: {escape(row['error']['message'])}</summary>"
        parts.append(f"<details>{head}<pre>{escape(text)}</pre></details>")
    return "".join(parts)


def _refusals(rows: Sequence[Row]) -> str:
    """Return the tasks that plugins declare not to take, each once for all seeds, with the reason."""
    from mmg_registry.benchmark.lines import DOES_NOT_APPLY
    from mmg_registry.benchmark.store import label

    told = [
        f"{label(row['plugin'], row['options'])} on {row['task']}: {row['reason']}"
        for row in rows
        if row["status"] == DOES_NOT_APPLY
    ]
    return f"<h2>Does not apply</h2>{_list(dict.fromkeys(told))}" if told else ""


def _provenance(rows: Sequence[Row]) -> str:
    from mmg_registry.benchmark.store import distinct

    lines = [_words(each) for name in ("machine", "versions", "revision") for each in distinct(rows, name)]
    return f"<h2>Measured on</h2>{_list(lines)}"


def _words(document: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in document.items())


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(value)}</td>' for value in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'
