"""Figures of a benchmark: the heat map of estimates, and error against seconds; the functions import matplotlib."""

from __future__ import annotations

import io
import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmg_cli.benchmark.text import number

if TYPE_CHECKING:
    from mmg_registry.benchmark.criteria import TaskFindings

INK, GREY, PALE = "#1c2330", "#8a8f98", "#eef0f3"
MARKERS = "Dos^v"  # of the medians; each repetition of the colours uses the next marker
PLUGIN_COLOURS = ("#1f5fa8", "#d1651c", "#2f8a57", "#8e44ad", "#b8860b", "#c0392b", "#16808a", "#5d6d7e")
UNDER, OVER = (33, 102, 172), (178, 24, 43)  # blue for an estimate that is too low, red for one that is too high


def shade(cell: TaskFindings) -> str:
    """Return the colour of a cell: white at the truth, blue below and red above, full at twice the 'solved' tolerance.

    >>> from mmg_registry.benchmark.criteria import TaskFindings
    >>> [shade(TaskFindings("s", "t", "f", 1.0, "p", {0: mi}, [], [], failed=0)) for mi in (1.0, 9.0)]
    ['#ffffff', '#d88c95']
    """
    from mmg_registry.benchmark.criteria import SOLVED

    if math.isnan(cell.mean):
        return "#d5d8dd"
    amount = min(1.0, abs(cell.error) / (2 * SOLVED.tolerance(cell.truth))) * 0.5
    full = OVER if cell.error > 0 else UNDER
    return "#" + "".join(f"{round(255 + amount * (part - 255)):02x}" for part in full)


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
    note = "blue: below the truth, red: above, full at twice the tolerance; framed: not solved"
    figure.suptitle(f"Mean estimates (nats), suite {cells[0].suite}", fontsize=11, color=INK)
    figure.supxlabel(note, fontsize=7.5, color=GREY)
    return figure


def _draw_cell(axes: Any, column: int, row: int, cell: TaskFindings | None) -> None:
    from mmg_registry.benchmark.criteria import SOLVED

    if cell is None:
        _draw_box(axes, column, row, "", "#ffffff")
        return
    _draw_box(axes, column, row, text_of(cell), shade(cell))
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
    """Draw |mean error| (nats) against mean seconds: a dot per task, and a large marker at each plugin's medians."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.6), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log")
    for index, plugin in enumerate(dict.fromkeys(cell.plugin for cell in cells)):
        own = [cell for cell in cells if cell.plugin == plugin and cell.seconds and math.isfinite(cell.mean)]
        turn, colour = divmod(index, len(PLUGIN_COLOURS))
        _scatter(axes, own, plugin, PLUGIN_COLOURS[colour], MARKERS[turn % len(MARKERS)])
    _finish_errors(axes)
    axes.set_title(f"Error against time, suite {cells[0].suite}", fontsize=11, color=INK)
    return figure


ERROR_FLOOR, SECONDS_FLOOR = 1e-4, 1e-3  # a logarithmic axis has no zero


def _scatter(axes: Any, cells: list[TaskFindings], plugin: str, colour: str, marker: str) -> None:
    if not cells:
        return
    seconds = [max(statistics.fmean(cell.seconds), SECONDS_FLOOR) for cell in cells]
    errors = [max(abs(cell.error), ERROR_FLOOR) for cell in cells]
    axes.scatter(seconds, errors, s=18, color=colour, alpha=0.55, linewidth=0)
    middle = statistics.median(seconds), statistics.median(errors)
    axes.scatter(*middle, s=85, marker=marker, color=colour, edgecolor="white", linewidth=1.2, label=plugin, zorder=3)


def _finish_errors(axes: Any) -> None:
    from matplotlib.ticker import LogLocator

    for level in (0.02, 0.05):
        axes.axhline(level, color=GREY, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_formatter(lambda value, _: "")
    axes.set_xlabel("seconds a run")
    axes.set_ylabel("|mean estimate - truth| (nats)")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), title="median")


def png(figure: Any, dpi: int = 150) -> bytes:
    """Return the figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
