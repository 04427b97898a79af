"""The plot of a bound: both sides with their sampling error, and the gap against the number of temperatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmg_cli.output import write_atomically
from mmg_cli.plotting import plot_format
from mmg_registry.pictures import BLUE, GREY, draw_sides

if TYPE_CHECKING:
    from mmg_registry.bounds.result import Bound


def write_plot(found: Bound, path: str) -> None:
    """Draw `found` into the file `path`.

    Raises:
        MMGError: when the file cannot be written.
    """
    figure = draw_bound(found)
    write_atomically(path, lambda handle: figure.savefig(handle, format=plot_format(path), dpi=150), "The plot")


def draw_bound(found: Bound) -> Any:
    """Draw a matplotlib figure of `found`: the bounds on the left, and the gap, if it was measured, on the right."""
    from matplotlib.figure import Figure

    gaps = [each for each in found.diagnostics.get("gap_by_temperatures", []) if each["gap"] > 0]
    figure = Figure(figsize=(7.2 if len(gaps) > 1 else 4.0, 3.6), layout="constrained")
    axes = figure.subplots(1, 2 if len(gaps) > 1 else 1, squeeze=False)[0]
    draw_sides(axes[0], found)
    if len(gaps) > 1:
        _draw_gaps(axes[1], gaps)
    figure.suptitle(found.verdict, fontsize=8)
    return figure


def _draw_gaps(axes: Any, gaps: list[dict[str, Any]]) -> None:
    counts, widths = [each["temperatures"] for each in gaps], [each["gap"] for each in gaps]
    axes.loglog(counts, widths, "o-", color=BLUE, label="measured")
    axes.loglog(counts, [widths[-1] * counts[-1] / n for n in counts], color=GREY, linewidth=0.8, label="1 / T")
    axes.set_xlabel("temperatures T")
    axes.set_ylabel("upper - lower (nats)")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
