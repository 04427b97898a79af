"""`mmg rank`: which columns of a table tell of a target, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mmg_cli.common import Json, Quiet, Seed, Set, Verbose
from mmg_cli.output import display
from mmg_cli.progress import progress_bar
from mmg_cli.questions.common import (
    BlocksOption,
    Device,
    GroupsOption,
    KindOption,
    Level,
    MaxSeconds,
    Output,
    PlotOption,
    PluginOption,
    Threads,
    UnitOption,
    given_paths,
    job_request,
    reading_of,
)
from mmg_cli.questions.tables import ManyJob, check_many_job, print_table
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
    tell,
)

if TYPE_CHECKING:
    from mmg_registry.contracts import Listener
    from mmg_registry.ranking.answer import Ranking, RankOptions
    from mmg_registry.tables import AnswerTable

SHOWN = ("rank", "feature", "mi", "low", "high", "p", "q", "kind", "missing", "status")
SHOWN_STEPS = ("step", "feature", "adds", "adds_low", "adds_high", "adds_p", "mi", "q", "kind")
_ENGINES = "Many features"


@dataclass(frozen=True, kw_only=True)
class RankJob(ManyJob):
    """The parameters of `mmg rank`, one field each."""

    target: str
    features: str | None
    given: str | None
    top: int | None
    greedy: bool


def rank(
    data: Annotated[list[str], typer.Argument(metavar="DATA", help=DATA_HELP)],
    target: Annotated[str, typer.Option(metavar="COLUMN", help="The column that the others are to tell of.")],
    features: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help=f"Those that are ranked; all when absent. {COLUMNS_HELP}")
    ] = None,
    given: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help="What is known already: I(feature; target | given).")
    ] = None,
    top: Annotated[
        int | None, typer.Option(help="Values for so many features, the first by p and q; all if absent.")
    ] = None,
    greedy: Annotated[bool, typer.Option("--greedy", help="Order features by what each adds to those before.")] = False,
    plugin: PluginOption = "ksg",
    value_rows: Annotated[int, typer.Option(help="Rows drawn for each value; p and q are from all.")] = 10_000,
    fdr: Annotated[
        str, typer.Option(metavar="independent|dependent", help="What q holds for: dependent is for any features.")
    ] = "independent",
    alpha: Annotated[float, typer.Option(help="The level at which something counts as found.")] = 0.05,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how long it will take, from a few features.")] = False,
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
    folder: Annotated[
        str | None,
        typer.Option("--out", metavar="FOLDER", rich_help_panel=_ENGINES, help="Keep rows."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", rich_help_panel=_ENGINES, help="Go on in that folder.")] = False,
    engine: Annotated[
        str, typer.Option(rich_help_panel=_ENGINES, help="What carries the work: local, dask, slurm, mpi or joblib.")
    ] = "local",
    engine_config: Annotated[
        str | None, typer.Option(metavar="FILE", rich_help_panel=_ENGINES, help="Options of the engine.")
    ] = None,
    jobs: Annotated[int, typer.Option(rich_help_panel=_ENGINES, help="Features at a time.")] = 1,
    sep: Sep = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    comment: Comment = None,
    skip: SkipLines = 0,
    na: Na = None,
    encoding: TextEncoding = None,
    header: HeaderRow = HeaderOption.auto,
) -> None:
    """Rank columns by what they tell of a target: information, interval, p and false discovery rate of each."""
    execute(RankJob(**locals()))


def execute(job: RankJob) -> None:
    """Check everything that can be checked in advance, read, rank, print, write and draw.

    Raises:
        MMGError: or one of its subclasses; a failure to write is raised after the table is printed.
    """
    from mmg_registry.ranking.answer import RANK_CHOICES

    check_many_job(job, RANK_CHOICES)
    options = _options(job)
    with progress_bar(job.json, job.unit) as listener:
        ranking = _ranking(job, options, listener)
        found = None if job.dry_run else _table(job, ranking).to_unit(job.unit)
    if found is None:
        display(_forecast(ranking))
        return
    print_table(found, job, SHOWN_STEPS if job.greedy else SHOWN)
    if job.plot:
        from mmg_cli.questions.table_plot import draw_ranking, write_table_plot

        write_table_plot(draw_ranking(found), job.plot)


def _options(job: RankJob) -> RankOptions:
    from mmg_registry.ranking.answer import RankOptions

    named = {name: getattr(job, name) for name in ("top", "greedy", "value_rows", "fdr", "alpha")}
    return RankOptions(**named)


def _ranking(job: RankJob, options: RankOptions, listener: Listener | None) -> Ranking:
    from mmg_registry.ranking.answer import Ranking
    from mmg_registry.ranking.rows import read_features

    pair = read_features(given_paths(job), job.target, job.features, job.given, job.groups, **reading_of(job))
    tell(pair)
    return Ranking.of(pair, job_request(job, listener), options)


def _table(job: RankJob, ranking: Ranking) -> AnswerTable:
    if job.place is None:
        return ranking.table()
    from mmg_registry.ranking.work import TableSource, ranked_on

    named = {name: getattr(job, name) for name in ("target", "features", "given", "groups")}
    return ranked_on(ranking, TableSource(tuple(job.data), **named, **reading_of(job)), job.place)


def _forecast(ranking: Ranking) -> str:
    from mmg_registry.ranking.forecast import forecast_ranking

    found = forecast_ranking(ranking)
    time = f"{found.minutes:.1f} minutes at {found.seconds_each:.2g} s a feature"
    return (
        f"{found.features} features, {found.rows} rows: about {time}, and {found.gigabytes:.1f} GB; nothing is written."
    )
