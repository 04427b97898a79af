"""Pictures of questions about series: information over lags or steps with its band, or a map of links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmg_cli.output import write_atomically
from mmg_cli.plotting import plot_format
from mmg_registry.pictures import BLUE, GREY, ORANGE
from mmg_registry.results import NATS_PER_BIT

if TYPE_CHECKING:
    from mmg_registry.quantity import Quantity

SIGNIFICANT = 0.05  # of q, up to which a link's lag is written into its cell


def write_plot(found: Quantity, path: str) -> None:
    """Draw `found` into the file `path`.

    Raises:
        MMGError: when the file cannot be written.
    """
    figure = draw_series(found)
    write_atomically(path, lambda handle: figure.savefig(handle, format=plot_format(path), dpi=150), "The plot")


def draw_series(found: Quantity) -> Any:
    """Return a matplotlib figure of the parts of `found`: a map of links, or a curve over lags or steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    (_draw_links if "source" in found.diagnostics else _draw_curve)(axes, found)
    figure.suptitle(f"{found.name}\n{found.symbol} = {found.words}", fontsize=10)
    return figure


def _draw_curve(axes: Any, found: Quantity) -> None:
    """Draw the parts with their intervals, what shifted sources reach, and the place that was chosen."""
    key = "lag" if "lag" in found.diagnostics else "history"
    places = [part.diagnostics[key] for part in found.parts]
    low, high = ([part.value if end is None else end for part, end in _ends(found, at)] for at in ("low", "high"))
    axes.fill_between(
        places, low, high, color=BLUE, alpha=0.2, linewidth=0, label=f"{100 * found.ci_level:g} % interval"
    )
    axes.plot(places, [part.value for part in found.parts], color=BLUE, marker="o", markersize=3, label=_label(found))
    if key == "lag":
        null = found.diagnostics["null"]
        threshold = null["threshold"] / (1.0 if found.unit == "nats" else NATS_PER_BIT)
        label = f"reached by shifted sources at some lag in {100 * null['level']:g} %"
        axes.axhline(threshold, color=GREY, linestyle="--", linewidth=1.0, label=label)
    chosen = found.diagnostics.get("lags", [found.diagnostics[key]])
    for place in chosen:
        axes.axvline(place, color=ORANGE, linewidth=1.0, label="chosen" if place == chosen[0] else None)
    axes.set_xlabel("lag (steps of time)" if key == "lag" else "steps of the past")
    axes.set_ylabel(found.unit)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)


def _ends(found: Quantity, at: str) -> list[tuple[Quantity, float | None]]:
    return [(part, getattr(part, at)) for part in found.parts]


def _label(found: Quantity) -> str:
    return found.parts[0].name if found.parts else found.name


def _draw_links(axes: Any, found: Quantity) -> None:
    """Draw a map of the links, sources down and targets across, with the lag of those that are beyond chance."""
    import numpy as np

    ends = {end: [part.diagnostics[end] for part in found.parts] for end in ("source", "target")}
    order = list(dict.fromkeys([*ends["source"], *ends["target"]]))
    names = [[name for name in order if name in each] for each in ends.values()]
    cells = np.full([len(each) for each in names], np.nan)
    for part in found.parts:
        row, column = (each.index(part.diagnostics[end]) for each, end in zip(names, ("source", "target"), strict=True))
        cells[row, column] = max(part.value, 0.0)
        if part.diagnostics["q"] <= SIGNIFICANT:
            axes.text(
                column,
                row,
                str(part.diagnostics["lag"]),
                ha="center",
                va="center",
                fontsize=11,
                weight="bold",
                color=ORANGE,
            )
    image = axes.imshow(cells, cmap="Blues", vmin=0.0)
    axes.set_xticks(range(len(names[1])), names[1], rotation=90)
    axes.set_yticks(range(len(names[0])), names[0])
    axes.set_xlabel("target")
    axes.set_ylabel("source")
    axes.figure.colorbar(image, ax=axes, label=f"predictive information ({found.unit}); lags at q up to {SIGNIFICANT}")
