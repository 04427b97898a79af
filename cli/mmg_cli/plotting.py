"""Plots of an estimate: the MMSE curves with the area between them, and the integrand with its band.

matplotlib comes with the optional extra `mmg-registry[plot]`, and is imported inside the functions.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mmg_cli.output import check_writable, write_atomically
from mmg_cli.report import headline
from mmg_registry.errors import OptionError
from mmg_registry.pictures import demand_matplotlib, draw_integrand, draw_mmse

if TYPE_CHECKING:
    from mmg_registry.results import Estimate

FORMATS = ("png", "pdf", "svg", "jpg")


def check_plot(path: str, option: str) -> None:
    """Refuse a plot that could not be made, before anything is computed for it.

    Raises:
        OptionError: without matplotlib, for an unknown file extension, or for a path that cannot be written.
    """
    demand_matplotlib()
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
    figure = draw_estimate(estimate)
    write_atomically(path, lambda handle: figure.savefig(handle, format=plot_format(path), dpi=150), "The plot")


def draw_estimate(estimate: Estimate) -> Any:
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
    draw_mmse(upper, curve)
    draw_integrand(lower, curve)
    name = estimate.provenance.get("plugin", {}).get("name", "")
    figure.suptitle(f"MI = {headline(estimate)}" + (f"\n{name}" if name else ""), fontsize=12)
    return figure
