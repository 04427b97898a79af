"""`mmg plot`: the curves of a result that was written as JSON."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from mmg_cli.common import Verbose
from mmg_cli.output import display
from mmg_registry.errors import DataError

if TYPE_CHECKING:
    from mmg_registry.results import Curve, Estimate


def plot(
    result: Annotated[str, typer.Argument(metavar="RESULT.json", help="What `mmg estimate -o` or --json wrote.")],
    out: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="The plot: png, pdf or svg.  [RESULT.png]")
    ] = None,
    verbose: Verbose = 0,
) -> None:
    """Plot the two MMSE curves of a result, the area between them, and the integrand."""
    from mmg_cli.plotting import check_plot, write_plot

    target = out or f"{os.path.splitext(result)[0]}.png"
    check_plot(target, "-o")
    estimate = read_result(result)
    if estimate.curve is None:
        raise DataError(f"{result} holds no curve to plot; results of plugins that integrate over log-SNR have one.")
    _check_lengths(result, estimate.curve)
    write_plot(estimate, target)
    display(target)


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


def read_result(path: str) -> Estimate:
    """Read an estimate from a JSON file.

    Raises:
        DataError: when the file is missing, is not JSON, or is not a result in this schema.
    """
    import json

    from mmg_registry.results import Estimate

    try:
        with open(path, encoding="utf-8") as handle:
            return Estimate.from_dict(json.load(handle))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise DataError(f"{path} is not a result that `mmg estimate -o` wrote: {reason}.") from error
