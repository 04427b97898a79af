"""`mmg pairs`: which columns of a table depend on each other, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmg_cli.common import Json, Quiet, Seed, Set, Verbose
from mmg_cli.output import display, say
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
    from mmg_registry.allpairs.answer import AllPairs, PairsOptions
    from mmg_registry.contracts import Listener
    from mmg_registry.tables import AnswerTable

SHOWN = ("rank", "x", "y", "mi", "low", "high", "normalised", "score", "p", "q", "status")
EDGES, MATRIX, HEAT_MAP, GRAPH = "edges.parquet", "matrix.parquet", "heatmap.png", "graph.png"
FEW = 2  # pairs too few for a picture of their clusters
_ENGINES = "Many pairs"


@dataclass(frozen=True, kw_only=True)
class PairsJob(ManyJob):
    """The parameters of `mmg pairs`, one field each."""

    columns: str | None
    top: int
    edges: int
    normalise: str


def pairs(
    data: Annotated[list[str], typer.Argument(metavar="DATA", help=DATA_HELP)],
    columns: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help=f"Those that are paired; all when absent. {COLUMNS_HELP}")
    ] = None,
    top: Annotated[int, typer.Option(help="Values for so many pairs, the first ones of the screen.")] = 20,
    edges: Annotated[int, typer.Option(help="Pairs that are kept, the first ones of the screen.")] = 10_000,
    plugin: PluginOption = "auto",
    value_rows: Annotated[int, typer.Option(help="Rows drawn for each value; p and q are from all.")] = 10_000,
    fdr: Annotated[
        str, typer.Option(metavar="independent|dependent", help="What q holds for: dependent is for any pairs.")
    ] = "independent",
    alpha: Annotated[float, typer.Option(help="The level at which a pair counts as found.")] = 0.05,
    normalise: Annotated[
        str, typer.Option(metavar="correlation|entropy|none", help="The value between 0 and 1 beside each in nats.")
    ] = "correlation",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how long it will take, from a few pairs.")] = False,
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
    folder: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="FOLDER", rich_help_panel=_ENGINES, help="Keep values, edges, pictures (seed 0 if none)."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", rich_help_panel=_ENGINES, help="Go on in that folder.")] = False,
    engine: Annotated[
        str, typer.Option(rich_help_panel=_ENGINES, help="What carries the work: local, dask, slurm, mpi or joblib.")
    ] = "local",
    engine_config: Annotated[
        str | None, typer.Option(metavar="FILE", rich_help_panel=_ENGINES, help="Options of the engine.")
    ] = None,
    jobs: Annotated[int, typer.Option(rich_help_panel=_ENGINES, help="Pairs at a time.")] = 1,
    sep: Sep = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    comment: Comment = None,
    skip: SkipLines = 0,
    na: Na = None,
    encoding: TextEncoding = None,
    header: HeaderRow = HeaderOption.auto,
) -> None:
    """Find which columns depend on each other: p and false discovery rate of all pairs, values of the first ones."""
    execute(PairsJob(**locals()))


def execute(job: PairsJob) -> None:
    """Check everything that can be checked in advance, read, ask, print, write and draw.

    Raises:
        MMGError: or one of its subclasses; a failure to write is raised after the table is printed.
    """
    from mmg_registry.allpairs.answer import PAIRS_CHOICES

    check_many_job(job, PAIRS_CHOICES)
    options = _options(job)
    if job.folder:
        from mmg_registry.tables import table_ending

        table_ending(EDGES)
    with progress_bar(job.json, job.unit) as listener:
        question = _question(job, options, listener)
        found = None if job.dry_run else _table(job, question).to_unit(job.unit)
    if found is None:
        display(_forecast(question))
        return
    print_table(found, job, SHOWN)
    _write(job, question, found)


def _options(job: PairsJob) -> PairsOptions:
    from mmg_registry.allpairs.answer import PairsOptions

    named = {name: getattr(job, name) for name in ("top", "edges", "value_rows", "fdr", "alpha", "normalise")}
    return PairsOptions(**named)


def _question(job: PairsJob, options: PairsOptions, listener: Listener | None) -> AllPairs:
    from mmg_registry.allpairs.answer import AllPairs
    from mmg_registry.allpairs.columns import read_paired_columns

    pair = read_paired_columns(given_paths(job), job.columns, job.groups, **reading_of(job))
    tell(pair)
    return AllPairs.of(pair, job_request(job, listener), options)


def _table(job: PairsJob, question: AllPairs) -> AnswerTable:
    if job.place is None:
        return question.table()
    from mmg_registry.allpairs.work import paired_on

    return paired_on(question, job.place)


def _forecast(question: AllPairs) -> str:
    from mmg_registry.allpairs.forecast import forecast_pairs

    found = forecast_pairs(question)
    screen, each = f"{found.screen_seconds:.2g} s for the screen", f"{found.seconds_each:.2g} s for each of"
    head = f"{found.pairs} pairs, {len(question.rows)} rows: about {found.minutes:.1f} minutes"
    return f"{head}, {screen} and {each} {found.valued} values, and {found.gigabytes:.1f} GB; nothing was written."


def _write(job: PairsJob, question: AllPairs, found: AnswerTable) -> None:
    """Write the folder, and the picture of --plot: the graph.

    Raises:
        MMGError: when something cannot be written.
    """
    if not (job.folder or job.plot):
        return
    from mmg_cli.questions.pairs_plot import draw_graph
    from mmg_cli.questions.table_plot import write_table_plot

    if job.plot:
        write_table_plot(draw_graph(found, job.alpha), job.plot)
    if job.folder:
        _write_folder(Path(job.folder), question, found, job.alpha)


def _write_folder(folder: Path, question: AllPairs, found: AnswerTable, alpha: float) -> None:
    from importlib.util import find_spec

    from mmg_cli.questions.pairs_plot import draw_graph, draw_matrix
    from mmg_cli.questions.table_plot import write_table_plot
    from mmg_cli.writers import write_table
    from mmg_registry.allpairs.table import matrix_of, matrix_table

    write_table(found, str(folder / EDGES))
    names, scores = matrix_of(found)
    write_table(matrix_table(names, scores), str(folder / MATRIX))
    written = [EDGES, MATRIX]
    if find_spec("matplotlib") is not None and len(names) > FEW:
        write_table_plot(draw_matrix(names, scores), str(folder / HEAT_MAP))
        write_table_plot(draw_graph(found, alpha), str(folder / GRAPH))
        written += [HEAT_MAP, GRAPH]
    say(f"{folder} has {', '.join(written)}.")
