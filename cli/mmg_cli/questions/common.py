"""What the commands of questions share: options, the request that they make, and how a quantity is printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import check_limits, parse_set
from mmg_cli.completion import complete_plugin
from mmg_cli.invocation import recorded
from mmg_cli.output import check_writable, verbosity, warn
from mmg_cli.progress import progress_bar
from mmg_cli.reading import TextJob, parse_kinds, tell, text_options
from mmg_cli.report import ReportRow, diagnostic_rows, print_rows
from mmg_cli.writers import check_result_file, write_result

if TYPE_CHECKING:
    from mmg_registry.contracts import Listener
    from mmg_registry.data.pair import Pair
    from mmg_registry.quantity import Quantity
    from mmg_registry.request import Request
    from mmg_registry.results import Unit

PluginOption = Annotated[
    str, typer.Option("--plugin", "-p", autocompletion=complete_plugin, help="The estimator, by name or dist:name.")
]
Threads = Annotated[int | None, typer.Option(help="Threads to keep busy; all cores when absent.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
MaxSeconds = Annotated[float | None, typer.Option(help="A soft limit on the time of each estimate.")]
UnitOption = Annotated[str, typer.Option("--unit", metavar="nats|bits", help="The unit of the result.")]
Level = Annotated[float, typer.Option("--ci", help="The level of the confidence interval.")]
Output = Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result there too.")]
PlotOption = Annotated[str | None, typer.Option("--plot", metavar="FILE", help="Draw the result (png, pdf or svg).")]
GroupsOption = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Rows of a subject, trial ..: kept on one side, counted as one.")
]
BlocksOption = Annotated[
    str, typer.Option(metavar="N", help="Rows of a series: so many a block, auto, or none where rows are independent.")
]
DropNan = Annotated[bool, typer.Option("--drop-nan", help="Drop rows with NaN or infinity.")]
KindOption = Annotated[
    list[str] | None, typer.Option("--kind", metavar="COLUMN=KIND", help="What a column is; repeatable.")
]

LIMITS = ("seed", "threads", "device", "max_seconds", "unit", "blocks")


@dataclass(frozen=True, kw_only=True)
class QuestionJob(TextJob):
    """The parameters that questions share, one field each; each job has its plugin beside, perhaps none yet."""

    data: Sequence[str] = ()
    seed: int
    threads: int | None
    device: str
    max_seconds: float | None
    unit: Unit
    ci: float
    set: list[str] | None
    json: bool
    out: str | None
    quiet: bool
    verbose: int
    blocks: str
    kind: list[str] | None
    groups: str | None = None
    plot: str | None = None
    drop_nan: bool = False


def check_job(job: QuestionJob) -> None:
    """Refuse options out of range, and outputs that would fail after the run.

    Raises:
        OptionError: for the first value out of range, or a file that cannot be written.
    """
    check_settings(job)
    if job.out:
        check_result_file(job.out)
        check_writable(job.out, "-o")


def check_settings(job: QuestionJob) -> None:
    """Refuse what `check_job` does, but for the file of the result."""
    check_limits(job, *LIMITS, ci="ci_level", rows="drawn")
    parse_kinds(job.kind or [])
    if job.plot:
        from mmg_cli.plotting import check_plot

        check_plot(job.plot, "--plot")


def read_pair(job: QuestionJob, x: str | None, y: str | None, given: str | None = None) -> Pair:
    """Return the rows of `job.data` with these columns, read as `mmg estimate` reads them."""
    from mmg_registry.api import read

    pair = read(given_paths(job), x=x, y=y, given=given, groups=job.groups, **reading_of(job))
    tell(pair)
    return pair


def given_paths(job: QuestionJob) -> Any:
    """Return the path of `job`, or its paths where there are several."""
    return job.data[0] if len(job.data) == 1 else job.data


def reading_of(job: QuestionJob) -> dict[str, Any]:
    """Return how the rows of `job` are read: how text is written, which rows, and how many are drawn."""
    return {"text": text_options(job), "where": job.where, "rows": job.rows, "seed": job.seed}


def job_request(job: QuestionJob, listener: Listener | None = None) -> Request:
    """Return the request that the options of `job` make."""
    from mmg_registry.request import Request

    known = ("plugin", "threads", "device", "max_seconds", "unit", "blocks", "drop_nan")
    named: dict[str, Any] = {name: getattr(job, name) for name in known}
    kinds, options = parse_kinds(job.kind or []), parse_set(job.set or [])
    return Request(**named, seed=job.seed, ci_level=job.ci, kinds=kinds, options=options, progress=listener)


def answer(job: QuestionJob, ask: Callable[[Request], Quantity]) -> Quantity:
    """Ask with a progress bar, then print the answer and write it.

    Raises:
        MMGError: when it cannot be written; it is printed then.
    """
    with progress_bar(job.json, job.unit) as listener:
        found = ask(job_request(job, listener))
    print_quantity(found, job.json)
    if job.out:
        write_result(found, job.out)
    return found


def print_quantity(found: Quantity, json: bool) -> None:
    """Print a quantity on stdout; with `json`, also print its warnings on stderr for a human reader."""
    if not json:
        print_rows(rows_of(found), found.warnings)
    else:
        print(recorded(found).to_json())
        for sentence in found.warnings:
            warn(sentence)
    sys.stdout.flush()


def rows_of(found: Quantity) -> list[ReportRow]:
    """Return the rows of the printed table: the quantity, its parts, why they were chosen, where it is from.

    >>> from mmg_registry.quantity import Quantity
    >>> rows_of(Quantity("entropy", "h(x)", 1.0, parts=(Quantity("entropy", "h(y)", 2.0),)))[:2]
    [('h(x)', '1.0000 nats'), ('h(y)', '2.0000 nats')]
    """
    about = found.provenance
    rows = [(found.symbol, found.words), *((part.symbol, part.words) for part in found.parts)]
    if "test" in found.diagnostics:
        told = found.diagnostics["test"]
        drawn = told["permutations"]
        rows.append(("test", f"{told['method']}, {drawn} time{'s' * (drawn != 1)}"))
    rows += [("why", str(reason)) for reason in found.diagnostics.get("reasons", ())]
    if about.get("plugin"):
        rows.append(("plugin", f"{about['plugin']['name']} ({about['plugin']['distribution']})"))
    if about.get("n_eval") is not None:
        rows.append(("rows", f"{about.get('n_train')} for training, {about['n_eval']} for evaluation"))
    if about.get("seconds"):
        rows.append(("seconds", f"{about['seconds']['total']:.1f}"))
    rows += [("seed", str(about["seed"]))] if "seed" in about else []
    return rows + [row for row in (diagnostic_rows(found) if verbosity.level else []) if row[0] != "reasons"]
