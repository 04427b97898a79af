"""Results drawn on axes of matplotlib: two curves over log-SNR, integrands with their band, values with their interval.

matplotlib comes with the optional extra `mmg-registry[plot]`, and is imported inside the functions.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmg_registry.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLUE, ORANGE, GREEN, GREY = "#1f5fa8", "#d1651c", "#2f8a57", "#8a8f98"


def demand_matplotlib() -> None:
    """Refuse to draw without matplotlib.

    Raises:
        OptionError: when it is not installed, with the extra that brings it.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise OptionError("Plots need matplotlib, which is not installed: pip install 'mmg-registry[plot]' brings it.")


def axes_or_new(axes: Any) -> Any:
    """Return the given axes, or those of a new figure of pyplot, which notebooks show.

    Raises:
        OptionError: when matplotlib is not installed.
    """
    demand_matplotlib()
    if axes is not None:
        return axes
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(6.4, 3.6), layout="constrained")[1]


def draw_mmse(axes: Any, curve: Any) -> None:
    """Draw the mean squared errors of the noise without and given y, of a `Curve`.

    Half the area between them is the mutual information in nats (I-MMSE; Guo, Shamai and Verdu 2005, in the noise's
    parametrisation).
    """
    if curve.mmse is None or curve.mmse_cond is None:
        axes.text(0.5, 0.5, "this plugin gives no MMSE curves", ha="center", va="center", transform=axes.transAxes)
        return
    edges, mmse, cond = floats(curve.edges), floats(curve.mmse), floats(curve.mmse_cond)
    axes.stairs(mmse, edges, baseline=cond, fill=True, color=BLUE, alpha=0.18, label="area = 2 MI in nats (direct)")
    axes.stairs(mmse, edges, baseline=None, color=BLUE, linewidth=1.6, label="without y")
    axes.stairs(cond, edges, baseline=None, color=ORANGE, linewidth=1.6, label="given y")
    axes.set_ylabel("mean squared error of the noise")
    axes.legend(frameon=False, loc="upper left")
    _clean(axes)


def draw_integrand(axes: Any, curve: Any) -> None:
    """Draw the direct and the orthogonal estimate of d(MI)/d(log-SNR) of a `Curve`, in nats, with their 95 % bands."""
    edges = floats(curve.edges)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    _band(axes, edges, floats(curve.direct), floats(curve.direct_se), BLUE, "direct")
    _band(axes, edges, floats(curve.orthogonal), floats(curve.orthogonal_se), GREEN, "orthogonal")
    axes.set_xlabel("log-SNR")
    axes.set_ylabel("d MI / d log-SNR (nats)")
    axes.legend(frameon=False, loc="upper left", title="with 95 % band")
    _clean(axes)


def draw_curve(axes: Any, curve: Any) -> None:
    """Draw on one axes what a `Curve` has: both mean squared errors, or else its integrands."""
    if curve.mmse is None or curve.mmse_cond is None:
        draw_integrand(axes, curve)
        return
    draw_mmse(axes, curve)
    axes.set_xlabel("log-SNR")


def draw_intervals(axes: Any, named: Sequence[tuple[str, float, float | None, float | None]], unit: str) -> None:
    """Draw values with their intervals, one a row from above, on a scale that shows 0.

    Args:
        axes: matplotlib's.
        named: name, value, and both ends of the interval in `unit`, None where there are none.
        unit: that of the values.
    """
    for i, (_, value, low, high) in enumerate(named):
        if low is not None and high is not None:
            axes.plot([low, high], [i, i], color=ORANGE, linewidth=2.0, solid_capstyle="butt")
        axes.plot([value], [i], "o", color=BLUE)
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(named)), [name for name, *_ in named])
    axes.set_ylim(len(named) - 0.5, -0.5)
    axes.set_xlabel(unit)
    axes.spines[["top", "right"]].set_visible(False)


def draw_sides(axes: Any, found: Any) -> None:
    """Draw the sides of a `Bound` in nats, with 95 % bars of their sampling error, and the true MI if it is known."""
    sides = [("lower", found.lower, found.lower_se, BLUE), ("upper", found.upper, found.upper_se, ORANGE)]
    for name, value, error, color in sides:
        if value is not None:
            axes.errorbar([name], [value], yerr=[1.96 * (error or 0.0)], fmt="o", color=color, capsize=4)
    if found.true_mi is not None:
        axes.axhline(found.true_mi, color=GREY, linewidth=0.8, label="true MI")
        axes.legend(frameon=False)
    axes.set_ylabel("MI (nats), with 95 % bars")
    axes.spines[["top", "right"]].set_visible(False)


def floats(values: Sequence[float | None]) -> NDArray[Any]:
    """Return an array with NaN for the nulls of a JSON document."""
    import numpy as np

    return np.asarray(values, dtype=float)


def _band(axes: Any, edges: Any, value: Any, error: Any, color: str, label: str) -> None:
    axes.stairs(value + 1.96 * error, edges, baseline=value - 1.96 * error, fill=True, color=color, alpha=0.2)
    axes.stairs(value, edges, baseline=None, color=color, linewidth=1.6, label=label)


def _clean(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0)
