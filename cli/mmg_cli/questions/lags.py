"""`mmg lags`: at which lag a column tells most of another, with an interval and a p-value."""

from __future__ import annotations

from typing import Annotated

import typer

from mmg_cli.common import Json, Quiet, Seed, Set, Verbose
from mmg_cli.completion import complete_column
from mmg_cli.questions.common import (
    BlocksOption,
    Device,
    KindOption,
    Level,
    MaxSeconds,
    Output,
    PlotOption,
    Threads,
    UnitOption,
)
from mmg_cli.questions.series import (
    SERIES_HELP,
    Degree,
    EveryLag,
    QuickPlugin,
    SeriesJob,
    Shifts,
    Time,
    Trial,
    demand_columns,
    execute,
    plan_of,
)
from mmg_cli.reading import (
    COLUMNS_HELP,
    Comment,
    Decimal,
    HeaderOption,
    HeaderRow,
    Na,
    Sep,
    SkipLines,
    TextEncoding,
    Thousands,
    Where,
)


def lags(
    data: Annotated[list[str], typer.Argument(metavar="DATA", help=SERIES_HELP)],
    x: Annotated[str | None, typer.Option(autocompletion=complete_column, help=COLUMNS_HELP)] = None,
    y: Annotated[str | None, typer.Option(help="The same for y, of which x is told to tell.")] = None,
    lags: Annotated[
        str, typer.Option(metavar="A:B", help="Steps that x lies before y, both ends included; negative: after it.")
    ] = "0:20",
    every_lag: EveryLag = False,
    time: Time = None,
    trial: Trial = None,
    shifts: Shifts = 499,
    degree: Degree = 3,
    plugin: QuickPlugin = None,
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
    blocks: BlocksOption = "auto",
    sep: Sep = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    comment: Comment = None,
    skip: SkipLines = 0,
    na: Na = None,
    encoding: TextEncoding = None,
    header: HeaderRow = HeaderOption.auto,
    kind: KindOption = None,
) -> None:
    """Estimate the information of x, some steps earlier, about y: at which lag it is most, and how much."""
    job = SeriesJob(**locals())
    demand_columns(job, "x", "y")
    plan = plan_of(job, history=0, given_history=0)
    from mmg_registry.series.asking import LAGS, ask_lags

    execute(job, {"x": x, "y": y}, (LAGS, plan), ask_lags)
