"""`mmg pmi`: pointwise mutual information of new rows, from a saved estimator or a pretrained denoiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import Quiet, Verbose, check_limits, executed
from mmg_cli.completion import complete_column
from mmg_cli.output import check_writable, columns, display, warn
from mmg_cli.questions.common import DropNan, UnitOption
from mmg_cli.reading import (
    COLUMNS_HELP,
    DATA_HELP,
    Comment,
    Decimal,
    HeaderOption,
    HeaderRow,
    Na,
    Sep,
    SkipLines,
    TextEncoding,
    TextJob,
    Thousands,
    Where,
    tell,
    text_options,
)  # fmt: skip
from mmg_cli.writers import write_pointwise
from mmg_registry.errors import PluginError, explain

if TYPE_CHECKING:
    from mmg_registry.data.pair import Pair
    from mmg_registry.results import Pointwise, Unit


@dataclass(frozen=True, kw_only=True)
class PmiJob(TextJob):
    """The parameters of `mmg pmi`, one field each."""

    model: str
    data: list[str]
    out: str
    x: str | None
    y: str | None
    given: str | None
    draws: int | None
    seed: int
    unit: Unit
    drop_nan: bool
    quiet: bool
    verbose: int


def pmi(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A folder of `mmg estimate --save`, or a pretrained denoiser FILE.py:NAME, which is executed.",
        ),
    ],
    data: Annotated[list[str], typer.Argument(metavar="DATA", help=DATA_HELP)],
    out: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Write the values there (npz, parquet, csv).")
    ],
    x: Annotated[str | None, typer.Option(autocompletion=complete_column, help=COLUMNS_HELP)] = None,
    y: Annotated[str | None, typer.Option(autocompletion=complete_column, help="The same for y.")] = None,
    given: Annotated[str | None, typer.Option(help="Columns that were given where the estimator was fitted.")] = None,
    draws: Annotated[
        int | None, typer.Option(help="Draws of noise a row from a denoiser, 512 unless given.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of a denoiser's draws; an estimator has its own.")] = 0,
    unit: UnitOption = "nats",
    drop_nan: DropNan = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    where: Where = None,
    sep: Sep = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    comment: Comment = None,
    skip: SkipLines = 0,
    na: Na = None,
    encoding: TextEncoding = None,
    header: HeaderRow = HeaderOption.auto,
) -> None:
    """Tell what each row of DATA says: ln p(x, y) / (p(x) p(y)), from what was trained on other rows."""
    execute(PmiJob(**locals()))


def execute(job: PmiJob) -> None:
    """Check what can be checked in advance, read, evaluate, print and write.

    Raises:
        MMGError: or one of its subclasses.
    """
    from mmg_registry.pointwise.files import pointwise_ending
    from mmg_registry.pointwise.pmi import of_rows

    check_limits(job, "seed", "unit", draws="n")
    pointwise_ending(job.out)
    check_writable(job.out, "-o")
    model = _model(job.model)
    found, told = of_rows(model, _rows(job), job.draws, job.seed)
    write_pointwise(found, job.out, job.unit)
    _print(found, job, told)


def _model(address: str) -> Any:
    """Return a folder's path as it is, and the denoiser of FILE.py:NAME, made if it is a class."""
    path, _, name = address.rpartition(":")
    if not path.endswith(".py"):
        return address
    found = executed(path, name)
    try:
        return found() if isinstance(found, type) else found
    except Exception as error:
        raise PluginError(f"The denoiser {name} of {path} cannot be made ({explain(error)}).") from error


def _rows(job: PmiJob) -> Pair:
    import numpy as np

    from mmg_registry.api import read

    paths: Any = job.data[0] if len(job.data) == 1 else job.data
    pair = read(paths, x=job.x, y=job.y, given=job.given, text=text_options(job), where=job.where)
    tell(pair)
    good = np.all([np.isfinite(side).all(axis=1) for side in pair.arrays()], axis=0)
    return pair.take(good) if job.drop_nan and not good.all() else pair


def _print(found: Pointwise, job: PmiJob, told: list[str]) -> None:
    from mmg_registry.pointwise.files import file_columns

    shown = file_columns(found, job.unit)
    rows = [
        ["mean", f"{shown['pmi'].mean():.4f} {job.unit} a row"],
        ["range", f"{shown['pmi'].min():.4f} to {shown['pmi'].max():.4f} {job.unit}"],
        ["noise", f"{shown['noise'].mean():.4f} {job.unit}, the mean standard error of a row's draws"],
        ["rows", f"{len(found)}, in {job.out}"],
    ]
    display(columns(rows))
    for sentence in told:
        warn(sentence)
