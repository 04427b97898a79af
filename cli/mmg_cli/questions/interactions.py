"""`mmg interactions`: what more than two variables share, from a file of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mmg_cli.common import Json, Quiet, Seed, Set, Verbose, parse_set
from mmg_cli.questions.common import (
    BlocksOption,
    Device,
    DropNan,
    GroupsOption,
    KindOption,
    Level,
    MaxSeconds,
    Output,
    PluginOption,
    QuestionJob,
    Threads,
    UnitOption,
    answer,
    check_job,
    read_pair,
)
from mmg_cli.questions.entropy import EVERYTHING
from mmg_cli.reading import (
    DATA_HELP,
    Comment,
    Decimal,
    HeaderOption,
    HeaderRow,
    Na,
    RowsOption,
    Sep,
    SkipLines,
    TextEncoding,
    Thousands,
    Where,
)
from mmg_registry.errors import demand

if TYPE_CHECKING:
    from mmg_registry.data.pair import Pair


@dataclass(frozen=True, kw_only=True)
class InteractionsJob(QuestionJob):
    """The parameters of `mmg interactions`, one field each."""

    plugin: str
    columns: str | None
    variable: list[str] | None
    check: bool


def interactions(
    data: Annotated[list[str], typer.Argument(metavar="DATA", help=DATA_HELP)],
    columns: Annotated[
        str | None, typer.Option(help="Columns that are a variable each: names a,b,c, a range a:c ..; all when absent.")
    ] = None,
    variable: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="The columns of one variable; once for each variable.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Estimate the S-information in a second way too.")] = False,
    plugin: PluginOption = "auto",
    drop_nan: DropNan = False,
    seed: Seed = 0,
    threads: Threads = None,
    device: Device = "auto",
    max_seconds: MaxSeconds = None,
    unit: UnitOption = "nats",
    ci: Level = 0.95,
    set: Set = None,
    json: Json = False,
    out: Output = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    where: Where = None,
    rows: RowsOption = None,
    groups: GroupsOption = None,
    blocks: BlocksOption = "auto",
    kind: KindOption = None,
    sep: Sep = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    comment: Comment = None,
    skip: SkipLines = 0,
    na: Na = None,
    encoding: TextEncoding = None,
    header: HeaderRow = HeaderOption.auto,
) -> None:
    """Estimate what three or more variables share: total and dual total correlation, O- and S-information."""
    execute(InteractionsJob(**locals()))


def execute(job: InteractionsJob) -> None:
    """Check everything that can be checked in advance, read, estimate, print and write.

    Raises:
        MMGError: or one of its subclasses; a failure to write is raised after the result is printed.
    """
    from mmg_registry.contracts import parse_options
    from mmg_registry.multivariate.interactions import interactions_of
    from mmg_registry.registry import load_plugin

    check_job(job)
    parse_options(load_plugin(job.plugin), parse_set(job.set or []))
    demand(
        not (job.columns and job.variable), "Give either --columns, a variable each, or --variable for each of them."
    )
    pairs = _read(job)
    answer(job, lambda request: interactions_of(pairs, request, job.check))


def _read(job: InteractionsJob) -> list[Pair]:
    """Return a pair for each variable; columns that are variables by themselves are read at once."""
    from mmg_registry.multivariate.variables import one_each

    if job.variable:
        return [read_pair(job, columns, columns) for columns in job.variable]
    columns = EVERYTHING if job.columns is None else job.columns
    return one_each(read_pair(job, columns, columns))
