"""`mmg bound`: from a model with known densities to bounds on its mutual information."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import Json, Quiet, Set, Verbose, check_limits, executed, parse_set
from mmg_cli.completion import complete_bound, complete_model
from mmg_cli.invocation import recorded
from mmg_cli.output import check_writable, columns, verbosity, warn
from mmg_cli.progress import progress_bar
from mmg_cli.writers import check_result_file, write_result
from mmg_registry.errors import DataError, OptionError, PluginError, explain

if TYPE_CHECKING:
    from mmg_registry.bounds.result import Bound


@dataclass(frozen=True)
class BoundJob:
    """The parameters of `mmg bound`, one field each."""

    model: str
    plugin: str
    data: str | None
    model_set: list[str] | None
    n: int | None
    seed: int | None
    threads: int | None
    device: str
    set: list[str] | None
    json: bool
    out: str | None
    plot: str | None
    checkpoint: str | None
    quiet: bool
    verbose: int


def bound(
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            autocompletion=complete_model,
            help="linear-gaussian, gaussian-channel, gaussian-mixture, a MODEL.npz that `mmg train-model` wrote, or "
            "FILE.py:NAME, which is executed.",
        ),
    ],
    plugin: Annotated[
        str, typer.Option("--plugin", "-p", autocompletion=complete_bound, help="The bound, by name or dist:name.")
    ] = "ais",
    data: Annotated[
        str | None, typer.Option(metavar="DATA", help="An npz file with pairs x and z that the model drew.")
    ] = None,
    model_set: Annotated[
        list[str] | None, typer.Option("--model-set", metavar="KEY=VALUE", help="A setting of the model, repeatable.")
    ] = None,
    n: Annotated[int | None, typer.Option("-n", "--pairs", help="Pairs to draw from the model.  [default: 64]")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random.  [default: 0, or the checkpoint's]")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads to keep busy; all cores when absent.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    set: Set = None,
    json: Json = False,
    out: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the result there too, as JSON (.json) or as a plugin does."
        ),
    ] = None,
    plot: Annotated[
        str | None, typer.Option(metavar="FILE", help="Plot the sandwich and its gap (png, pdf or svg).")
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Keep the run's state there, and go on from it after a break, to the same bits."
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Bound the mutual information of a model whose densities are known, e.g. `mmg bound --model linear-gaussian`."""
    execute(BoundJob(**locals()))


def execute(job: BoundJob) -> None:
    """Check everything that can be checked in advance, bound, then print, write and plot.

    Raises:
        MMGError: or one of its subclasses, when a check, the bound or the writing fails.
    """
    from mmg_registry.contracts import parse_options
    from mmg_registry.devices import torch_device
    from mmg_registry.registry import load_bound

    check_limits(job, "n", "seed", "threads", "device")
    torch_device(job.device)
    options = parse_set(job.set or [])
    parse_options(load_bound(job.plugin), options)
    _check_outputs(job)
    _deliver(job, _run(job, options))


def _check_outputs(job: BoundJob) -> None:
    if job.data and job.n is not None:
        raise OptionError("--data brings the pairs and -n draws them; keep one of the two.")
    if job.out:
        check_result_file(job.out)
        check_writable(job.out, "-o")
    if job.checkpoint:
        check_writable(job.checkpoint, "--checkpoint")
    if job.plot:
        from mmg_cli.plotting import check_plot

        check_plot(job.plot, "--plot")


def _run(job: BoundJob, options: dict[str, Any]) -> Bound:
    from mmg_registry.bounds.run import run
    from mmg_registry.request import BoundRequest

    with progress_bar(job.json, "nats") as listener:
        request = BoundRequest(
            plugin=job.plugin,
            n=64 if job.n is None else job.n,
            seed=_seed(job),
            threads=job.threads,
            device=job.device,
            options=options,
            progress=listener,
            checkpoint=job.checkpoint,
        )
        return run(load_model(job.model, parse_set(job.model_set or [])), request, read_pairs(job.data))


def _seed(job: BoundJob) -> int:
    """Return the seed given, else the seed of the run to resume, else 0, as in Python."""
    if job.seed is not None:
        return job.seed
    if job.checkpoint and os.path.isfile(job.checkpoint):
        from mmg_registry.bounds.checkpoint import request_of

        return int(request_of(job.checkpoint)["seed"])
    return 0


def load_model(address: str, settings: dict[str, Any]) -> Any:
    """Return the built-in model called `address`, the one saved in MODEL.npz, or NAME of FILE.py for "FILE.py:NAME".

    Raises:
        OptionError: for an unknown name or setting.
        DataError: when the saved model cannot be read.
        PluginError: when the Python file is missing, fails, or has no such name.
    """
    if address.endswith(".npz"):
        from mmg_registry.models.saved import load_model as saved

        if settings:
            raise OptionError(f"--model-set is for models that are made anew; {address} is what its training made it.")
        return saved(address)
    path, _, name = address.rpartition(":")
    if not path:
        from mmg_registry.models.built_in import built_in

        return built_in(address, **settings)
    found = executed(path, name)
    if not settings:
        return found
    try:
        return found(**settings)
    except Exception as error:
        raise PluginError(
            f"The model {name} of {path} cannot be made with these settings ({explain(error)})."
        ) from error


def read_pairs(path: str | None) -> tuple[Any, Any] | None:
    """Read the arrays x and z from an npz file; return None without a path.

    Raises:
        DataError: when the file cannot be read, or has no arrays x and z of floats with one or two axes.
    """
    if path is None:
        return None
    import numpy as np

    from mmg_registry.data.reading import arrays

    sides = arrays(path, ("x", "z"))
    missing = [key for key in ("x", "z") if key not in sides]
    if missing:
        raise DataError(f"{path} has no array {' and no array '.join(missing)}; pairs are x and z.")
    for key, side in sides.items():
        if side.ndim not in (1, 2) or not np.issubdtype(side.dtype, np.floating):
            raise DataError(
                f"The array {key} of {path} has {side.ndim} axes of {side.dtype}; rows of floats are needed."
            )
    return sides["x"], sides["z"]


def _deliver(job: BoundJob, found: Bound) -> None:
    print_bound(found, job.json)
    if job.out:
        write_result(found, job.out)
    if job.plot:
        from mmg_cli.bound.plot import write_plot

        write_plot(found, job.plot)


def print_bound(found: Bound, json: bool) -> None:
    """Print `found` on stdout: one JSON document, or a table with its warnings."""
    if json:
        print(recorded(found).to_json())
        for sentence in found.warnings:
            warn(sentence)
    else:
        print(columns([*_rows(found), *(["warning", sentence] for sentence in found.warnings)]))
    sys.stdout.flush()


def _rows(found: Bound) -> list[list[str]]:
    about = found.provenance
    rows = [["verdict", found.verdict]]
    for name, value, error in (("lower", found.lower, found.lower_se), ("upper", found.upper, found.upper_se)):
        if value is not None:
            rows.append([name, f"{value:.4f} nats" + ("" if error is None else f", standard error {error:.4f}")])
    rows += [["plugin", about["plugin"]["name"]], ["model", about["model"]], ["pairs", str(about["n"])]]
    rows += [[key, f"{value:.4g}"] for key, value in _numbers(found).items()]
    rows += [["note", found.diagnostics["caveat"]]] if "caveat" in found.diagnostics else []
    return [*rows, ["seconds", f"{about['seconds']:.1f}"], ["seed", str(about["seed"])]]


def _numbers(found: Bound) -> dict[str, float]:
    """Return the single numbers among the diagnostics: all of them with -v, else the first three."""
    numbers = {key: value for key, value in found.diagnostics.items() if isinstance(value, (int, float))}
    return numbers if verbosity.level else dict(list(numbers.items())[:3])
