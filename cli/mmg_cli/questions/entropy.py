"""`mmg entropy`: how uncertain columns are, from a file of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

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

EVERYTHING = "*"
EntropyPlugin = Annotated[str, typer.Option("--plugin", "-p", help="The estimator of entropy: auto, neighbours ..")]


@dataclass(frozen=True, kw_only=True)
class EntropyJob(QuestionJob):
    """The parameters of `mmg entropy`, one field each."""

    plugin: str
    x: str | None
    given: str | None


def entropy(
    data: Annotated[list[str], typer.Argument(metavar="DATA", help=DATA_HELP)],
    x: Annotated[str | None, typer.Option(help=f"{COLUMNS_HELP} All that are not given, when absent.")] = None,
    given: Annotated[str | None, typer.Option(help="Columns that are known, for what is left: h(x | given).")] = None,
    plugin: EntropyPlugin = "auto",
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
    """Estimate the entropy of x, differential where x is continuous, from the rows of DATA."""
    execute(EntropyJob(**locals()))


def execute(job: EntropyJob) -> None:
    """Check everything that can be checked in advance, read, estimate, print and write.

    Raises:
        MMGError: or one of its subclasses; a failure to write is raised after the result is printed.
    """
    from mmg_registry.contracts import parse_options
    from mmg_registry.entropies.entropy import entropy_of_pair
    from mmg_registry.registry import load_entropy

    check_job(job)
    parse_options(load_entropy(job.plugin), parse_set(job.set or []))
    columns = EVERYTHING if job.x is None else job.x
    pair = read_pair(job, columns, columns if job.given is None else job.given)
    answer(job, lambda request: entropy_of_pair(pair, request, job.given is not None))
