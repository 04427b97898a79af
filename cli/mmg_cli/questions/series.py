"""What `mmg lags`, `mmg transfer` and `mmg storage` share: options, reading a recording, answering, drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import check_limits, spelt
from mmg_cli.completion import complete_plugin
from mmg_cli.output import say, verbosity
from mmg_cli.questions import common
from mmg_cli.reading import text_options
from mmg_registry.errors import demand, shown

if TYPE_CHECKING:
    from mmg_registry.quantity import Quantity
    from mmg_registry.request import Request
    from mmg_registry.series.asking import SeriesQuestion
    from mmg_registry.series.plan import Plan
    from mmg_registry.series.recording import Recording

Ask = Callable[["Recording", "SeriesQuestion"], "Quantity"]

SERIES_HELP = "A table whose rows are samples, in any format that `mmg estimate` reads; several are appended."
QuickPlugin = Annotated[
    str | None,
    typer.Option(
        "--plugin", "-p", autocompletion=complete_plugin,
        help="The estimator, by name or dist:name; if absent gaussian where lines tell all, else ksg.",
    ),
]  # fmt: skip
Time = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Times, numbers or dates; without it rows follow one another.")
]
Trial = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Trial or subject of each row; nothing is joined across them.")
]
History = Annotated[
    int | None, typer.Option(metavar="K", help="Steps of the own past; what predicts held-out stretches if absent.")
]
Shifts = Annotated[int, typer.Option(help="Circular shifts of the source, which tell what chance adds.")]
Degree = Annotated[int, typer.Option(help="Of the functions of columns in the screen over lags: 1 for lines, to 6.")]
EveryLag = Annotated[bool, typer.Option("--every-lag", help="Ask the estimator at every lag, not at the best alone.")]


@dataclass(frozen=True, kw_only=True)
class SeriesJob(common.QuestionJob):
    """The parameters of a question about a series, one field each."""

    plugin: str | None
    time: str | None
    trial: str | None
    shifts: int
    degree: int
    history: int | None = None
    given_history: int | None = None
    every_lag: bool = False
    lags: str = "1"
    each: bool = False
    x: str | None = None
    y: str | None = None
    source: str | None = None
    target: str | None = None
    given: str | None = None


def plan_of(job: SeriesJob, least: int | None = None, **fixed: Any) -> Plan:
    """Return lags, history, shifts and degree as they were given; `fixed` are those that the command sets.

    Raises:
        OptionError: for a value out of range.
    """
    from mmg_registry.series.plan import Plan, parse_lags

    check_limits(job, "shifts", "degree", "history", given_history="history")
    history = {"history": job.history, "given_history": job.given_history, **fixed}
    return Plan(parse_lags(job.lags, least, spelt("lags")), **history, shifts=job.shifts, degree=job.degree)


def execute(job: SeriesJob, sides: Mapping[str, str | None], question: tuple[str, Plan], ask: Ask) -> None:
    """Check all that can be checked in advance, read, ask, print, write and draw.

    Args:
        job: the parameters.
        sides: columns of the variables of the recording, "x", "y" and "given"; None for what is not given.
        question: name and plan.
        ask: what answers it.

    Raises:
        MMGError: or one of its subclasses.
    """
    from mmg_registry.series.asking import SeriesQuestion

    common.check_job(job)
    quick, job = job.plugin is None, _with_plugin(job)
    recording = _read(job, {name: columns for name, columns in sides.items() if columns is not None})
    name, plan = question

    def put(request: Request) -> Quantity:
        return ask(recording, SeriesQuestion(name, plan, request, quick, job.every_lag))

    found = common.answer(job, put)
    if job.plot:
        from mmg_cli.questions.series_plot import write_plot

        write_plot(found, job.plot)


def demand_columns(job: SeriesJob, *options: str) -> None:
    """Refuse a question without the columns that it is about.

    Raises:
        OptionError: naming the options that are missing.
    """
    missing = [f"--{name}" for name in options if getattr(job, name) is None]
    demand(not missing, f"Name the columns of the series by {' and '.join(missing)}.")


def _with_plugin(job: SeriesJob) -> SeriesJob:
    """Return the job with the estimator that stands in until one is chosen.

    Raises:
        OptionError: for options of an estimator that nobody named, or that it does not have.
        PluginError: when the plugin is missing or broken.
    """
    from mmg_registry.estimation.run import asked_for
    from mmg_registry.series.quick import LINES

    demand(job.plugin or not job.set, "--set gives options of an estimator; name it by --plugin.")
    named = replace(job, plugin=job.plugin or LINES)
    asked_for(common.job_request(replace(named, seed=0)), has_eval_rows=False)
    return named


def _read(job: SeriesJob, sides: Mapping[str, str]) -> Recording:
    from mmg_registry.series.reading import read_series

    found = read_series(
        common.given_paths(job), sides, time=job.time, trial=job.trial, text=text_options(job), where=job.where
    )
    for note in found.notes if verbosity.level else ():
        say(f"Note: {shown(note)}")
    return found
