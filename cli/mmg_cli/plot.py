"""`mmg plot`: the picture of a result that was written as JSON: an estimate, a quantity, a bound or a table."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import Quiet, Verbose
from mmg_cli.documents import read_document
from mmg_cli.output import display, write_atomically
from mmg_registry.errors import DataError

if TYPE_CHECKING:
    from mmg_registry.results import Curve


def plot(
    result: Annotated[str, typer.Argument(metavar="RESULT.json", help="What a command wrote with -o or --json.")],
    out: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="The plot: png, pdf or svg.  [RESULT.png]")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Plot a result: the two curves of an estimate, or values with their intervals."""
    from mmg_cli.plotting import check_plot, plot_format

    target = out or f"{os.path.splitext(result)[0]}.png"
    check_plot(target, "-o")
    figure = _drawn(result)
    write_atomically(target, lambda handle: figure.savefig(handle, format=plot_format(target), dpi=150), "The plot")
    display(target)


def _drawn(path: str) -> Any:
    """Return the figure of the result in a file.

    Raises:
        DataError: when the file is missing, or holds nothing that can be drawn.
    """
    try:
        return _figure(path, read_document(path))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise DataError(f"{path} is not a result that `mmg estimate -o` wrote: {reason}.") from error


def _figure(path: str, document: dict[str, Any]) -> Any:
    from mmg_registry.bounds.result import BOUND_SCHEMA
    from mmg_registry.quantity import QUANTITY_SCHEMA
    from mmg_registry.tables import TABLE_SCHEMA

    drawn = {BOUND_SCHEMA: _of_bound, QUANTITY_SCHEMA: _of_quantity, TABLE_SCHEMA: _of_table}.get(
        str(document.get("schema"))
    )
    return drawn(document) if drawn else _of_estimate(path, document)


def _of_estimate(path: str, document: dict[str, Any]) -> Any:
    from mmg_cli.plotting import draw_estimate
    from mmg_registry.results import Estimate

    estimate = Estimate.from_dict(document)
    if estimate.curve is None:
        return _on_axes(estimate)
    _check_lengths(path, estimate.curve)
    return draw_estimate(estimate)


def _of_quantity(document: dict[str, Any]) -> Any:
    from mmg_cli.questions.series_plot import draw_series
    from mmg_registry.quantity import Quantity

    found = Quantity.from_dict(document)
    of_series = found.parts and {"source", "lag", "history"} & found.diagnostics.keys()
    return draw_series(found) if of_series else _on_axes(found)


def _of_bound(document: dict[str, Any]) -> Any:
    from mmg_cli.bound.plot import draw_bound
    from mmg_registry.bounds.result import Bound

    return draw_bound(Bound.from_dict(document))


def _of_table(document: dict[str, Any]) -> Any:
    from mmg_cli.questions.pairs_plot import draw_graph
    from mmg_cli.questions.table_plot import FOUND, draw_comparison, draw_ranking
    from mmg_registry.tables import AnswerTable

    found = AnswerTable.from_dict(document)
    if found.kind == "pairs":
        return draw_graph(found, float(found.provenance.get("alpha", FOUND)))
    return (draw_ranking if found.kind == "rank" else draw_comparison)(found)


def _on_axes(found: Any) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 1.6 + 0.4 * len(getattr(found, "parts", ()))), layout="constrained")
    found.plot(figure.subplots())
    return figure


def _check_lengths(path: str, curve: Curve) -> None:
    """Refuse a curve that was truncated or edited by hand, because its plot would be wrong."""
    bins = len(curve.edges) - 1
    parts = {name: getattr(curve, name) for name in ("direct", "orthogonal", "direct_se", "orthogonal_se")}
    optional = {name: getattr(curve, name) for name in ("mmse", "mmse_cond")}
    for name, values in {**parts, **{key: value for key, value in optional.items() if value is not None}}.items():
        if len(values) != bins:
            raise DataError(
                f"{path} has a damaged curve: '{name}' has {len(values)} values, and {bins} bins need {bins}."
            )
