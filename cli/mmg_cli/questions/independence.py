"""`mmg test`: whether x and y depend on each other at all, perhaps given other columns, from a file of rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from mmg_cli.common import Json, Quiet, Seed, Set, Verbose, check_limits, parse_set
from mmg_cli.completion import complete_column, complete_plugin
from mmg_cli.questions.common import (
    BlocksOption,
    Device,
    DropNan,
    GroupsOption,
    KindOption,
    Level,
    MaxSeconds,
    Output,
    QuestionJob,
    Threads,
    UnitOption,
    answer,
    check_job,
    read_pair,
)
from mmg_cli.reading import (
    COLUMNS_HELP,
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

if TYPE_CHECKING:
    from mmg_registry.quantity import Quantity
    from mmg_registry.request import Request

TestPlugin = Annotated[
    str,
    typer.Option(
        "--plugin", "-p", autocompletion=complete_plugin, help="quick, or the estimator whose scores are compared."
    ),
]
Permutations = Annotated[
    int | None,
    typer.Option(metavar="B", help="Exchanges of rows at most.  [default: 999; 99 where each is an estimate]"),
]


@dataclass(frozen=True, kw_only=True)
class IndependenceJob(QuestionJob):
    """The parameters of `mmg test`, one field each."""

    plugin: str
    x: str | None
    y: str | None
    given: str | None
    permutations: int | None
    cross_fit: int | None


def independence(
    data: Annotated[list[str], typer.Argument(metavar="DATA", help=DATA_HELP)],
    x: Annotated[str | None, typer.Option(autocompletion=complete_column, help=COLUMNS_HELP)] = None,
    y: Annotated[str | None, typer.Option(autocompletion=complete_column, help="The same for y.")] = None,
    given: Annotated[str | None, typer.Option(help="Columns that are given, in the same form.")] = None,
    plugin: TestPlugin = "quick",
    permutations: Permutations = None,
    cross_fit: Annotated[int | None, typer.Option(metavar="K", help="Use all rows for both, in K folds.")] = None,
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
    """Test whether x and y are independent, given other columns if there are some, from the rows of DATA."""
    execute(IndependenceJob(**locals()))


def execute(job: IndependenceJob) -> None:
    """Check everything that can be checked in advance, read, test, print and write.

    Raises:
        MMGError: or one of its subclasses; a failure to write is raised after the result is printed.
    """
    from mmg_registry.significance.answer import answered, options_for

    check_job(job)
    check_limits(job, "permutations", "cross_fit")
    options_for(job.plugin, parse_set(job.set or []))
    pair = read_pair(job, job.x, job.y, job.given)

    def ask(request: Request) -> Quantity:
        return answered(pair, replace(request, cross_fit=job.cross_fit), job.permutations)

    answer(job, ask)
