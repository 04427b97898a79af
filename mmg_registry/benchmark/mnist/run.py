"""Estimates of the informations that the ratios need; each is a row of the results as soon as it is known."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from mmg_registry import provenance, registry
from mmg_registry.arrays import F32
from mmg_registry.benchmark import runner
from mmg_registry.benchmark.mnist.ratios import Information, Value
from mmg_registry.benchmark.mnist.spaces import Latents, Pixels, Space, variables
from mmg_registry.benchmark.store import Key, Row, key_of, label
from mmg_registry.contracts import Estimator, parse_options
from mmg_registry.data import as_pair
from mmg_registry.engines.perform import described
from mmg_registry.errors import DataError, OptionError
from mmg_registry.estimation.run import run as estimate
from mmg_registry.limits import keep
from mmg_registry.request import Request
from mmg_registry.threads import torch_threads

if TYPE_CHECKING:
    from mmg_registry.benchmark.mnist.denoiser import PixelDenoiser

FILE = "mnist.jsonl"
TERM_SCHEMA = "mmg/mnist-term/1"
PIXEL_OPTIONS = {"preset": "paper", "steps": 2_000}  # unless others are given; the published 750 epochs take days


@dataclass(frozen=True)
class Setup:
    """The setup that all results of a folder share.

    Attributes:
        file: name of the file of images, without its folder.
        sha256: hash of the images.
        n_train, n_eval: number of images to train and to evaluate on.
        space: "latent" or "pixels".
        noise: standard deviation of the noise on A, where latents have variance 1 and pixels lie between 0 and 1.
        latent_dim, hidden, autoencoder_steps: sizes and training steps of the autoencoder.
        threads: threads of all trainings and evaluations.
        max_seconds: soft limit on the time of each training of an estimator, in seconds, or None.

    Raises:
        OptionError: for a value out of range, see `mmg_registry.limits`, and for a noise that is not positive, since
            without noise every information is infinite.
    """

    file: str
    sha256: str
    n_train: int
    n_eval: int
    space: Literal["latent", "pixels"] = "latent"
    noise: float = 0.5
    latent_dim: int = 8
    hidden: int = 256
    autoencoder_steps: int = 1_000
    threads: int = 1
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        sizes_of_network = {"latent_dim": "latent", "hidden": "units", "autoencoder_steps": "steps"}
        keep(self, "n_train", "n_eval", "noise", "threads", optional=("max_seconds",), **sizes_of_network)


class TermRun(NamedTuple):
    """One estimate to make: a term, a plugin with its options, and a seed of split, noise and all trainings."""

    seed: int
    plugin: str
    options: Mapping[str, Any]
    term: Information

    def key(self, setup: Setup) -> Key:
        """Return the key that identifies its row in the folder."""
        return key_of(self.about() | {"n_train": setup.n_train, "n_eval": setup.n_eval})

    def about(self) -> dict[str, Any]:
        """Return the entries of its row that describe it."""
        return {"suite": "mnist", "task": self.term.name, "plugin": self.plugin, "options": dict(self.options),
                "seed": self.seed}  # fmt: skip


def jobs(terms: Sequence[Information], plugins: Mapping[str, Mapping[str, Any]], seeds: int) -> list[TermRun]:
    """Return all estimates to make: every plugin and term with the first seed, then with the next.

    Args:
        terms: the informations to estimate.
        plugins: options by the names of the plugins.
        seeds: number of seeds, from 0.

    Example:
        >>> [job.seed for job in jobs([Information("single", 28)], {"mmg": {}}, seeds=2)]
        [0, 1]
    """
    return [TermRun(seed, name, own, term) for seed in range(seeds) for name, own in plugins.items() for term in terms]


def sizes(n_images: int, n_train: int | None, n_eval: int | None) -> tuple[int, int]:
    """Return the numbers of images to train and to evaluate on.

    Unless given, a fifth of the images, at most 10,000, is for evaluation, and the rest for training.

    Raises:
        DataError: when there are not as many images, or fewer than 20 for either.

    Example:
        >>> sizes(70_000, None, None), sizes(1_000, 500, None)
        ((60000, 10000), (500, 200))
    """
    evaluation = min(10_000, n_images // 5) if n_eval is None else n_eval
    training = n_images - evaluation if n_train is None else n_train
    if training + evaluation > n_images:
        raise DataError(f"There are {n_images} images, and {training} + {evaluation} were asked for; ask for fewer.")
    if min(training, evaluation) < _FEWEST:
        raise DataError(
            f"There are {n_images} images, {max(training, 0)} of them to train and {evaluation} to evaluate on; at "
            f"least {_FEWEST} are needed for each."
        )
    return training, evaluation


_FEWEST = 20


def check_pixels(plugin: str, options: Mapping[str, Any]) -> None:
    """Refuse plugins that cannot estimate on raw pixels.

    Raises:
        OptionError: for a plugin that takes no denoiser, or that has no recipe without a rotation of the pixels; for an
            option that it refuses under that recipe.
        PluginError: when the plugin is missing or broken.
    """
    cls = registry.load_plugin(plugin)
    if "denoiser" not in inspect.signature(cls).parameters or not _takes_recipe(cls):
        raise OptionError(
            f"The plugin '{plugin}' cannot estimate on pixels: it takes no denoiser of one's own together with the "
            "recipe that leaves pixels in their places (preset=paper); give one that does, or --space latent."
        )
    parse_options(cls, {**PIXEL_OPTIONS, **options})


def execute(
    images: F32, setup: Setup, todo: Sequence[TermRun], note: Callable[[str], None] = lambda sentence: None
) -> Generator[dict[str, Any], None, None]:
    """Make the estimates `todo` and yield the row of each; a failed one is a row with its error.

    Args:
        images: `(n, height, width)` in [0, 1].
        setup: the setup shared by all estimates.
        todo: the estimates in their order; one autoencoder is trained for each stretch with the same seed.
        note: called with a sentence on anything else that happens.
    """
    place = {"machine": provenance.machine(), "versions": provenance.versions(), "revision": provenance.revision()}
    with torch_threads(setup.threads):
        draw: _Draw | None = None
        for job in todo:
            if draw is None or draw.seed != job.seed:
                draw = _Draw(images, setup, job.seed, note)
            yield {**_row(job, setup, draw), **place}


def values_by_seed(rows: Iterable[Row], plugin: str) -> list[dict[Information, Value]]:
    """Return the informations that `rows` hold of the plugin with the label `plugin`, one mapping for each seed."""
    seeds: dict[int, dict[Information, Value]] = {}
    for row in rows:
        if row["status"] == "ok" and label(row["plugin"], row["options"]) == plugin:
            found = row["estimate"]
            mi = math.inf if found["status"] == "infinite" else found["mi"]
            term = Information(row["kind"], row["rows"], row["less"])
            seeds.setdefault(row["seed"], {})[term] = Value(mi, found["std_error"])
    return list(seeds.values())


class _Draw:
    """The draws of one seed: images to train and to evaluate on, the space of the variables, and seeds of all noise."""

    def __init__(self, images: F32, setup: Setup, seed: int, note: Callable[[str], None]) -> None:
        self.seed = seed
        split, train, evaluation, network, self.training = (
            int(word >> 1) for word in np.random.SeedSequence([_STREAM, seed]).generate_state(5, np.uint32)
        )
        order = np.random.default_rng(split).permutation(len(images))
        self.train = images[order[: setup.n_train]], train
        self.evaluation = images[order[setup.n_train : setup.n_train + setup.n_eval]], evaluation
        self.autoencoder: dict[str, float] | None = None
        self.space: Space = Pixels(setup.noise) if setup.space == "pixels" else self._latents(setup, network, note)

    def _latents(self, setup: Setup, seed: int, note: Callable[[str], None]) -> Latents:
        from mmg_registry.benchmark.mnist import autoencoder

        start = time.perf_counter()
        sizes = {"latent_dim": setup.latent_dim, "hidden": setup.hidden, "steps": setup.autoencoder_steps}
        network = autoencoder.fit(self.train[0], **sizes, seed=seed)
        seconds = round(time.perf_counter() - start, 3)
        error = autoencoder.reconstruction_error(network, self.evaluation[0])
        self.autoencoder = {"seconds": seconds, "reconstruction_error": error}
        note(
            f"The autoencoder of seed {self.seed} took {seconds:.1f} s and misses {error:.0%} of the pixels' variance."
        )
        return Latents(network, setup.noise)


_STREAM = int.from_bytes(b"mnist", "big")


def _row(job: TermRun, setup: Setup, draw: _Draw) -> dict[str, Any]:
    begin, clock = datetime.now(timezone.utc), time.perf_counter()
    try:
        found = _estimated(job, setup, draw)
    except (Exception, SystemExit) as error:
        found = {"status": "failed", "error": described(error), "seconds": {}}
    found["seconds"] = {**found["seconds"], "wall": round(time.perf_counter() - clock, 3)}
    about = {"formula": job.term.formula, **job.term._asdict(), "autoencoder": draw.autoencoder}
    return {**job.about(), **asdict(setup), **about, "started": begin.isoformat(timespec="seconds"), **found}


def _estimated(job: TermRun, setup: Setup, draw: _Draw) -> dict[str, Any]:
    registry.load_plugin(job.plugin)  # so that its import does not count as the time of the estimate
    start = time.perf_counter()
    train = variables(draw.space, job.term, *draw.train, reuse=True)
    evaluation = variables(draw.space, job.term, *draw.evaluation)
    drawn = time.perf_counter() - start
    options = dict(job.options)
    if setup.space == "pixels":
        options = {**PIXEL_OPTIONS, **options, "denoiser": _denoiser(job.term, draw)}
    request = Request(
        plugin=job.plugin, seed=draw.training, threads=setup.threads, max_seconds=setup.max_seconds, options=options
    )
    found = estimate(as_pair(*train), request, as_pair(*evaluation)).estimate
    seconds = {"draw": round(drawn, 3), **runner.seconds_of(found)}
    return {"status": "ok", "estimate": runner.document_of(found), "seconds": seconds}


def _denoiser(term: Information, draw: _Draw) -> PixelDenoiser:
    from mmg_registry.benchmark.mnist.denoiser import PixelDenoiser

    _, height, width = draw.train[0].shape
    known = {"single": [term.rows], "joint": [term.rows, term.less], "double": [term.rows] * 2}[term.kind]
    n_images = 2 if term.kind == "double" else 1
    return PixelDenoiser(height, width, n_images=n_images, rows=known, seed=draw.training)


def _takes_recipe(cls: type[Estimator]) -> bool:
    try:
        parse_options(cls, PIXEL_OPTIONS)
    except OptionError:
        return False
    return True
