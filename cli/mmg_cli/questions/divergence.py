"""`mmg divergence`: how far two samples of the same columns are apart, from two files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from mmg_cli.common import Json, Quiet, Seed, Set, Verbose, parse_set
from mmg_cli.questions.common import (
    BlocksOption,
    Device,
    DropNan,
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
from mmg_cli.questions.entropy import EVERYTHING, EntropyPlugin
from mmg_cli.reading import (
    COLUMNS_HELP,
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


@dataclass(frozen=True, kw_only=True)
class DivergenceJob(QuestionJob):
    """The parameters of `mmg divergence`, one field each; `data` is the sample that is read."""

    plugin: str
    a: str
    b: str
    x: str | None


def divergence(
    a: Annotated[str, typer.Argument(metavar="A", help="A file of rows, as `mmg estimate` reads them.")],
    b: Annotated[str, typer.Argument(metavar="B", help="A file of other rows of the same columns.")],
    x: Annotated[str | None, typer.Option(help=f"{COLUMNS_HELP} All, when absent.")] = None,
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
    """Estimate how far the rows of A and of B are apart: Jensen-Shannon, and Kullback-Leibler both ways."""
    execute(DivergenceJob(**locals()))


def execute(job: DivergenceJob) -> None:
    """Check everything that can be checked in advance, read both files, estimate, print and write.

    Raises:
        MMGError: or one of its subclasses; a failure to write is raised after the result is printed.
    """
    from mmg_registry.contracts import parse_options
    from mmg_registry.entropies.divergence import divergence_of
    from mmg_registry.registry import load_entropy

    check_job(job)
    parse_options(load_entropy(job.plugin), parse_set(job.set or []))
    columns = EVERYTHING if job.x is None else job.x
    first, second = (read_pair(replace(job, data=(path,)), columns, columns) for path in (job.a, job.b))
    names = Path(job.a).name, Path(job.b).name
    answer(job, lambda request: divergence_of(first, second, request, names if names[0] != names[1] else ("A", "B")))
