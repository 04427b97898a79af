"""`mmg transfer`: what the past of a column adds to another's own past, and at which lags."""

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
    History,
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
from mmg_registry.errors import demand


def transfer(
    data: Annotated[list[str], typer.Argument(metavar="DATA", help=SERIES_HELP)],
    source: Annotated[str | None, typer.Option(autocompletion=complete_column, help=COLUMNS_HELP)] = None,
    target: Annotated[str | None, typer.Option(help="The same for the target.")] = None,
    given: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help="The same for others, whose past is given too.")
    ] = None,
    lags: Annotated[
        str, typer.Option(metavar="A:B", help="Steps that the source lies before the target, from 1.")
    ] = "1:20",
    history: History = None,
    given_history: Annotated[
        int | None, typer.Option(metavar="K", help="Steps of the past of --given; chosen as --history if absent.")
    ] = None,
    every_lag: EveryLag = False,
    each: Annotated[
        bool, typer.Option("--each", help="Screen each column of --source with each of --target, pair by pair.")
    ] = False,
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
    """Estimate the transfer entropy from a source to a target: what its past adds to the target's own past."""
    job = SeriesJob(**locals())
    demand_columns(job, "source", "target")
    asks = "--every-lag" if every_lag else "--plugin" if plugin else ""
    demand(not (each and asks), f"--each asks no estimator, and {asks} does; leave one of the two out.")
    demand(given or given_history is None, "--given-history counts steps of --given, which is absent; give both.")
    plan = plan_of(job, least=1)
    from mmg_registry.series.asking import GIVEN, TRANSFER, ask_lags
    from mmg_registry.series.network import ask_network

    name = TRANSFER if given is None else GIVEN
    execute(job, {"x": source, "y": target, "given": given}, (name, plan), ask_network if each else ask_lags)
