"""`mmg benchmark`: run estimators on tasks with known answers, and `report`, `compare`, `curves`, `tasks` around it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import EngineConfig, EngineName, Json, Quiet, Verbose, check_limits, parse_set, spelt
from mmg_cli.completion import complete_suite, complete_task
from mmg_cli.estimate import DEFAULT_PLUGIN
from mmg_cli.output import check_folder, columns, display, print_json, say, warn, write_atomically
from mmg_registry.errors import DataError, MMGError, OptionError, demand

if TYPE_CHECKING:
    from mmg_registry.benchmark.runner import Forecast, PlannedRun, Settings
    from mmg_registry.benchmark.store import Row
    from mmg_registry.benchmark.tasks import Task

app = typer.Typer(rich_markup_mode=None)
SHARED = ("n_train", "n_eval", "threads", "max_seconds")  # settings that all runs of a folder, or of a report, share
RUNS = "runs.jsonl"  # a copy of mmg_registry.benchmark.store.RUNS, which then need not be imported
Folder = Annotated[str, typer.Argument(metavar="DIR", help="A folder that `mmg benchmark --out` wrote.")]


@dataclass(frozen=True)
class BenchmarkJob:
    """The parameters of `mmg benchmark`, one field each."""

    suite: str | None
    plugin: str
    seeds: int
    n_train: int
    n_eval: int
    out: str | None
    jobs: int
    threads: int | None
    engine: str
    engine_config: str | None
    task: list[str] | None
    resume: bool
    retry_failed: bool
    dry_run: bool
    set: list[str] | None
    max_seconds: float | None
    json: bool
    quiet: bool
    verbose: int


@app.callback(invoke_without_command=True)
def benchmark(
    context: typer.Context,
    suite: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_suite,
            metavar="A,B",
            help="Suites of tasks: bmi, discrete, high-mi, mutinfo, null, or others.",
        ),
    ] = None,
    plugin: Annotated[str, typer.Option("--plugin", "-p", metavar="A,B", help="Estimators.")] = DEFAULT_PLUGIN,
    seeds: Annotated[int, typer.Option(help="Seeds 0 to N - 1, each with new rows and a new training.")] = 3,
    n_train: Annotated[int, typer.Option("--n-train", help="Rows to train on.")] = 100_000,
    n_eval: Annotated[int, typer.Option("--n-eval", help="Rows to evaluate on.")] = 10_000,
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Folder of the results.")] = None,
    jobs: Annotated[int, typer.Option(help="Runs at a time, each in a process of its own.")] = 1,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each run.  [default: the cores, shared among the jobs]")
    ] = None,
    engine: EngineName = "local",
    engine_config: EngineConfig = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", autocompletion=complete_task, help="Only tasks whose id fits, e.g. 'spiral-*'; repeatable."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on in DIR; finished runs are not repeated.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="With --resume: repeat failed runs.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the runs and the time they will take.")] = False,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="[PLUGIN:]KEY=VALUE", help="An option of all plugins or of one, repeatable."),
    ] = None,
    max_seconds: Annotated[float | None, typer.Option(help="A soft limit on the time of each training.")] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Run estimators on tasks with known mutual information; every finished run is saved in DIR at once."""
    given = {name: value for name, value in locals().items() if name != "context"}
    if context.invoked_subcommand is not None:
        if suite or out:
            raise OptionError(f"--suite and --out run a benchmark; leave them out with '{context.invoked_subcommand}'.")
        return
    if not any(_was_given(context, name) for name in given):
        print(context.get_help())
        return
    execute(BenchmarkJob(**given))


def _was_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def execute(job: BenchmarkJob) -> None:
    """Check everything that can be checked in advance, do the missing runs, and report.

    Raises:
        MMGError: or one of its subclasses, when a check fails; after the report, when runs failed.
    """
    from mmg_registry.engines.engine import check_engine

    check_limits(job, "seeds", "n_train", "n_eval", "jobs", "threads", "max_seconds")
    plugins = check_plugins(job.plugin, job.set)
    demand(job.suite is not None, "A benchmark needs --suite; `mmg benchmark tasks` lists what there is.")
    tasks = _tasks(str(job.suite).split(","), job.task or [])
    demand(job.resume or not job.retry_failed, "--retry-failed belongs to --resume; give both.")
    check_engine(job.engine, job.engine_config)
    if job.dry_run:
        _dry_run(job, tasks, plugins)
        return
    demand(job.out is not None, "A benchmark needs --out DIR, the folder that keeps its results.")
    check_folder(str(job.out), "--out", RUNS)
    rows = _run(job, tasks, plugins)
    _report(rows, str(job.out), job.json)
    failed = sum(row["status"] == "failed" for row in rows)
    if failed:
        raise MMGError(f"{failed} of {len(rows)} runs failed; {job.out}/report.html has their errors.")


def _tasks(suites: Sequence[str], globs: Sequence[str]) -> list[Task]:
    from mmg_registry.benchmark.tasks import select
    from mmg_registry.hooks import failures

    demand("mnist" not in suites, "The suite 'mnist' holds ratios, not known values: `mmg benchmark mnist` runs it.")
    found = select(suites, globs)
    for failure in failures():
        warn(str(failure.error))
    return found


def check_plugins(plugin: str, given: list[str] | None) -> dict[str, dict[str, Any]]:
    """Return the options of each of the plugins "A,B"; refuse unknown or broken plugins and invalid options.

    Raises:
        PluginError: for the first plugin that is unknown or broken.
        OptionError: for the first option that is unknown or out of range.
    """
    from mmg_registry.contracts import parse_options
    from mmg_registry.registry import load_plugin

    names = list(dict.fromkeys(name.strip() for name in plugin.split(",")))
    options = _options_of(names, parse_set(given or []))
    for name in names:
        parse_options(load_plugin(name), options[name])
    return options


def _options_of(names: list[str], given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Distribute the options `given`: "steps" to every plugin, "mmg:steps" to one plugin, where it takes precedence.

    >>> _options_of(["a", "b"], {"steps": 1, "b:steps": 2})
    {'a': {'steps': 1}, 'b': {'steps': 2}}
    """
    options: dict[str, dict[str, Any]] = {name: {} for name in names}
    for key in sorted(given, key=lambda key: ":" in key):
        plugin, _, option = key.rpartition(":")
        demand(plugin in ("", *names), f"--set {key}=... names the plugin '{plugin}', which --plugin does not list.")
        for name in [plugin] if plugin else names:
            options[name][option] = given[key]
    return options


def _run(job: BenchmarkJob, tasks: list[Task], plugins: dict[str, dict[str, Any]]) -> list[Row]:
    """Do the missing runs; return the rows of the whole folder."""
    from mmg_cli.benchmark.live import Board, showing
    from mmg_registry.benchmark.runner import Forecast, Workplace, execute, gather, plan
    from mmg_registry.benchmark.store import Store, label, latest

    with Store(str(job.out)) as store:
        gather(store)
        demand(job.resume or not store.rows, f"{job.out} holds results already; go on with --resume, or give another.")
        settings = _settings(job, store.rows)
        runs = _missing(plan(tasks, plugins, job.seeds), store.rows, settings, job.retry_failed)
        board = Board(runs, job.jobs, Forecast(store.rows))
        names = [label(name, options) for name, options in plugins.items()]
        where = Workplace(str(job.out), job.engine, job.engine_config)
        with showing(board, names), closing(execute(runs, settings, job.jobs, board.started, where=where)) as rows:
            try:
                for row in rows:
                    store.append(row)
                    board.finished(row)
            except KeyboardInterrupt:
                say(f"{len(board.rows)} of {len(runs)} runs are finished and kept; --resume goes on.")
                raise
        gather(store)
        return latest(store.rows)


def _settings(job: BenchmarkJob, rows: Sequence[Row]) -> Settings:
    """Return the settings that all runs share; refuse them if the folder's earlier runs used others.

    Raises:
        OptionError: when a setting differs; the message names it.
    """
    from mmg_registry.benchmark.runner import Settings
    from mmg_registry.threads import default_threads

    inherited = rows[0]["threads"] if rows else default_threads(job.jobs)
    settings = Settings(job.n_train, job.n_eval, job.threads or inherited, job.max_seconds)
    different = _difference(rows[0], asdict(settings)) if rows else None
    if different:
        option, before, now = different
        raise OptionError(
            f"{job.out} holds results with {option} {before}, and this asks for {now}; give the same or another --out."
        )
    return settings


def _difference(before: Row, now: Row) -> tuple[str, Any, Any] | None:
    """Return the first setting of `SHARED` that differs, as an option, with both values; None if all agree."""
    for name in SHARED:
        if before[name] != now[name]:
            return spelt(name), before[name], now[name]
    return None


def _missing(runs: list[PlannedRun], rows: Sequence[Row], settings: Settings, retry_failed: bool) -> list[PlannedRun]:
    from mmg_registry.benchmark.store import key_of, latest

    done = {key_of(row) for row in latest(rows) if row["status"] != "failed" or not retry_failed}
    return [run for run in runs if run.key(settings) not in done]


def _dry_run(job: BenchmarkJob, tasks: list[Task], plugins: dict[str, dict[str, Any]]) -> None:
    """List the remaining runs, with times predicted from earlier rows of the folder."""
    from mmg_registry.benchmark.runner import Forecast, plan
    from mmg_registry.benchmark.store import read_rows

    rows = read_rows(job.out) if job.out and os.path.exists(os.path.join(job.out, RUNS)) else []
    runs = plan(tasks, plugins, job.seeds)
    left = _missing(runs, rows, _settings(job, rows), job.retry_failed)
    _print_plan(job, left, len(runs) - len(left), Forecast(rows))


def _print_plan(job: BenchmarkJob, runs: list[PlannedRun], done: int, forecast: Forecast) -> None:
    from mmg_registry.benchmark.store import label

    total = forecast.total(runs, job.jobs)
    listed = [
        {"suite": run.suite, "task": run.task, "plugin": label(run.plugin, run.options), "seed": run.seed,
         "seconds": forecast.seconds(run)}
        for run in runs
    ]  # fmt: skip
    if job.json:
        print_json({"runs": listed, "done": done, "seconds": total})
        return
    head = ["SUITE", "TASK", "PLUGIN", "SEED", "SECONDS"]
    print(columns([head, *([_cell(each[name.lower()]) for name in head] for each in listed)]))
    print(f"\n{len(runs)} runs to do, {job.jobs} at a time, and {done} done; {_duration(total)}")


def _cell(value: Any) -> str:
    if value is None:
        return "unknown"
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def _duration(seconds: float | None) -> str:
    """Return a duration in words.

    >>> _duration(None), _duration(40.0), _duration(7000.0)
    ('the time is unknown until a run has finished', 'about 40 s', 'about 1 h 57 min')
    """
    if seconds is None:
        return "the time is unknown until a run has finished"
    hours, minutes = divmod(round(seconds / 60), 60)
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {hours} h {minutes} min" if hours else f"about {minutes} min"


@app.command("report")
def report(
    folders: Annotated[
        list[str], typer.Argument(metavar="DIR...", help="Folders that `mmg benchmark --out` wrote, reported as one.")
    ],
    out: Annotated[
        str | None, typer.Option("--output", "-o", metavar="DIR", help="Where to write.  [default: the same folder]")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Print the leaderboard of DIR; write report.html, summary.json and the figures."""
    demand(out is not None or len(folders) == 1, "A report of several folders needs -o DIR, another folder to go to.")
    rows = _together(folders)
    target = out or folders[0]
    check_folder(target, "-o", RUNS if out is None else "report.html")
    _report(rows, target, json)


def _together(folders: Sequence[str]) -> list[Row]:
    """Return the runs of all folders; if several folders contain a run, use the one of the last folder.

    Raises:
        DataError: when the folders are not comparable because a setting of `SHARED` differs.
    """
    from mmg_registry.benchmark.store import latest, read_rows

    found = [read_rows(folder) for folder in folders]
    for folder, rows in zip(folders[1:], found[1:], strict=True):
        different = _difference(found[0][0], rows[0])
        if different:
            option, before, now = different
            raise DataError(
                f"{folders[0]} holds results with {option} {before} and {folder} with {now}; report them apart."
            )
    return latest(row for rows in found for row in rows)


def _report(rows: list[Row], folder: str, json: bool) -> None:
    """Print the report, then write its files, so that a full disk loses the files only."""
    from mmg_cli.benchmark.text import report_text, summary_document, to_bytes
    from mmg_registry.benchmark.criteria import cells

    document = summary_document(rows)
    if json:
        print_json(document)
    else:
        display(report_text(cells(rows)))
    figures = _figures(rows)
    _write(folder, "summary.json", to_bytes(document))
    for name, content in figures.items():
        _write(folder, name, content)
    from mmg_cli.benchmark.html import page

    path = _write(folder, "report.html", page(rows).encode())
    if not json:
        display(f"\n{path}")


def _write(folder: str, name: str, content: bytes) -> str:
    path = os.path.join(folder, name)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise MMGError(f"The folder {folder} cannot be made: {error.strerror}; give another.") from error
    write_atomically(path, lambda handle: handle.write(content), "The report")
    return path


def _figures(rows: list[Row]) -> dict[str, bytes]:
    """Return file names mapped to PNG, two figures per suite; none without matplotlib."""
    import importlib.util

    from mmg_cli.benchmark.figures import draw_errors, draw_heat_map, png
    from mmg_cli.benchmark.text import by_suite
    from mmg_registry.benchmark.criteria import cells

    if importlib.util.find_spec("matplotlib") is None:
        warn("The figures need matplotlib (pip install 'mmg-registry[plot]'); `mmg benchmark report` then draws them.")
        return {}
    figures = {}
    for suite, own in by_suite(cells(rows)).items():
        figures[f"heatmap-{suite}.png"] = png(draw_heat_map(own))
        figures[f"errors-{suite}.png"] = png(draw_errors(own))
    return figures


@app.command("compare")
def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="A folder of results.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Compare two folders by task and plugin: errors, seconds, and changes beyond the seeds' spread."""
    from mmg_cli.benchmark.text import changes_document, compare_text
    from mmg_registry.benchmark.criteria import cells, changes_between
    from mmg_registry.benchmark.store import read_rows

    changes = changes_between(cells(read_rows(before)), cells(read_rows(after)))
    if not any(change.before and change.after for change in changes):
        raise DataError(f"{before} and {after} share no task and plugin, so there is nothing to compare.")
    if json:
        print_json(changes_document(changes))
    else:
        display(compare_text(changes))


@app.command("curves")
def curves(
    folder: Folder,
    task: Annotated[str, typer.Argument(metavar="TASK", autocompletion=complete_task, help="The id of a task.")],
    plugin: Annotated[str | None, typer.Option("--plugin", "-p", help="Where DIR holds several.")] = None,
    seed: Annotated[int | None, typer.Option(help="Where there are several.  [default: the lowest]")] = None,
    out: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="The plot: png, pdf or svg.  [TASK.png]")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Plot the two MMSE curves of one run, the area between them, and the integrand."""
    from mmg_cli.plotting import check_plot, write_plot
    from mmg_registry.benchmark.store import read_rows
    from mmg_registry.results import Estimate

    row = _one_run(read_rows(folder), task, plugin, seed)
    target = out or f"{task}.png"
    check_plot(target, "-o")
    found = Estimate.from_dict(dict(row["estimate"]))
    if found.curve is None:
        raise DataError(f"The plugin '{row['plugin']}' gives no curve; those that integrate over log-SNR do.")
    write_plot(found, target)
    display(target)


def _one_run(rows: list[Row], task: str, plugin: str | None, seed: int | None) -> Row:
    from mmg_registry.benchmark.store import label

    fitting = [row for row in rows if row["task"] == task and row["status"] == "ok"]
    if not fitting:
        known = ", ".join(dict.fromkeys(row["task"] for row in rows if row["status"] == "ok"))
        raise OptionError(f"No finished run is of the task '{task}'; there are {known or 'none'}.")
    names = list(dict.fromkeys(label(row["plugin"], row["options"]) for row in fitting))
    wanted = plugin or (names[0] if len(names) == 1 else None)
    demand(wanted in names, f"--plugin must be one of {', '.join(names)}, not {plugin or 'left out'}.")
    own = [row for row in fitting if label(row["plugin"], row["options"]) == wanted]
    seeds = sorted(row["seed"] for row in own)
    demand(seed is None or seed in seeds, f"--seed must be one of {', '.join(map(str, seeds))}, not {seed}.")
    return next(row for row in own if row["seed"] == (seeds[0] if seed is None else seed))


@app.command("tasks")
def tasks(
    suite: Annotated[
        str | None, typer.Argument(metavar="SUITE", autocompletion=complete_suite, help="Only this suite.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """List the tasks of all suites: id, family, dimensions and true MI in nats.

    A true MI that takes a quadrature is computed where SUITE is given, and is - (null in JSON) in the list of all.
    """
    from mmg_registry.benchmark.tasks import suites

    found = _tasks([suite] if suite else list(suites()), [])
    listed = [
        {"suite": each.suite, "task": each.name, "family": each.family, "dim_x": each.sampler.dim_x,
         "dim_y": each.sampler.dim_y, "true_mi": each.true_mi if suite else each.known_mi}
        for each in found
    ]  # fmt: skip
    if json:
        print_json(listed)
        return
    head = ["SUITE", "TASK", "FAMILY", "DIM_X", "DIM_Y", "TRUE_MI"]
    print(columns([head, *([_shown(each[name.lower()]) for name in head] for each in listed)]))


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
