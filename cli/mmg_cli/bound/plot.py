"""The plot of a bound: both sides with their sampling error, and the gap against the number of temperatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmg_cli.output import write_atomically
from mmg_cli.plotting import BLUE, GREY, ORANGE, plot_format

if TYPE_CHECKING:
    from mmg_registry.bounds.result import Bound


def write_plot(found: Bound, path: str) -> None:
    """Draw `found` into the file `path`.

    Raises:
        MMGError: when the file cannot be written.
    """
    figure = draw(found)
    write_atomically(path, lambda handle: figure.savefig(handle, format=plot_format(path), dpi=150), "The plot")


def draw(found: Bound) -> Any:
    """Draw a matplotlib figure of `found`: the bounds on the left, and the gap, if it was measured, on the right."""
    from matplotlib.figure import Figure

    gaps = [each for each in found.diagnostics.get("gap_by_temperatures", []) if each["gap"] > 0]
    figure = Figure(figsize=(7.2 if len(gaps) > 1 else 4.0, 3.6), layout="constrained")
    axes = figure.subplots(1, 2 if len(gaps) > 1 else 1, squeeze=False)[0]
    _draw_sides(axes[0], found)
    if len(gaps) > 1:
        _draw_gaps(axes[1], gaps)
    figure.suptitle(found.verdict, fontsize=8)
    return figure


def _draw_sides(axes: Any, found: Bound) -> None:
    sides = [("lower", found.lower, found.lower_se, BLUE), ("upper", found.upper, found.upper_se, ORANGE)]
    for name, value, error, color in sides:
        if value is not None:
            axes.errorbar([name], [value], yerr=[1.96 * (error or 0.0)], fmt="o", color=color, capsize=4)
    if found.true_mi is not None:
        axes.axhline(found.true_mi, color=GREY, linewidth=0.8, label="true MI")
        axes.legend(frameon=False)
    axes.set_ylabel("MI (nats), with 95 % bars")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_gaps(axes: Any, gaps: list[dict[str, Any]]) -> None:
    counts, widths = [each["temperatures"] for each in gaps], [each["gap"] for each in gaps]
    axes.loglog(counts, widths, "o-", color=BLUE, label="measured")
    axes.loglog(counts, [widths[-1] * counts[-1] / n for n in counts], color=GREY, linewidth=0.8, label="1 / T")
    axes.set_xlabel("temperatures T")
    axes.set_ylabel("upper - lower (nats)")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
