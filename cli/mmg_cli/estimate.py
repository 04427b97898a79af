"""`mmg estimate`: an estimate with its error bar, from a file of rows."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import Json, Quiet, Seed, Set, Verbose, check_limits, parse_set
from mmg_cli.completion import complete_column, complete_plugin
from mmg_cli.output import check_folder, check_writable, display, print_error, verbosity, warn
from mmg_cli.progress import progress_bar
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
    TextJob,
    Thousands,
    Where,
    parse_kinds,
    tell,
    text_options,
)  # fmt: skip
from mmg_cli.report import headline, print_estimate
from mmg_cli.writers import check_result_file, write_pointwise, write_result
from mmg_registry.errors import MMGError, demand
from mmg_registry.kinds import KINDS

if TYPE_CHECKING:
    from mmg_registry.contracts import Estimator
    from mmg_registry.data.pair import Pair
    from mmg_registry.estimation.run import Outcome
    from mmg_registry.results import Estimate, Unit

DEFAULT_PLUGIN = "auto"
INSTANT = ("ksg", "gaussian", "cca")  # printed beside the others with -v
INSTANT_ROWS = 10_000


@dataclass(frozen=True, kw_only=True)
class EstimateJob(TextJob):
    """The parameters of `mmg estimate`, one field each."""

    data: list[str]
    plugin: str
    x: str | None
    y: str | None
    evaluation: list[str] | None
    eval_fraction: float | None
    cross_fit: int | None
    extrapolate: int | None
    drop_nan: bool
    seed: int
    threads: int | None
    device: str
    max_seconds: float | None
    unit: Unit
    ci: float
    set: list[str] | None
    json: bool
    out: str | None
    plot: str | None
    save: str | None
    quiet: bool
    verbose: int
    groups: str | None = None
    blocks: str = "auto"
    kind: list[str] | None = None
    given: str | None = None
    pointwise: str | None = None


def estimate(
    data: Annotated[
        list[str],
        typer.Argument(metavar="DATA", help=DATA_HELP),
    ],
    plugin: Annotated[
        str, typer.Option("--plugin", "-p", autocompletion=complete_plugin, help="The estimator, by name or dist:name.")
    ] = DEFAULT_PLUGIN,
    x: Annotated[str | None, typer.Option(autocompletion=complete_column, help=COLUMNS_HELP)] = None,
    y: Annotated[str | None, typer.Option(autocompletion=complete_column, help="The same for y.")] = None,
    given: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help="The same for what is given: I(x; y | given) is estimated.")
    ] = None,
    evaluation: Annotated[
        list[str] | None, typer.Option("--eval", help="Rows to evaluate on, in DATA's form; twice for two npy files.")
    ] = None,
    eval_fraction: Annotated[
        float | None, typer.Option(help="Share of the rows held out for evaluation.  [default: 0.2]")
    ] = None,
    cross_fit: Annotated[int | None, typer.Option(metavar="K", help="Use all rows for both, in K folds.")] = None,
    extrapolate: Annotated[
        int | None, typer.Option(metavar="K", help="Extrapolate from 1 to K parts of the rows to rows without end.")
    ] = None,
    drop_nan: Annotated[bool, typer.Option("--drop-nan", help="Drop rows with NaN or infinity.")] = False,
    seed: Seed = 0,
    threads: Annotated[int | None, typer.Option(help="Threads to keep busy; all cores when absent.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    max_seconds: Annotated[float | None, typer.Option(help="A soft limit on the time of the whole estimate.")] = None,
    unit: Annotated[str, typer.Option(metavar="nats|bits", help="The unit of the estimate.")] = "nats",
    ci: Annotated[float, typer.Option(help="The level of the confidence interval.")] = 0.95,
    set: Set = None,
    json: Json = False,
    out: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the result there too, as JSON (.json) or as a plugin does."
        ),
    ] = None,
    plot: Annotated[str | None, typer.Option(metavar="FILE", help="Plot the MMSE curves (png, pdf or svg).")] = None,
    save: Annotated[str | None, typer.Option(metavar="DIR", help="Save the fitted estimator there.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    where: Where = None,
    rows: RowsOption = None,
    groups: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Rows of a subject, trial ..: kept on one side, and counted as one."),
    ] = None,
    blocks: Annotated[
        str,
        typer.Option(metavar="N", help="Rows of a series: so many a block, auto, or none where rows are independent."),
    ] = "auto",
    sep: Sep = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    comment: Comment = None,
    skip: SkipLines = 0,
    na: Na = None,
    encoding: TextEncoding = None,
    header: HeaderRow = HeaderOption.auto,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=KIND", help=f"What a column is: {', '.join(sorted(KINDS))}; repeatable."),
    ] = None,
    pointwise: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write what each evaluated row says, with its error (npz, parquet, csv); trains twice more.",
        ),
    ] = None,
) -> None:
    """Estimate the mutual information of x and y from the rows of DATA."""
    execute(EstimateJob(**locals()))


def execute(job: EstimateJob) -> None:
    """Check everything that can be checked in advance, run, then print, write, save and plot.

    Raises:
        MMGError: or one of its subclasses; a failure to write is raised after the result is printed.
    """
    check_limits(
        job,
        "seed",
        "threads",
        "device",
        "max_seconds",
        "unit",
        "cross_fit",
        "eval_fraction",
        "blocks",
        "extrapolate",
        ci="ci_level",
        rows="drawn",
    )
    _check_contradictions(job)
    options = parse_set(job.set or [])
    parse_kinds(job.kind or [])
    _check_plugin(job, options)
    _check_outputs(job)
    pair, eval_pair = _read(job)
    outcome = _run(job, options, pair, eval_pair)
    _deliver(job, outcome)
    if job.verbose and not job.json and outcome.estimate.status == "estimated":
        _compare(job, pair if eval_pair is None else eval_pair, outcome.estimate.provenance)


def _check_contradictions(job: EstimateJob) -> None:
    ways = {"--eval": job.evaluation, "--eval-fraction": job.eval_fraction, "--cross-fit": job.cross_fit}
    given = [name for name, value in ways.items() if value]
    demand(len(given) < 2, f"{' and '.join(given)} exclude one another; keep one of them.")
    demand(
        not (job.extrapolate and job.evaluation),
        "--extrapolate cuts all rows into parts, and --eval gives rows of its own; leave one of the two out.",
    )
    demand(
        not (job.extrapolate and job.pointwise),
        "--extrapolate moves the estimate of all rows, and --pointwise is of single ones; leave one of the two out.",
    )
    twice = job.groups and job.blocks.isdigit()
    demand(not twice, "--groups and a number of --blocks exclude one another; keep one of them.")
    for name, several in (("--cross-fit", job.cross_fit), ("--extrapolate", job.extrapolate)):
        demand(
            not (job.save and several),
            f"--save keeps one fitted estimator and {name} fits several; leave one of the two out.",
        )


def _check_plugin(job: EstimateJob, options: dict[str, Any]) -> None:
    """Refuse unknown plugins and options, and outputs that the plugin cannot make, before the data are read."""
    from mmg_registry.contracts import NO_RATIO, Estimator, has_ratio, parse_options
    from mmg_registry.devices import device_name, torch_device
    from mmg_registry.registry import load_plugin

    cls: type[Estimator] = load_plugin(job.plugin)
    parse_options(cls, options)
    if device_name(job.device) != "cpu":
        torch_device(job.device)
    demand(
        not job.plot or cls.has_curve,
        f"--plot draws the curve over log-SNR, and the plugin '{cls.name}' has none; leave --plot out.",
    )
    demand(not job.pointwise or has_ratio(cls), NO_RATIO.format(name=cls.name))
    alone = f"--pointwise of '{cls.name}' is of x and y alone; leave it or --given out, or take auto, gaussian or ksg."
    demand(not (job.given and job.pointwise) or cls.conditional, alone)
    savable = cls.state is not Estimator.state
    demand(not job.save or savable, f"The plugin '{cls.name}' cannot be saved; leave --save out.")


def _check_outputs(job: EstimateJob) -> None:
    """Refuse outputs that would fail after the run."""
    if job.out:
        check_result_file(job.out)
        check_writable(job.out, "-o")
    if job.plot:
        from mmg_cli.plotting import check_plot

        check_plot(job.plot, "--plot")
    if job.pointwise:
        from mmg_registry.pointwise.files import pointwise_ending

        pointwise_ending(job.pointwise)
        check_writable(job.pointwise, "--pointwise")
    if job.save:
        from mmg_registry.storage import DOCUMENT

        check_folder(job.save, "--save", DOCUMENT)


def _read(job: EstimateJob) -> tuple[Pair, Pair | None]:
    from mmg_registry.api import read

    same: dict[str, Any] = {"x": job.x, "y": job.y, "given": job.given, "where": job.where, "text": text_options(job)}
    drawn: dict[str, Any] = {"rows": job.rows, "seed": job.seed}
    pair, *rest = (
        read(_paths(paths), **same, **drawn, groups=groups)
        for paths, groups in ((job.data, job.groups), (job.evaluation, None))
        if paths
    )
    tell(pair)
    return pair, rest[0] if rest else None


def _paths(given: list[str]) -> str | list[str]:
    return given[0] if len(given) == 1 else given


def _run(job: EstimateJob, options: dict[str, Any], pair: Pair, eval_pair: Pair | None) -> Outcome:
    from mmg_registry.estimation.run import run
    from mmg_registry.request import Request

    with progress_bar(job.json, job.unit) as listener:
        request = Request(
            plugin=job.plugin,
            seed=job.seed,
            threads=job.threads,
            device=job.device,
            max_seconds=job.max_seconds,
            unit=job.unit,
            ci_level=job.ci,
            cross_fit=job.cross_fit,
            eval_fraction=job.eval_fraction,
            extrapolate=job.extrapolate,
            blocks=job.blocks,
            pointwise=job.pointwise is not None,
            drop_nan=job.drop_nan,
            kinds=parse_kinds(job.kind or []),
            options=options,
            progress=listener,
        )
        return run(pair, request, eval_pair)


def _deliver(job: EstimateJob, outcome: Outcome) -> None:
    """Print the result and write every requested file, so that a failure of one output does not prevent the others.

    Raises:
        MMGError: the last failure; earlier failures are printed.
        OSError: when stdout alone failed, because its reader is gone or its disk is full.
    """
    failures: list[MMGError | OSError] = []
    for step in (_print, _write_result, _write_rows, _save_estimator, _draw):
        try:
            step(job, outcome)
        except (MMGError, OSError) as error:
            failures.append(error)
    for failure in failures[:-1]:
        print_error(failure, str(failure))
    if failures:
        raise failures[-1]


def _print(job: EstimateJob, outcome: Outcome) -> None:
    print_estimate(outcome.estimate, job.json, verbosity.level)
    sys.stdout.flush()


def _write_result(job: EstimateJob, outcome: Outcome) -> None:
    if job.out:
        write_result(outcome.estimate, job.out)


def _write_rows(job: EstimateJob, outcome: Outcome) -> None:
    if not job.pointwise:
        return
    if outcome.estimate.by_row is None:
        warn(f"Nothing was written to {job.pointwise}: {_nothing_fitted(outcome.estimate)}.")
        return
    write_pointwise(outcome.estimate.by_row, job.pointwise, job.unit)


def _save_estimator(job: EstimateJob, outcome: Outcome) -> None:
    if not job.save:
        return
    if outcome.estimator is None:
        warn(f"Nothing was saved in {job.save}: {_nothing_fitted(outcome.estimate)}.")
        return
    from mmg_registry.storage import save

    save(outcome.estimator, job.save)


def _draw(job: EstimateJob, outcome: Outcome) -> None:
    if not job.plot:
        return
    if outcome.estimate.curve is None:
        warn(f"Nothing was plotted in {job.plot}: {_nothing_fitted(outcome.estimate)}.")
        return
    from mmg_cli.plotting import write_plot

    write_plot(outcome.estimate, job.plot)


def _compare(job: EstimateJob, pair: Pair, about: dict[str, Any]) -> None:
    """Print estimates without training for the same rows, or for a sample of them, as a sanity check."""
    if about["plugin"]["name"] in INSTANT:
        return
    for name in INSTANT:
        display(f"{name.ljust(14)}  {_instant(job, name, pair, about['seed'])}")
    sys.stdout.flush()


def _instant(job: EstimateJob, name: str, pair: Pair, seed: int) -> str:
    from mmg_registry.estimation.run import run
    from mmg_registry.request import Request

    rows = _sampled(pair, seed)
    same: dict[str, Any] = {
        "seed": seed,
        "threads": job.threads,
        "unit": job.unit,
        "ci_level": job.ci,
        "drop_nan": job.drop_nan,
        "kinds": parse_kinds(job.kind or []),
        "blocks": job.blocks,
    }
    request = Request(plugin=name, **same)
    try:
        return f"{headline(run(rows, request).estimate)} ({len(rows)} rows, no training)"
    except MMGError as error:
        return f"none: {error}"


def _sampled(pair: Pair, seed: int) -> Pair:
    if len(pair) <= INSTANT_ROWS:
        return pair
    import numpy as np

    rows = np.sort(np.random.default_rng(seed).choice(len(pair), INSTANT_ROWS, replace=False))
    return pair.take(rows)


def _nothing_fitted(estimate: Estimate) -> str:
    if estimate.status == "estimated":
        return f"the plugin '{estimate.provenance.get('plugin', {}).get('name')}' gave no curve"
    return "the answer is known without estimating"
