"""Pictures of tables: values with their intervals, one bar or one mark a row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mmg_cli.output import write_atomically
from mmg_cli.plotting import plot_format
from mmg_registry.pictures import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from mmg_registry.tables import AnswerTable

MOST_DRAWN = 40  # rows of a picture; more cannot be read
FOUND = 0.05  # q up to which a bar is drawn as found


def write_table_plot(figure: Any, path: str) -> None:
    """Write a figure to `path`.

    Raises:
        MMGError: when the file cannot be written.
    """
    write_atomically(path, lambda handle: figure.savefig(handle, format=plot_format(path), dpi=150), "The plot")


def draw_ranking(found: AnswerTable) -> Any:
    """Draw a bar for each of the first features with its interval; grey where nothing is surely found."""
    rows = [row for row in found.rows if row["mi"] is not None or row["low"] is not None][:MOST_DRAWN]
    figure, axes = _figure(len(rows))
    for i, row in enumerate(rows):
        sure = row["q"] is not None and float(row["q"]) <= FOUND
        value = float((row["low"] if row["mi"] is None else row["mi"]) or 0.0)
        if math.isfinite(value):
            axes.barh(i, value, color=BLUE if sure else GREY, alpha=0.8, height=0.7)
        else:
            _endless(axes, i)
        _interval(axes, i, row["low"], row["high"])
    given = found.provenance["given"]
    target = ", ".join(found.provenance["target"])
    axes.set_xlabel(f"I(feature; {target}{' | ' + ', '.join(given) if given else ''}) in {found.unit}")
    axes.set_title(f"grey: not found at a false discovery rate of {FOUND:.0%}", fontsize=9, loc="left")
    return _named(figure, axes, [str(row["feature"]) for row in rows])


def draw_comparison(found: AnswerTable) -> Any:
    """Draw each plugin's value with its interval; arrows where it bounds the information."""
    rows = list(found.rows)
    figure, axes = _figure(len(rows))
    for i, row in enumerate(rows):
        if row["mi"] is None:
            axes.text(0.0, i, f" {row['status']}", va="center", color=GREY)
            continue
        marks = {"lower": ">", "upper": "<"}
        axes.plot(float(row["mi"]), i, marker=marks.get(str(row["bound"]), "o"), color=BLUE, markersize=8)
        _interval(axes, i, row["low"], row["high"])
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.set_xlabel(f"I(x; y) in {found.unit}; > marks a lower bound")
    return _named(figure, axes, [str(row["plugin"]) for row in rows])


def _figure(rows: int) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 1.2 + 0.3 * max(rows, 3)), layout="constrained")
    return figure, figure.subplots()


def _interval(axes: Any, i: int, low: Any, high: Any) -> None:
    if low is not None and high is not None:
        axes.plot([low, high], [i, i], color=ORANGE, linewidth=2.0, solid_capstyle="butt")


def _endless(axes: Any, i: int) -> None:
    """Draw a bar over the whole width, as far as other bars make it, for what is infinite."""
    axes.axhspan(i - 0.35, i + 0.35, color=BLUE, alpha=0.8)
    axes.text(0.99, i, "infinite >", transform=axes.get_yaxis_transform(), ha="right", va="center", color="white")


def _named(figure: Any, axes: Any, names: list[str]) -> Any:
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    return figure
