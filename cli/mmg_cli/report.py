"""The printed form of an estimate: a table for a reader, or one JSON document for a program."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from mmg_cli.invocation import recorded
from mmg_cli.output import warn
from mmg_registry.errors import shown

if TYPE_CHECKING:
    from mmg_registry.quantity import Quantity
    from mmg_registry.results import Estimate

ReportRow = tuple[str, str]
KINDS_SHOWN = 10  # columns of a side whose kinds are printed one by one


def print_estimate(estimate: Estimate, json: bool, level: int = 0) -> None:
    """Print `estimate` on stdout; with `json`, also print its warnings on stderr for a human reader."""
    if not json:
        print_rows(table(estimate, level), estimate.warnings)
        return
    print(recorded(estimate).to_json())
    for sentence in estimate.warnings:
        warn(sentence)


def print_rows(rows: list[ReportRow], warnings: list[str]) -> None:
    """Print a table of rows and warnings: with rich on a terminal, elsewhere as plain lines, never wrapped."""
    if sys.stdout.isatty():
        _print_rich(rows, warnings)
        return
    width = max(len(name) for name, _ in rows)
    for name, value in [*rows, *(("warning", sentence) for sentence in warnings)]:
        print(f"{shown(name).ljust(width)}  {shown(value)}")


def _print_rich(rows: list[ReportRow], warnings: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for number, (name, value) in enumerate(rows):
        grid.add_row(Text(shown(name), style="dim"), Text(shown(value), style="bold" if number == 0 else ""))
    for sentence in warnings:
        grid.add_row(Text("warning", style="yellow"), Text(shown(sentence), style="yellow"))
    Console(highlight=False).print(grid)


def table(estimate: Estimate, level: int = 0) -> list[ReportRow]:
    """Return the rows of the table: the estimate, its origin, and its diagnostics if `level` is not 0."""
    about = estimate.provenance
    name = "MI given z" if "dim_z" in about else "MI"
    rows = [(name, headline(estimate)), ("standard error", _number(estimate.std_error, estimate.unit))]
    rows += [("plugin", _plugin(about.get("plugin", {}))), ("rows", _rows(about)), ("dimensions", _dims(about))]
    rows += [("seconds", _seconds(about.get("seconds", {}))), ("seed", str(about.get("seed", "unknown")))]
    return rows + (diagnostic_rows(estimate) if level else [])


def headline(estimate: Estimate) -> str:
    """Return the estimate, its unit and its confidence interval in one line.

    >>> from mmg_registry.results import Estimate
    >>> headline(Estimate(mi=1.0, std_error=0.01))
    '1.0000 nats, 95 % interval 0.9804 to 1.0196'
    """
    if estimate.status == "infinite" or math.isinf(estimate.mi):
        return "infinite"
    text = _number(estimate.mi, estimate.unit)
    if estimate.status == "exact":
        return f"{text}, exactly"
    if estimate.ci is None:
        return f"{text}, without an interval"
    low, high = estimate.ci
    return f"{text}, {100 * estimate.ci_level:g} % interval {low:.4f} to {high:.4f}"


def _number(value: float | None, unit: str) -> str:
    return "none" if value is None else f"{value:.4f} {unit}"


def _plugin(plugin: dict[str, Any]) -> str:
    name = plugin.get("name", "unknown")
    return f"{name} ({plugin['distribution']} {plugin.get('version')})" if plugin.get("distribution") else str(name)


def _rows(about: dict[str, Any]) -> str:
    by = about.get("rows", {})
    together = f", in {by['units']} {by['split_by']}" if by.get("split_by") in ("blocks", "groups") else ""
    return f"{about.get('n_train')} for training, {about.get('n_eval')} for evaluation{together}"


def _dims(about: dict[str, Any]) -> str:
    sides = [side for side in "xyz" if side != "z" or "dim_z" in about]
    return ", ".join(f"{about.get(f'dim_{side}')} of {side}" for side in sides)


def _seconds(seconds: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items() if name != "total")
    return f"{seconds.get('total', math.nan):.1f}" + (f" ({parts})" if parts else "")


def diagnostic_rows(found: Estimate | Quantity) -> list[ReportRow]:
    """Return the rest of the JSON content, one row per value."""
    told = ("plugin", "seconds", "seed", "columns")
    rest = {key: found.provenance[key] for key in found.provenance if key not in told}
    rows = [row for side, columns in found.provenance.get("columns", {}).items() for row in _kinds(side, columns)]
    rows += [row for key, value in rest.items() for row in _flatten(key, value)]
    return rows + [row for key, value in found.diagnostics.items() for row in _flatten(key, value)]


def _kinds(side: str, columns: dict[str, Any]) -> list[ReportRow]:
    """Return a row for each of the first columns of a side, with its kind and why, and one for the others."""
    shown_ones = columns["columns"][:KINDS_SHOWN]
    rows = [(f"{each['name']} ({side})", f"{each['kind']}: {each['reason']}") for each in shown_ones]
    if sum(columns["kinds"].values()) == len(shown_ones):
        return rows
    counts = ", ".join(f"{count} {kind}" for kind, count in columns["kinds"].items())
    return [*rows, (f"all of {side}", counts)]


def _flatten(key: str, value: Any) -> list[ReportRow]:
    if isinstance(value, dict):
        return [row for name, inner in value.items() for row in _flatten(f"{key}.{name}", inner)]
    if isinstance(value, (list, tuple)) and (len(value) > 4 or any(isinstance(inner, dict) for inner in value)):
        return [(key, f"a list of {len(value)}, in the JSON")]
    return [(key, f"{value:.6g}" if isinstance(value, float) else str(value))]
