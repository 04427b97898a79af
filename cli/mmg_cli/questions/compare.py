"""`mmg compare`: what several plugins say of the same rows, and why they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from mmg_cli.common import Json, Quiet, Seed, Set, Verbose, check_limits
from mmg_cli.completion import complete_column, complete_plugin
from mmg_cli.output import display
from mmg_cli.progress import progress_bar
from mmg_cli.questions.common import (
    BlocksOption,
    Device,
    DropNan,
    GroupsOption,
    KindOption,
    Level,
    MaxSeconds,
    Output,
    PlotOption,
    QuestionJob,
    Threads,
    UnitOption,
    job_request,
    read_pair,
)
from mmg_cli.questions.tables import check_table_job, print_table
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
    from mmg_registry.contracts import Listener
    from mmg_registry.request import Request

SHOWN = ("plugin", "mi", "low", "high", "bound", "n_train", "n_eval", "seconds", "status")


@dataclass(frozen=True, kw_only=True)
class CompareJob(QuestionJob):
    """The parameters of `mmg compare`, one field each; `plugin` is that of a request, and of no meaning here."""

    plugins: str
    x: str | None
    y: str | None
    given: str | None
    cross_fit: int | None
    eval_fraction: float | None
    plugin: str = "auto"

    @property
    def names(self) -> list[str]:
        """The plugins, one by one."""
        return [name.strip() for name in self.plugins.split(",") if name.strip()]


def compare(
    data: Annotated[list[str], typer.Argument(metavar="DATA", help=DATA_HELP)],
    x: Annotated[str | None, typer.Option(metavar="COLUMNS", autocompletion=complete_column, help=COLUMNS_HELP)] = None,
    y: Annotated[str | None, typer.Option(metavar="COLUMNS", help="The same for y.")] = None,
    given: Annotated[str | None, typer.Option(metavar="COLUMNS", help="The same for z, of I(X; Y | Z).")] = None,
    plugins: Annotated[
        str, typer.Option("--plugin", "-p", metavar="A,B,..", autocompletion=complete_plugin, help="The estimators.")
    ] = "auto,mine,ksg,gaussian",
    cross_fit: Annotated[int | None, typer.Option(help="Evaluate every row, in so many folds.")] = None,
    eval_fraction: Annotated[
        float | None, typer.Option(help="The share of rows that all evaluate; a fifth when absent.")
    ] = None,
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
    plot: PlotOption = None,
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
    """Compare what several plugins say of the same rows and split, with reasons where they differ."""
    execute(CompareJob(**locals()))


def execute(job: CompareJob) -> None:
    """Check everything that can be checked in advance, read, ask all plugins, print, write and draw.

    Raises:
        MMGError: or one of its subclasses; a failure to write is raised after the table is printed.
    """
    from mmg_registry.comparison.answer import checked_plugins, compare_plugins

    check_table_job(job)
    check_limits(job, "cross_fit", "eval_fraction")
    checked_plugins(job.names, _request(job))
    pair = read_pair(job, job.x, job.y, job.given)
    with progress_bar(job.json, job.unit) as listener:
        found = compare_plugins(pair, job.names, _request(job, listener)).to_unit(job.unit)
    print_table(found, job, SHOWN)
    if not (job.json or found.warnings):
        display(f"verdict  {found.provenance['verdict']}")
    if job.plot:
        from mmg_cli.questions.table_plot import draw_comparison, write_table_plot

        write_table_plot(draw_comparison(found), job.plot)


def _request(job: CompareJob, listener: Listener | None = None) -> Request:
    return replace(job_request(job, listener), cross_fit=job.cross_fit, eval_fraction=job.eval_fraction)
