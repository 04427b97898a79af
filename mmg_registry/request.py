"""The settings of an estimate and of a bound: the same for every plugin, checked against `limits`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypedDict, TypeVar

import numpy as np

from mmg_registry.contracts import Listener, Run, left_of
from mmg_registry.errors import demand
from mmg_registry.kinds import KINDS, KindName
from mmg_registry.limits import checked, keep
from mmg_registry.names import nearest
from mmg_registry.results import Unit
from mmg_registry.threads import default_threads

R = TypeVar("R", "Request", "BoundRequest")


class Choices(TypedDict, total=False):
    """The fields of `Request` as keyword arguments, for type checkers and editors; `progress=False` draws no bar."""

    plugin: str
    seed: int
    threads: int | None
    device: str
    max_seconds: float | None
    unit: Unit
    ci_level: float
    cross_fit: int | None
    eval_fraction: float | None
    groups: Any
    blocks: int | str
    cv: Any
    extrapolate: int | None
    pointwise: bool
    drop_nan: bool
    rows: int | str | None
    kinds: Mapping[str, KindName]
    options: Mapping[str, Any]
    progress: Listener | bool | None


@dataclass(frozen=True)
class Request:
    """The settings of an estimate, the same for every plugin.

    Attributes:
        plugin: name of the estimator, or "distribution:name".
        seed: seed of everything random, including the split.
        threads: number of threads the estimator may keep busy; None for all cores that this process may use.
        device: "auto", "cpu", "cuda" or "cuda:N".
        max_seconds: a soft limit on the time of the whole estimate, in seconds, or None. What checks and coordinates
            take is taken off the training's time, of which there is some at least.
        unit: "nats" or "bits".
        ci_level: level of the confidence interval, between 0 and 1.
        cross_fit: K to use every row for both: K folds, each evaluated by a model fitted on the others.
        eval_fraction: share of the rows held out for evaluation, when none are given and there is no `cross_fit`; a
            fifth unless given. An estimator that trains nothing evaluates all rows unless a share is given.
        groups: `(n_samples,)` what each row belongs to, numbers or text: subjects, trials, countries. Rows of a group
            stay on one side of every split and in one fold, and the error counts groups. None where nobody knows.
        blocks: "auto" to look whether the order of rows matters, and to split and count by blocks where it does; the
            number of rows of a block; or "none" to take rows for independent.
        cv: a splitter of scikit-learn, or anything with its `split(X, y, groups)`, in place of `cross_fit`.
        extrapolate: K to estimate on 1 to K disjoint parts of the rows, and to read off what rows without end would
            give (`estimation.extrapolation`).
        pointwise: whether to return the log-density ratio of each evaluated row too, with its error
            (`Estimate.by_row`). What is trained is then trained twice more, on halves of its rows, and each training
            has a third of the time.
        drop_nan: drop rows with NaN or infinity instead of refusing them.
        rows: how many rows are drawn at random, with the seed, and estimated from; "all"; or None for all but of files
            of which the chosen columns take more than 1 GiB (`data.reading.sampling`). What is drawn is said.
        kinds: kinds of columns by their names, where what is found from the values is not what is meant.
        options: the plugin's own options.
        progress: a function that is called with `Progress` while fitting, or None.

    Raises:
        OptionError: for a value out of range, see `mmg_registry.limits`.
    """

    plugin: str = "auto"
    seed: int = 0
    threads: int | None = None
    device: str = "auto"
    max_seconds: float | None = None
    unit: Unit = "nats"
    ci_level: float = 0.95
    cross_fit: int | None = None
    eval_fraction: float | None = None
    groups: Any = field(default=None, repr=False, compare=False)
    blocks: int | str = "auto"
    cv: Any = None
    extrapolate: int | None = None
    pointwise: bool = False
    drop_nan: bool = False
    rows: int | str | None = None
    kinds: Mapping[str, KindName] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    progress: Listener | None = None

    def __post_init__(self) -> None:
        optional = ("threads", "max_seconds", "cross_fit", "eval_fraction", "extrapolate", "progress")
        keep(self, "plugin", "seed", "device", "unit", "ci_level", "blocks", "options", optional=optional)
        if self.rows is not None:
            keep(self, rows="drawn")
        check_kinds(self.kinds)


def check_kinds(kinds: Mapping[str, str]) -> None:
    """Check the kinds that are told of columns.

    Raises:
        OptionError: for what is no mapping, or a kind that is none, with the nearest one.
    """
    demand(
        isinstance(kinds, Mapping), "The option 'kinds' must map names of columns to kinds, e.g. {'site': 'category'}."
    )
    for column, kind in kinds.items():
        known = sorted(KINDS)
        demand(
            kind in KINDS, f"There is no kind '{kind}', told of '{column}'; {nearest(str(kind), known, 'there are')}."
        )


@dataclass(frozen=True)
class BoundRequest:
    """The settings of a bound, the same for every plugin.

    Attributes:
        plugin: name of the bound, or "distribution:name".
        n: number of pairs to draw from the model when no data are given.
        seed: seed of everything random, including the draw of the pairs.
        threads: number of PyTorch's threads; None for all cores that this process may use.
        device: "auto" (the CPU), "cpu", "cuda" or "cuda:N".
        ci_level: level of the interval that includes the sampling error, between 0 and 1.
        options: the plugin's own options.
        progress: a function that is called with `Progress`, or None.
        checkpoint: path of a file in which the state of the run is saved every 20 seconds, or None. If the file exists,
            the same run resumes from it and gives the same bits as without the interruption. It is deleted at the end.

    Raises:
        OptionError: for a value out of range, see `mmg_registry.limits`.
    """

    plugin: str = "ais"
    n: int = 64
    seed: int = 0
    threads: int | None = None
    device: str = "auto"
    ci_level: float = 0.95
    options: Mapping[str, Any] = field(default_factory=dict)
    progress: Listener | None = None
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        keep(self, "plugin", "n", "seed", "device", "ci_level", "options", optional=("threads", "progress"))


def from_choices(kind: type[R], choices: Mapping[str, Any]) -> R:
    """Build a request from keyword arguments; those that are not fields of `kind` are options of the plugin.

    Raises:
        OptionError: for a value out of range.

    Example:
        >>> from_choices(Request, {"plugin": "mmg", "seed": 3, "steps": 100}).options
        {'steps': 100}
    """
    known = {each.name for each in fields(kind)}
    own = {key: value for key, value in choices.items() if key in known}
    if isinstance(own.get("progress"), bool):  # whether a bar is drawn, which `progress.listening` decides
        own["progress"] = None
    options = {key: value for key, value in choices.items() if key not in known}
    return kind(**{**own, "options": {**checked("options", own.get("options", {})), **options}})


def run_of(request: Request | BoundRequest) -> Run:
    """Return the `Run` that a plugin gets for `request`; only estimators have a time limit."""
    threads = request.threads or default_threads()
    limit = request.max_seconds if isinstance(request, Request) else None
    return Run(request.seed, threads, request.device, limit, request.progress)


def in_thirds(request: Request) -> Request:
    """Return `request` with the time that each training has, which are three where values of rows are wanted."""
    limit = request.max_seconds
    return replace(request, max_seconds=limit / 3 or limit) if request.pointwise and limit is not None else request


def within(request: Request, spent: float) -> Request:
    """Return `request` with the time that `spent` seconds leave, a tenth of its limit at least.

    Example:
        >>> within(Request(max_seconds=10.0), 4.0).max_seconds, within(Request(max_seconds=10.0), 40.0).max_seconds
        (6.0, 1.0)
    """
    return replace(request, max_seconds=left_of(request.max_seconds, spent))


def run_of_fold(request: Request, i: int, k: int) -> Run:
    """Return the `Run` of fold `i` of `k`, with its own seed and its share of the time and of the progress bar."""
    seed = int(np.random.SeedSequence([request.seed, i]).generate_state(1)[0] >> 1)
    limit = None if request.max_seconds is None else request.max_seconds / k or request.max_seconds
    return replace(run_of(request), seed=seed, max_seconds=limit, progress=listener_of_part(request.progress, i, k))


def run_of_half(run: Run, i: int) -> Run:
    """Return the `Run` of a further training on half `i` of the rows, with its share of the progress bar."""
    return replace(run, progress=listener_of_part(run.progress, i, 2, "half"))


def request_of_part(request: Request, i: int, k: int) -> Request:
    """Return the request of part `i` of `k` of the rows: its share of the time, and of the progress bar.

    Every k from 1 to K has the same share, the K-th, so that the time does not depend on which is largest.
    """
    most = request.extrapolate or 1
    limit = None if request.max_seconds is None else request.max_seconds / (most * k) or request.max_seconds
    progress = listener_of_part(request.progress, (k - 1) * k // 2 + i, most * (most + 1) // 2, "part")
    return replace(request, extrapolate=None, max_seconds=limit, progress=progress)


def listener_of_part(listen: Listener | None, i: int, k: int, what: str = "fold") -> Listener | None:
    """Return a listener to part `i` of `k` equal ones, whose stages are named after what it is; None for none.

    Example:
        >>> import mmg_registry.contracts
        >>> listener_of_part(print, 1, 4, "half")(mmg_registry.contracts.Progress(0.5))
        Progress(fraction=0.375, stage='half 2 of 4, training', mi=None, seconds_left=None)
    """
    if listen is None:
        return None
    return lambda p: listen(replace(p, fraction=(i + p.fraction) / k, stage=f"{what} {i + 1} of {k}, {p.stage}"))
