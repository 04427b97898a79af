"""Plots of an estimate: the MMSE curves with the area between them, and the integrand with its band.

matplotlib comes with the optional extra `mmg-registry[plot]`, and is imported inside the functions.
"""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any

from mmg_cli.output import check_writable, write_atomically
from mmg_cli.report import headline
from mmg_registry.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmg_registry.results import Curve, Estimate

FORMATS = ("png", "pdf", "svg", "jpg")
BLUE, ORANGE, GREEN, GREY = "#1f5fa8", "#d1651c", "#2f8a57", "#8a8f98"


def check_plot(path: str, option: str) -> None:
    """Refuse a plot that could not be made, before anything is computed for it.

    Raises:
        OptionError: without matplotlib, for an unknown file extension, or for a path that cannot be written.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise OptionError("Plots need matplotlib, which is not installed: pip install 'mmg-registry[plot]' brings it.")
    if plot_format(path) not in FORMATS:
        raise OptionError(f"A plot ends in {', '.join('.' + name for name in FORMATS)}, and '{path}' does not.")
    check_writable(path, option)


def plot_format(path: str) -> str:
    """Return the extension of `path` as matplotlib's name of the format."""
    return os.path.splitext(path)[1].lstrip(".").lower()


def write_plot(estimate: Estimate, path: str) -> None:
    """Draw `estimate` into the file `path`.

    Raises:
        MMGError: when the file cannot be written.
    """
    figure = draw(estimate)
    write_atomically(path, lambda handle: figure.savefig(handle, format=plot_format(path), dpi=150), "The plot")


def draw(estimate: Estimate) -> Any:
    """Draw a matplotlib figure of `estimate`, whose curve must not be None.

    The upper panel shows the mean squared errors of the noise without and with y. Half the area between them is the
    mutual information in nats (I-MMSE; Guo, Shamai and Verdu 2005, in the noise's parametrisation). The lower panel
    shows the direct and the orthogonal estimate of d(MI)/d(log-SNR).
    """
    from matplotlib.figure import Figure

    curve = estimate.curve
    assert curve is not None
    figure = Figure(figsize=(7.2, 6.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _draw_mmse(upper, curve)
    _draw_integrand(lower, curve)
    name = estimate.provenance.get("plugin", {}).get("name", "")
    figure.suptitle(f"MI = {headline(estimate)}" + (f"\n{name}" if name else ""), fontsize=12)
    return figure


def _draw_mmse(axes: Any, curve: Curve) -> None:
    if curve.mmse is None or curve.mmse_cond is None:
        axes.text(0.5, 0.5, "this plugin gives no MMSE curves", ha="center", va="center", transform=axes.transAxes)
        return
    edges, mmse, cond = _floats(curve.edges), _floats(curve.mmse), _floats(curve.mmse_cond)
    axes.stairs(mmse, edges, baseline=cond, fill=True, color=BLUE, alpha=0.18, label="area = 2 MI in nats (direct)")
    axes.stairs(mmse, edges, baseline=None, color=BLUE, linewidth=1.6, label="without y")
    axes.stairs(cond, edges, baseline=None, color=ORANGE, linewidth=1.6, label="given y")
    axes.set_ylabel("mean squared error of the noise")
    axes.legend(frameon=False, loc="upper left")
    _clean(axes)


def _draw_integrand(axes: Any, curve: Curve) -> None:
    edges = _floats(curve.edges)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    _band(axes, edges, _floats(curve.direct), _floats(curve.direct_se), BLUE, "direct")
    _band(axes, edges, _floats(curve.orthogonal), _floats(curve.orthogonal_se), GREEN, "orthogonal")
    axes.set_xlabel("log-SNR")
    axes.set_ylabel("d MI / d log-SNR (nats)")
    axes.legend(frameon=False, loc="upper left", title="with 95 % band")
    _clean(axes)


def _band(axes: Any, edges: Any, value: Any, error: Any, color: str, label: str) -> None:
    axes.stairs(value + 1.96 * error, edges, baseline=value - 1.96 * error, fill=True, color=color, alpha=0.2)
    axes.stairs(value, edges, baseline=None, color=color, linewidth=1.6, label=label)


def _clean(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0)


def _floats(values: list[float] | list[float | None]) -> NDArray[Any]:
    """Return an array with NaN for the nulls of a JSON document."""
    import numpy as np

    return np.asarray(values, dtype=float)
