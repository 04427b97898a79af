"""Figures of a benchmark: the heat map of estimates, and error against seconds; the functions import matplotlib."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmg_cli.benchmark.colours import LIGHT, shades, tone
from mmg_cli.benchmark.pictures import ERROR_SCALE, SIDES, Dot, by_plugin
from mmg_cli.benchmark.text import number

if TYPE_CHECKING:
    from mmg_registry.benchmark.criteria import TaskFindings

INK, GREY, PALE, FAINT = LIGHT.ink, LIGHT.quiet, LIGHT.raised, LIGHT.faint
SHADES = shades(LIGHT)
PANELS_A_ROW = 4


def text_of(cell: TaskFindings) -> str:
    """Return the mean estimate in nats as text, or "failed" or "n/a" if there is none."""
    if not cell.applies:
        return "n/a"
    return "failed" if math.isnan(cell.mean) else number(cell.mean)


def draw_heat_map(cells: Sequence[TaskFindings]) -> Any:
    """Draw a figure with one row per task, and columns for the truth and each plugin; frames mark unsolved tasks."""
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys((cell.task, cell.family, cell.truth) for cell in cells))
    plugins = list(dict.fromkeys(cell.plugin for cell in cells))
    figure = Figure(figsize=(4.6 + 1.15 * len(plugins), 1.6 + 0.26 * len(tasks)), layout="constrained")
    axes = figure.add_subplot(xlim=(-1.0, len(plugins)), ylim=(len(tasks), 0))
    for row, (_, _, truth) in enumerate(tasks):
        _draw_box(axes, -1, row, number(truth), PALE)
    known = {(cell.task, cell.plugin): cell for cell in cells}
    for row, (task, _, _) in enumerate(tasks):
        for column, plugin in enumerate(plugins):
            _draw_cell(axes, column, row, known.get((task, plugin)))
    _label(axes, [task for task, _, _ in tasks], plugins)
    _separate(axes, [family for _, family, _ in tasks], len(plugins))
    note = "blue: below the truth, orange: above, full at twice the tolerance; framed: not solved"
    figure.suptitle(f"Mean estimates (nats), suite {cells[0].suite}", fontsize=11, color=INK)
    figure.supxlabel(note, fontsize=7.5, color=GREY)
    return figure


def _draw_cell(axes: Any, column: int, row: int, cell: TaskFindings | None) -> None:
    from mmg_registry.benchmark.criteria import SOLVED

    if cell is None:
        _draw_box(axes, column, row, "", "#ffffff")
        return
    _draw_box(axes, column, row, text_of(cell), SHADES[tone(cell)])
    if cell.applies and not cell.meets(SOLVED):
        _frame(axes, column, row)


def _draw_box(axes: Any, column: int, row: int, text: str, colour: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.8))
    axes.text(column + 0.5, row + 0.52, text, ha="center", va="center", fontsize=7.5, color=INK)


def _frame(axes: Any, column: int, row: int) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((column + 0.03, row + 0.06), 0.94, 0.88, fill=False, edgecolor=INK, linewidth=1.3, zorder=3)
    )


def _label(axes: Any, tasks: list[str], plugins: list[str]) -> None:
    axes.set_yticks([row + 0.5 for row in range(len(tasks))], tasks, fontsize=7.5)
    names = ["truth", *(plugin.replace(" [", "\n[") for plugin in plugins)]
    axes.set_xticks([column - 0.5 for column in range(len(names))], names, fontsize=7.5, rotation=20, ha="left")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _separate(axes: Any, families: list[str], width: int) -> None:
    """Draw a line between families, and the name of each beside its rows (upright if it has more than three)."""
    starts = [row for row, family in enumerate(families) if row == 0 or families[row - 1] != family]
    for start, end in zip(starts, [*starts[1:], len(families)], strict=True):
        axes.axhline(start, color=GREY, linewidth=0.7)
        long = end - start > 3
        axes.text(
            width + 0.08, (start + end) / 2, families[start], fontsize=7, color=GREY, va="center",
            rotation=90 if long else 0,
        )  # fmt: skip


def draw_errors(cells: Sequence[TaskFindings]) -> Any:
    """Draw the error of each run (nats) against its seconds, a panel for each plugin, the leaderboard's first first.

    Filled dots are within the tolerance of "solved", hollow ones outside; pale ones behind are those of all plugins.
    """
    from matplotlib.figure import Figure

    found = by_plugin(cells)
    columns = min(PANELS_A_ROW, max(1, len(found)))
    lines = max(1, math.ceil(len(found) / columns))
    figure = Figure(figsize=(max(5.6, 1.0 + 2.6 * columns), 1.1 + 2.0 * lines), layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    everything = [dot for own in found.values() for dot in own]
    for axes, (plugin, own) in zip(grid, found.items(), strict=False):
        _scatter(axes, everything, own)
        axes.set_title(plugin, fontsize=8.5, color=INK)
    for axes in grid[len(found) :]:
        axes.set_visible(False)
    figure.suptitle(f"Error against time, suite {cells[0].suite}", fontsize=11, color=INK)
    figure.supxlabel(
        "seconds a run; filled: within the tolerance of 'solved'; pale: all plugins", fontsize=8, color=GREY
    )
    figure.supylabel("estimate - truth (nats)", fontsize=8, color=GREY)
    return figure


def _scatter(axes: Any, everything: Sequence[Dot], own: Sequence[Dot]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("asinh", linear_width=ERROR_SCALE)
    axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=1)
    for level in (-0.05, 0.05):
        axes.axhline(level, color=GREY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
    axes.scatter(*_places(everything), s=9, color=FAINT, linewidth=0, zorder=0)
    for near, face in ((True, LIGHT.mark), (False, LIGHT.paper)):
        places = _places([dot for dot in own if dot.near is near])
        axes.scatter(*places, s=14, facecolor=face, edgecolor=LIGHT.mark, linewidth=0.9, zorder=2)
    _label_errors(axes, everything)


def _places(found: Sequence[Dot]) -> tuple[list[float], list[float]]:
    return [dot.seconds for dot in found], [dot.error for dot in found]


def _label_errors(axes: Any, everything: Sequence[Dot]) -> None:
    from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

    errors = [dot.error for dot in everything]
    low, high = min(-0.06, *errors), max(0.06, *errors)
    axes.yaxis.set_major_locator(FixedLocator([at for at in SIDES if low <= at <= high]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:+g}" if value else "0")
    seconds = [math.log10(dot.seconds) for dot in everything]
    axes.set_xlim(10 ** math.floor(min(seconds)), 10 ** max(math.ceil(max(seconds)), math.floor(min(seconds)) + 1))
    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize=7.5, colors=GREY)
    axes.spines[["top", "right"]].set_visible(False)


def png(figure: Any, dpi: int = 150) -> bytes:
    """Return the figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
