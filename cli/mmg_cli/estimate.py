"""`mmg estimate`: from a file to an estimate with its error bar."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import Json, Quiet, Set, Verbose, complete_plugin, parse_set
from mmg_cli.output import check_folder, print_error, verbosity, warn, write_atomically
from mmg_cli.progress import progress_bar
from mmg_cli.reading import (
    COLUMNS_HELP,
    DATA_HELP,
    Comment,
    Decimal,
    Encoding,
    Header,
    HeaderOption,
    Na,
    Sep,
    Skip,
    Thousands,
    Where,
    tell,
    text_options,
)  # fmt: skip
from mmg_cli.report import Unit, headline, print_estimate
from mmg_registry.errors import MMGError, OptionError

if TYPE_CHECKING:
    from mmg_registry.api import Outcome
    from mmg_registry.contracts import Estimator
    from mmg_registry.data.pair import Pair
    from mmg_registry.results import Estimate

DEFAULT_PLUGIN = "auto"
DEFAULT_EVAL_FRACTION = 0.2
INSTANT = ("ksg", "gaussian", "cca")  # printed beside the others with -v
INSTANT_ROWS = 10_000


@dataclass(frozen=True)
class Job:
    """Everything `mmg estimate` was asked for; the fields are the command's parameters."""

    data: list[str]
    plugin: str
    x: str | None
    y: str | None
    evaluation: list[str] | None
    eval_fraction: float | None
    cross_fit: int | None
    drop_nan: bool
    seed: int | None
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
    where: str | None = None
    sep: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    comment: str | None = None
    skip: int = 0
    na: list[str] | None = None
    encoding: str | None = None
    header: HeaderOption = HeaderOption.auto


def estimate(
    data: Annotated[
        list[str],
        typer.Argument(metavar="DATA", help=DATA_HELP),
    ],
    plugin: Annotated[
        str, typer.Option("--plugin", "-p", autocompletion=complete_plugin, help="The estimator, by name or dist:name.")
    ] = DEFAULT_PLUGIN,
    x: Annotated[str | None, typer.Option(help=COLUMNS_HELP)] = None,
    y: Annotated[str | None, typer.Option(help="The same for y.")] = None,
    evaluation: Annotated[
        list[str] | None, typer.Option("--eval", help="Rows to evaluate on, in DATA's form; twice for two npy files.")
    ] = None,
    eval_fraction: Annotated[
        float | None, typer.Option(help="Share of the rows held out for evaluation.  [default: 0.2]")
    ] = None,
    cross_fit: Annotated[int | None, typer.Option(metavar="K", help="Use all rows for both, in K folds.")] = None,
    drop_nan: Annotated[bool, typer.Option("--drop-nan", help="Drop rows with NaN or infinity.")] = False,
    seed: Annotated[int | None, typer.Option(help="Drawn, and recorded in the result, when absent.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads to keep busy; all cores when absent.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    max_seconds: Annotated[float | None, typer.Option(help="A soft limit on the time of training.")] = None,
    unit: Annotated[Unit, typer.Option(help="The unit of the estimate.")] = Unit.nats,
    ci: Annotated[float, typer.Option(help="The level of the confidence interval.")] = 0.95,
    set: Set = None,
    json: Json = False,
    out: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Write the JSON there too.")] = None,
    plot: Annotated[str | None, typer.Option(metavar="FILE", help="Plot the MMSE curves (png, pdf or svg).")] = None,
    save: Annotated[str | None, typer.Option(metavar="DIR", help="Save the fitted estimator there.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    where: Where = None,
    sep: Sep = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    comment: Comment = None,
    skip: Skip = 0,
    na: Na = None,
    encoding: Encoding = None,
    header: Header = HeaderOption.auto,
) -> None:
    """Estimate the mutual information of x and y from the rows of DATA."""
    execute(Job(**locals()))


def execute(job: Job) -> None:
    """Check everything that can be checked, run, then print, write, save and plot.

    Raises:
        MMGError: see its subclasses; a failure to write is raised after the result was printed.
    """
    _check_numbers(job)
    _check_contradictions(job)
    options = parse_set(job.set or [])
    _check_plugin(job, options)
    _check_outputs(job)
    pair, eval_pair = _read(job)
    outcome = _run(job, options, pair, eval_pair)
    _deliver(job, outcome)
    if job.verbose and not job.json and outcome.estimate.status == "estimated":
        _compare(job, pair if eval_pair is None else eval_pair, outcome.estimate.provenance)


def _check_numbers(job: Job) -> None:
    _demand(0 < job.ci < 1, f"--ci must lie between 0 and 1, and {job.ci:g} does not; 0.95 is usual.")
    fraction = job.eval_fraction
    _demand(fraction is None or 0 < fraction < 1, f"--eval-fraction must lie between 0 and 1, and {fraction} does not.")
    _demand(job.cross_fit is None or job.cross_fit >= 2, f"--cross-fit needs 2 folds or more, not {job.cross_fit}.")
    _demand(job.threads is None or job.threads >= 1, f"--threads must be 1 or more, not {job.threads}.")
    _demand(job.seed is None or 0 <= job.seed < 2**63, f"--seed must lie between 0 and 2**63 - 1, not {job.seed}.")
    seconds = job.max_seconds
    _demand(seconds is None or 0 < seconds < math.inf, f"--max-seconds must be a positive number, not {seconds}.")
    device = re.fullmatch(r"auto|cpu|cuda(:\d+)?", job.device)
    _demand(device is not None, f"--device must be auto, cpu, cuda or cuda:N, not '{job.device}'.")


def _check_contradictions(job: Job) -> None:
    ways = {"--eval": job.evaluation, "--eval-fraction": job.eval_fraction, "--cross-fit": job.cross_fit}
    given = [name for name, value in ways.items() if value]
    _demand(len(given) < 2, f"{' and '.join(given)} exclude one another; keep one of them.")
    both = job.save and job.cross_fit
    _demand(not both, "--save keeps one fitted estimator and --cross-fit fits several; leave one of the two out.")


def _demand(condition: bool, sentence: str) -> None:
    if not condition:
        raise OptionError(sentence)


def _check_plugin(job: Job, options: dict[str, Any]) -> None:
    """Refuse unknown plugins and options before the data are read, and outputs that the plugin cannot make."""
    from mmg_registry.contracts import Estimator, parse_options
    from mmg_registry.registry import load_plugin

    cls: type[Estimator] = load_plugin(job.plugin)
    parse_options(cls, options)
    _demand(
        not job.plot or cls.has_curve,
        f"--plot draws the curve over log-SNR, and the plugin '{cls.name}' has none; leave --plot out.",
    )
    savable = cls.state is not Estimator.state
    _demand(not job.save or savable, f"The plugin '{cls.name}' cannot be saved; leave --save out.")


def _check_outputs(job: Job) -> None:
    """Refuse a plot or a saved model that would fail after the run; -o is printed in any case."""
    if job.plot:
        from mmg_cli.plotting import check_plot

        check_plot(job.plot, "--plot")
    if job.save:
        from mmg_registry.storage import DOCUMENT

        check_folder(job.save, "--save", DOCUMENT)


def _read(job: Job) -> tuple[Pair, Pair | None]:
    from mmg_registry.api import read_pair

    pair, *rest = (
        read_pair(_paths(paths), x=job.x, y=job.y, text=text_options(job), where=job.where)
        for paths in (job.data, job.evaluation)
        if paths
    )
    tell(pair)
    return pair, rest[0] if rest else None


def _paths(given: list[str]) -> str | list[str]:
    return given[0] if len(given) == 1 else given


def _run(job: Job, options: dict[str, Any], pair: Pair, eval_pair: Pair | None) -> Outcome:
    from mmg_registry.api import Request, run

    with progress_bar(job.json, job.unit.value) as listener:
        request = Request(
            plugin=job.plugin,
            seed=_draw_seed() if job.seed is None else job.seed,
            threads=job.threads,
            device=job.device,
            max_seconds=job.max_seconds,
            unit=job.unit.value,
            ci_level=job.ci,
            cross_fit=job.cross_fit,
            eval_fraction=DEFAULT_EVAL_FRACTION if job.eval_fraction is None else job.eval_fraction,
            drop_nan=job.drop_nan,
            options=options,
            progress=listener,
        )
        return run(pair, request, eval_pair)


def _draw_seed() -> int:
    import secrets

    return secrets.randbelow(2**31)


def _deliver(job: Job, outcome: Outcome) -> None:
    """Print the result and write every file asked for, so that one failure does not cost the others.

    Raises:
        MMGError: the last failure; those before it are printed.
        OSError: when stdout alone failed: its reader is gone, or its disk is full.
    """
    failures: list[MMGError | OSError] = []
    for step in (_print, _write_result, _save_estimator, _draw):
        try:
            step(job, outcome)
        except (MMGError, OSError) as error:
            failures.append(error)
    for failure in failures[:-1]:
        print_error(failure, str(failure))
    if failures:
        raise failures[-1]


def _print(job: Job, outcome: Outcome) -> None:
    print_estimate(outcome.estimate, job.json, verbosity.level)
    sys.stdout.flush()


def _write_result(job: Job, outcome: Outcome) -> None:
    if job.out:
        text = outcome.estimate.to_json() + "\n"
        write_atomically(job.out, lambda handle: handle.write(text.encode()), "The result")


def _save_estimator(job: Job, outcome: Outcome) -> None:
    if not job.save:
        return
    if outcome.estimator is None:
        warn(f"Nothing was saved in {job.save}: {_nothing_fitted(outcome.estimate)}.")
        return
    from mmg_registry.storage import save

    save(outcome.estimator, job.save)


def _draw(job: Job, outcome: Outcome) -> None:
    if not job.plot:
        return
    if outcome.estimate.curve is None:
        warn(f"Nothing was plotted in {job.plot}: {_nothing_fitted(outcome.estimate)}.")
        return
    from mmg_cli.plotting import write_plot

    write_plot(outcome.estimate, job.plot)


def _compare(job: Job, pair: Pair, about: dict[str, Any]) -> None:
    """Print what estimators without training say of the same rows, or of a sample of them: a sanity check."""
    if about["plugin"]["name"] in INSTANT:
        return
    for name in INSTANT:
        print(f"{name.ljust(14)}  {_instant(job, name, pair, about['seed'])}")
    sys.stdout.flush()


def _instant(job: Job, name: str, pair: Pair, seed: int) -> str:
    from mmg_registry.api import Request, run

    rows = _sampled(pair, seed)
    same: dict[str, Any] = {
        "seed": seed,
        "threads": job.threads,
        "unit": job.unit.value,
        "ci_level": job.ci,
        "drop_nan": job.drop_nan,
    }
    request = Request(plugin=name, cross_fit=2, **same)  # all rows count, each in its half
    try:
        return f"{headline(run(rows, request).estimate)} ({len(rows)} rows, no training)"
    except MMGError as error:
        return f"none: {error}"


def _sampled(pair: Pair, seed: int) -> Pair:
    if len(pair) <= INSTANT_ROWS:
        return pair
    import numpy as np

    rows = np.sort(np.random.default_rng(seed).choice(len(pair), INSTANT_ROWS, replace=False))
    return replace(pair, x=pair.x[rows], y=pair.y[rows])


def _nothing_fitted(estimate: Estimate) -> str:
    if estimate.status == "estimated":
        return f"the plugin '{estimate.provenance.get('plugin', {}).get('name')}' gave no curve"
    return "the answer is known without estimating"
