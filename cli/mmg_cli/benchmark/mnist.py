"""`mmg benchmark mnist`: ratios of the informations between images and their crops, whose values are known."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.benchmark.command import check_plugins
from mmg_cli.common import Json, Quiet, Verbose, check_limits
from mmg_cli.estimate import DEFAULT_PLUGIN
from mmg_cli.output import check_folder, columns, print_json, say, verbosity, write_atomically
from mmg_registry.errors import MMGError, OptionError, demand

if TYPE_CHECKING:
    from mmg_registry.arrays import F32
    from mmg_registry.benchmark.mnist.ratios import Found, Ratio
    from mmg_registry.benchmark.mnist.run import Setup
    from mmg_registry.benchmark.store import Row

SCHEMA = "mmg/mnist-ratios/1"
FILE = "mnist.jsonl"  # a copy of mmg_registry.benchmark.mnist.run.FILE, which then need not be imported
HEAD = ("PLUGIN", "TEST", "ROWS", "RATIO", "STD ERR", "WANTED", "HOLDS", "ABOVE", "NATS", "BELOW", "NATS", "SEEDS")
ROWS = "7,14,21"
ORIGIN = ("file", "sha256", "n_train", "n_eval", "space", "noise", "threads", "machine", "versions", "revision")


class SpaceName(str, Enum):
    """Kinds of variables that the tests use."""

    latent = "latent"
    pixels = "pixels"


@dataclass(frozen=True)
class MnistJob:
    """The parameters of `mmg benchmark mnist`, one field each."""

    images: str
    out: str
    plugin: str
    space: SpaceName
    rows: str
    step: int
    test: str | None
    seeds: int
    n_train: int | None
    n_eval: int | None
    noise: float
    latent_dim: int
    hidden: int
    autoencoder_steps: int
    threads: int | None
    max_seconds: float | None
    resume: bool
    set: list[str] | None
    json: bool


def mnist(
    images: Annotated[
        str, typer.Option("--mnist", metavar="FILE", help="Images: idx (.gz too) or npz. Nothing is downloaded.")
    ],
    out: Annotated[str, typer.Option(metavar="DIR", help="Folder of the results.")],
    plugin: Annotated[str, typer.Option("--plugin", "-p", metavar="A,B", help="Estimators.")] = DEFAULT_PLUGIN,
    space: Annotated[
        SpaceName, typer.Option(help="Latents of an autoencoder that is trained first, or raw pixels.")
    ] = SpaceName.latent,
    rows: Annotated[str, typer.Option(metavar="R,..", help="Numbers of rows kept.")] = ROWS,
    step: Annotated[int, typer.Option(help="k of the data processing: B_r beside B_(r+k).")] = 7,
    test: Annotated[
        str | None, typer.Option(metavar="A,B", help="Of baseline, data-processing, additivity.  [default: all]")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Seeds 0 to N - 1, of split, noise and every training.")] = 1,
    n_train: Annotated[int | None, typer.Option("--n-train", help="Images to train on.  [the rest]")] = None,
    n_eval: Annotated[
        int | None, typer.Option("--n-eval", help="Images to evaluate on.  [a fifth, at most 10,000]")
    ] = None,
    noise: Annotated[
        float, typer.Option(help="Standard deviation of the noise on A; latents vary by 1, pixels from 0 to 1.")
    ] = 0.5,
    latent_dim: Annotated[int, typer.Option(help="Columns of a latent.")] = 8,
    hidden: Annotated[int, typer.Option(help="Hidden units of the autoencoder.")] = 256,
    autoencoder_steps: Annotated[int, typer.Option(help="Training steps of the autoencoder, of 256 images.")] = 1_000,
    threads: Annotated[int | None, typer.Option(help="Threads of everything.  [default: the cores]")] = None,
    max_seconds: Annotated[float | None, typer.Option(help="A soft limit on the time of each estimate.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in DIR; repeat what failed, not what is done.")
    ] = False,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="[PLUGIN:]KEY=VALUE", help="An option of all plugins or of one, repeatable."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Test self-consistency on images: ratios of informations with the first r rows, which must be 1 or 2."""
    execute(MnistJob(**{name: value for name, value in locals().items() if name not in ("quiet", "verbose")}))


def execute(job: MnistJob) -> None:
    """Check everything that can be checked in advance, make the missing estimates, and print the ratios.

    Raises:
        MMGError: or one of its subclasses, when a check fails; after the table, when estimates failed.
    """
    own = {"latent_dim": "latent", "hidden": "units", "autoencoder_steps": "steps"}
    check_limits(job, "seeds", "n_train", "n_eval", "noise", "threads", "max_seconds", **own)
    check_folder(job.out, "--out", FILE)
    images = _images(job)
    ratios, setup = _ratios(job, images.shape[1]), _setup(job, images)
    plugins = _plugins(job)
    rows = _run(job, images, setup, ratios, plugins)
    _report(job, ratios, rows)
    failed = sum(row["status"] != "ok" for row in rows)
    if failed:
        raise MMGError(f"{failed} of {len(rows)} estimates failed; {job.out}/{FILE} has their errors.")


def _images(job: MnistJob) -> F32:
    from mmg_registry.data.images import read_images

    return read_images(job.images)


def _ratios(job: MnistJob, height: int) -> list[Ratio]:
    from mmg_registry.benchmark.mnist.ratios import TESTS, plan_ratios

    tests = [name.strip() for name in job.test.split(",")] if job.test else TESTS
    return plan_ratios(tests, _numbers(job.rows), job.step, height)


def _numbers(text: str) -> list[int]:
    """Return the numbers of rows in a text such as "7,14".

    Raises:
        OptionError: for anything but whole numbers.

    >>> _numbers("7, 14")
    [7, 14]
    """
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise OptionError(f"--rows takes whole numbers, as in '{ROWS}', not '{text}'.") from None


def _setup(job: MnistJob, images: F32) -> Setup:
    from mmg_registry.benchmark.mnist.run import Setup, sizes
    from mmg_registry.data.images import sha256
    from mmg_registry.threads import default_threads

    own = {name: getattr(job, name) for name in ("noise", "latent_dim", "hidden", "autoencoder_steps", "max_seconds")}
    n_train, n_eval = sizes(len(images), job.n_train, job.n_eval)
    threads = job.threads or default_threads()
    file = os.path.basename(job.images)
    return Setup(file, sha256(images), n_train, n_eval, space=job.space.value, threads=threads, **own)


def _plugins(job: MnistJob) -> dict[str, dict[str, Any]]:
    from mmg_registry.benchmark.mnist.run import check_pixels

    plugins = check_plugins(job.plugin, job.set)
    for name, options in plugins.items() if job.space is SpaceName.pixels else ():
        check_pixels(name, options)
    return plugins


def _run(
    job: MnistJob, images: F32, setup: Setup, ratios: Sequence[Ratio], plugins: Mapping[str, Mapping[str, Any]]
) -> list[Row]:
    """Make the missing estimates; return all requested rows, including those of earlier runs."""
    from mmg_registry.benchmark.mnist.ratios import terms
    from mmg_registry.benchmark.mnist.run import TERM_SCHEMA, execute, jobs
    from mmg_registry.benchmark.store import Store, key_of, latest

    wanted = jobs(terms(ratios), plugins, job.seeds)
    with Store(job.out, FILE, TERM_SCHEMA) as store:
        demand(job.resume or not store.rows, f"{job.out} holds results already; go on with --resume, or give another.")
        _check_same(job.out, store.rows, setup)
        done = {key_of(row) for row in latest(store.rows) if row["status"] == "ok"}
        todo = [each for each in wanted if each.key(setup) not in done]
        before = len(store.rows)
        try:
            with closing(execute(images, setup, todo, _note)) as rows:
                for i, row in enumerate(rows, start=1):
                    store.append(row)
                    _note(f"[{i}/{len(todo)}] {_line(row)}")
        except KeyboardInterrupt:
            say(f"{len(store.rows) - before} of {len(todo)} estimates are finished and kept; --resume goes on.")
            raise
        keys = {each.key(setup) for each in wanted}
        return [row for row in latest(store.rows) if key_of(row) in keys]


def _check_same(folder: str, rows: Sequence[Row], setup: Setup) -> None:
    """Refuse a folder whose earlier results had another setup, because their ratios would not be comparable.

    Raises:
        OptionError: when a setting differs; the message names it.
    """
    for name, now in asdict(setup).items() if rows else ():
        before = rows[0].get(name)
        what = {"file": "", "sha256": "other images"}.get(name, f"--{name.replace('_', '-')} {before}")
        demand(not what or before == now, f"{folder} holds results of {what}; give the same, or another --out.")


def _note(sentence: str) -> None:
    if not verbosity.quiet:
        say(sentence)


def _line(row: Row) -> str:
    """Return one line about a finished estimate."""
    from mmg_registry.benchmark.store import label

    name = f"{row['formula']} by {label(row['plugin'], row['options'])}, seed {row['seed']}"
    if row["status"] != "ok":
        return f"{name} failed: {row['error']['message']}"
    found = row["estimate"]
    what = "infinite" if found["mi"] is None else f"{found['mi']:.4f} nats"
    return f"{name}: {what}, {row['seconds']['wall']:.1f} s"


def _report(job: MnistJob, ratios: Sequence[Ratio], rows: Sequence[Row]) -> None:
    """Print the ratios, then write their file, so that a full disk loses the file only."""
    from mmg_cli.output import to_json
    from mmg_registry.benchmark.mnist.ratios import judge
    from mmg_registry.benchmark.mnist.run import values_by_seed
    from mmg_registry.benchmark.store import label

    table = []
    for plugin in dict.fromkeys(label(row["plugin"], row["options"]) for row in rows):
        seeds = values_by_seed(rows, plugin)
        table += [_entry(plugin, found, seeds) for found in judge(ratios, seeds)]
    document = {"schema": SCHEMA, **{key: _shared(rows, key) for key in ORIGIN}, "ratios": table}
    if job.json:
        print_json(document)
    else:
        print(columns([HEAD, *map(_cells, table)]))
    path = os.path.join(job.out, "ratios.json")
    write_atomically(path, lambda handle: handle.write(to_json(document).encode() + b"\n"), "The table")


def _shared(rows: Sequence[Row], key: str) -> Any:
    """Return the value of `key` in all rows, or a list if it differs, as after a resume by another release."""
    from mmg_registry.benchmark.store import distinct

    found = distinct(rows, key)
    return found[0] if len(found) == 1 else found


def _entry(plugin: str, found: Found, seeds: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    """Return one ratio for JSON; its informations are means over seeds in nats, or None if not finite."""
    from mmg_registry.benchmark.mnist.ratios import WANTED

    ratio = found.ratio
    sides = {name: {"formula": term.formula, "mi": _mean([each[term].mi for each in seeds if term in each])}
             for name, term in (("above", ratio.above), ("below", ratio.below))}  # fmt: skip
    return {
        "plugin": plugin, "test": ratio.test, "rows": ratio.rows, "ratio": found.value, "std_error": found.std_error,
        "wanted": WANTED[ratio.test], "holds": found.holds, "seeds": found.seeds, **sides,
    }  # fmt: skip


def _mean(numbers: Sequence[float]) -> float | None:
    found = sum(numbers) / len(numbers) if numbers else math.nan
    return found if math.isfinite(found) else None


def _cells(entry: Mapping[str, Any]) -> list[str]:
    from mmg_cli.benchmark.text import number

    holds = {True: "yes", False: "no", None: "-"}[entry["holds"]]
    ends = [text for side in ("above", "below") for text in (entry[side]["formula"], number(entry[side]["mi"]))]
    head = [entry["plugin"], entry["test"], str(entry["rows"]), number(entry["ratio"]), number(entry["std_error"])]
    return [*head, entry["wanted"], holds, *ends, str(entry["seeds"])]
