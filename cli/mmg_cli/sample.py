"""`mmg sample`: data with known mutual information, for trying out an estimator."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import Quiet, Verbose
from mmg_cli.output import check_writable, display, write_atomically
from mmg_registry.errors import OptionError
from mmg_registry.limits import checked

if TYPE_CHECKING:
    from mmg_registry.samplers import Sampler


def complete_sampler(incomplete: str) -> list[str]:
    """Return the names of samplers that begin with `incomplete`."""
    return [name for name in sorted({"gaussian", *_samplers()}) if name.startswith(incomplete)]


def _samplers() -> dict[str, Sampler]:
    """Return the samplers of all benchmark tasks, including those of plugins; the first of two equal names counts."""
    from mmg_registry.benchmark.tasks import suites

    tasks = [task for suite in suites().values() for task in suite]
    return {task.name: task.sampler for task in reversed(tasks)}


def sample(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", autocompletion=complete_sampler, help="gaussian, or a task of `mmg benchmark tasks`."
        ),
    ],
    n: Annotated[int, typer.Option("-n", "--rows", help="How many rows.")] = 10_000,
    out: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The npz file to write.")] = "data.npz",
    dim: Annotated[int | None, typer.Option(help="Columns of x and of y (gaussian).  [default: 1]")] = None,
    mi: Annotated[float | None, typer.Option(help="Mutual information in nats (gaussian).  [default: 1.0]")] = None,
    seed: Annotated[int, typer.Option(help="The seed of the draw.")] = 0,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Draw rows from a distribution with known mutual information; write x, y and true_mi (nats) to an npz file."""
    for limit, value, spelt in (("rows", n, "-n"), ("dim", dim, "--dim"), ("mi", mi, "--mi"), ("seed", seed, "--seed")):
        if value is not None:
            checked(limit, value, spelt)
    if not out.endswith(".npz"):
        raise OptionError(f"The sample is written as npz, and '{out}' does not end in .npz; give such a name to -o.")
    check_writable(out, "-o")
    source = find_sampler(name, dim, mi)
    x, y = source.sample(n, seed)
    write_atomically(out, lambda handle: _write_npz(handle, x=x, y=y, true_mi=source.true_mi), "The sample")
    told = "".join(f", --kind {column}={kind}" for column, kind in source.kinds.items())
    display(f"{out}: {n} rows, {x.shape[1]} columns of x, {y.shape[1]} of y, true MI {source.true_mi:.6f} nats{told}")


def _write_npz(handle: IO[bytes], **arrays: Any) -> None:
    import numpy as np

    np.savez(handle, **arrays)


def find_sampler(name: str, dim: int | None, mi: float | None) -> Sampler:
    """Return the sampler called `name`; only "gaussian" takes `dim` and `mi` (nats).

    Raises:
        OptionError: for an unknown name, or for options that the sampler does not have.
    """
    from mmg_registry.samplers import gaussian

    if name == "gaussian":
        return gaussian(1 if dim is None else dim, 1.0 if mi is None else mi)
    known = _samplers()
    if name not in known:
        raise OptionError(f"There is no sampler '{name}'; there are {', '.join(sorted({'gaussian', *known}))}.")
    if dim is not None or mi is not None:
        raise OptionError(f"--dim and --mi belong to the sampler 'gaussian'; '{name}' has a size and an MI of its own.")
    return known[name]
