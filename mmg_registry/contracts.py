"""The contract of an estimator, the same for built-in and third-party plugins.

Of this package, the module imports only errors, kinds, limits, names, resources, results and threads. An estimator is a
class with a few declarations, typed options, `fit` and `estimate`. The registry does the rest (data checks, splits,
seeds, units, intervals, provenance) once for all estimators.
"""

from __future__ import annotations

import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import Self

from mmg_registry.engines.work import Resources
from mmg_registry.errors import MMGError, OptionError, explain
from mmg_registry.grids import Grid
from mmg_registry.kinds import KINDS, Kind, KindName
from mmg_registry.limits import keep
from mmg_registry.names import nearest
from mmg_registry.results import Estimate, Pointwise
from mmg_registry.threads import NO_THREADS, default_threads, refused_threads

LEAST_LEFT = 10  # of a time limit, a training has this part at least, whatever went before took
NO_RATIO = (
    "The estimator '{name}' has no log-density ratio of single rows; take one of which 'mmg plugins show NAME' says "
    "that it has."
)
T = TypeVar("T")
_LOG = logging.getLogger(__name__)

Array = NDArray[np.floating[Any]]
Direction = Literal["lower", "upper", "none"]
Form = Literal["any", "normal"]


class Options(BaseModel):
    """Base class of every plugin's options: typed, bounded and immutable. Unknown names are refused.

    Declare fields with `pydantic.Field(default, ge=..., le=..., description=...)`; `mmg plugins show NAME` prints the
    description.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


@dataclass(frozen=True)
class Progress:
    """One progress report from a running estimator; every field except `fraction` is optional.

    Attributes:
        fraction: the fraction of the work that is done, 0 to 1.
        stage: a word for the current stage, e.g. "training".
        mi: the current estimate in nats.
        seconds_left: the estimator's own forecast of the remaining time, in seconds.
    """

    fraction: float
    stage: str = "training"
    mi: float | None = None
    seconds_left: float | None = None


Listener = Callable[[Progress], None]


def stretched(listener: Listener | None, start: float, end: float, before: str = "") -> Listener | None:
    """Return a listener to a part of the work, whose progress from 0 to 1 is that of `listener` from `start` to `end`.

    Stages are named after `before`. What a part foresees of its own time says nothing of the whole, and is left out.

    Example:
        >>> stretched(print, 0.5, 1.0, "x: ")(Progress(0.5))
        Progress(fraction=0.75, stage='x: training', mi=None, seconds_left=None)
    """
    if listener is None:
        return None
    return lambda part: listener(
        replace(part, fraction=start + (end - start) * part.fraction, stage=before + part.stage, seconds_left=None)
    )


@dataclass(frozen=True)
class Run:
    """The settings of a run beside the plugin's options: the same five for every estimator.

    Attributes:
        seed: the source of every random draw; the same seed gives the same result.
        threads: the number of threads that the estimator may keep busy.
        device: "auto", "cpu", "cuda" or "cuda:N".
        max_seconds: a soft limit on the time of `fit` and `estimate` together, in seconds, or None.
        progress: a function that the fitting thread calls with `Progress`, or None.

    Raises:
        OptionError: for a value out of range, see `mmg_registry.limits`.
    """

    seed: int = 0
    threads: int = 1
    device: str = "auto"
    max_seconds: float | None = None
    progress: Listener | None = None

    def __post_init__(self) -> None:
        keep(self, "seed", "threads", "device", optional=("max_seconds", "progress"))

    def report(self, progress: Progress) -> None:
        """Pass `progress` to the listener, if there is one, and to the log at its level DEBUG."""
        _LOG.debug("%s: %.0f %% done", progress.stage, 100 * progress.fraction)
        if self.progress is not None:
            self.progress(progress)


def left_of(limit: float | None, spent: float) -> float | None:
    """Return the seconds that are left of a time limit, a tenth of it at least: no training ends before it begins.

    Example:
        >>> left_of(10.0, 4.0), left_of(10.0, 12.0), left_of(None, 4.0)
        (6.0, 1.0, None)
    """
    return None if limit is None else max(limit - spent, limit / LEAST_LEFT) or limit


class Configured(ABC):
    """Base class of every plugin class: a name, a description, typed options and the settings of a run.

    Options are keyword arguments of the constructor, which validates them. As in scikit-learn, `get_params` and
    `set_params` read and change them.

    Raises:
        OptionError: from the constructor or `set_params`, for an unknown or out-of-range option.
    """

    noun: ClassVar[str] = "plugin"
    name: ClassVar[str]
    summary: ClassVar[str]
    reference: ClassVar[str]
    Options: ClassVar[type[Options]] = Options

    def __init__(self, *, run: Run | None = None, **options: Any) -> None:
        self.run = run or Run(threads=default_threads())
        self.options = parse_options(type(self), options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the options and `run` as keyword arguments that construct an equal, unfitted object."""
        return {"run": self.run, **self.options.model_dump()}

    def set_params(self, **params: Any) -> Self:
        """Validate and change options (or `run`) in place; return self.

        Raises:
            OptionError: for an unknown or out-of-range option.
        """
        self.run = params.pop("run", self.run)
        self.options = parse_options(type(self), {**self.options.model_dump(), **params})
        return self


class Redrawn(NamedTuple):
    """Rows, and draws in the place of one side of theirs, from its law given z.

    Attributes:
        values: `(n, 1 + draws, dim)` the side of each row and its draws, in coordinates of the estimator's choice.
        scores: `(n, 1 + draws, 1 + k)` scores of each with the row's own other side and with those of `k` mates.
    """

    values: Array
    scores: Array


class Estimator(Configured):
    """Base class of all estimators of mutual information.

    Subclasses set the class attributes below and those of `Configured`, and implement `fit` and `estimate`. Subclasses
    that can be saved (without pickle) implement `state` and `restore` too.

    Arrays that reach `fit` and `estimate` through the registry are finite, two-dimensional
    `(n_samples, dim)`, float32 or float64, without constant or linearly dependent columns.

    Attributes:
        bound: "lower" or "upper" where the estimate bounds the information on average, else "none".
        form: the form of dependence that it assumes: "normal" where it takes x and y, after maps of single columns, for
            jointly normal; "any" where it assumes none.
        trains: whether `fit` learns what would be too good on its own rows. Of an estimator that learns nothing the
            registry fits and evaluates all rows, where neither evaluation rows nor folds are asked for.
        has_curve, has_pointwise: whether results have them.
        max_dim_x, max_dim_y: the most columns of x and of y that it takes, or None for any number. The registry refuses
            more, and names estimators that take them.
        min_rows: the fewest rows that it takes, counted before the registry splits off those that evaluate; where
            evaluation rows are given, the fewest rows that `fit` takes. The registry refuses fewer.
        declines_error: whether an estimate without a standard error stays without. Else the registry adds one, from the
            spread of the estimate over disjoint parts of the rows.
        kinds: kinds of columns that it takes; the registry refuses others, and names estimators that take them. Angles
            reach only those that list "angle"; others get their cosine and sine, two continuous columns.
        conditional: whether it estimates I(X; Y | Z) too: then `fit` and `estimate` take `z` `(n_samples, dim_z)` as a
            third argument, None where nothing is given. Of others the registry takes I(X; Y, Z) - I(X; Z).
        table_rows: rows that `scores` compares with one another in good time; 0 where it has no `scores`.
        one_hot: whether a category reaches `fit` as columns of 0 and 1, one for each of its values but the commonest;
            else it is one column of codes 0, 1 .. whose order means nothing.
        resources: memory, time and graphics cards that one estimate needs on a cluster, where an engine reserves them;
            its threads are those of the run.
        x_kinds, y_kinds, z_kinds: the kind of each column that reaches `fit`, set by the registry before it calls
            `fit`; empty where they are not known, as on an object that the registry did not make.
        x_grid, y_grid: where the columns that reach `fit` stand in a row as it was given, set as the kinds are; None
            where that is not known, or columns were coded.
        groups: `(n_samples,)` a number for each row that reaches `fit`, set by the registry where rows belong together
            (copies, blocks of a series, subjects): an estimator that holds out rows of its own keeps those of a group
            on one side. None where every row is its own.
    """

    noun = "estimator"
    bound: ClassVar[Direction] = "none"
    form: ClassVar[Form] = "any"
    trains: ClassVar[bool] = True
    has_curve: ClassVar[bool] = False
    has_pointwise: ClassVar[bool] = False
    max_dim_x: ClassVar[int | None] = None
    max_dim_y: ClassVar[int | None] = None
    min_rows: ClassVar[int] = 10
    declines_error: ClassVar[bool] = False
    kinds: ClassVar[frozenset[KindName]] = KINDS - {"angle"}
    conditional: ClassVar[bool] = False
    table_rows: ClassVar[int] = 0
    one_hot: ClassVar[bool] = True
    resources: ClassVar[Resources] = Resources()
    x_kinds: tuple[Kind, ...] = ()
    y_kinds: tuple[Kind, ...] = ()
    z_kinds: tuple[Kind, ...] = ()
    x_grid: Grid | None = None
    y_grid: Grid | None = None
    groups: NDArray[np.int64] | None = None

    @abstractmethod
    def fit(self, x: Array, y: Array) -> Self:
        """Fit the estimator to `x` `(n_samples, dim_x)` and `y` `(n_samples, dim_y)`; return self."""

    @abstractmethod
    def estimate(self, x: Array, y: Array) -> Estimate:
        """Estimate I(X; Y) in nats on rows `x`, `y` that were not used by `fit`, unless nothing is trained."""

    def scores(self, x: Array, y: Array) -> Array:
        """Return a score of every x with every y of its table, for tests: any function learned on other rows.

        It is larger on average for x and y of one row where they depend on each other.

        Args:
            x, y: `(tables, rows, dim_x)` and `(tables, rows, dim_y)`, rows that were not used by `fit`.

        Returns:
            `(tables, rows, rows)`, with x_i and y_j at (i, j) of a table.

        Raises:
            OptionError: when the estimator has none.
        """
        raise OptionError(f"The estimator '{self.name}' has no scores of single pairs: it does not implement scores().")

    def pointwise(self, x: Array, y: Array) -> Pointwise:
        """Return ln p(x, y) / (p(x) p(y)) in nats of rows `x`, `y` that were not used by `fit`, one value a row.

        The values are log-density ratios, whatever contributions of rows `estimate` averages. Where `conditional` is
        true it takes z as a third argument too, and returns ln p(x, y | z) / (p(x | z) p(y | z)).

        Raises:
            OptionError: when the estimator has none.
        """
        raise OptionError(NO_RATIO.format(name=self.name))

    @property
    def redraws(self) -> Literal["x", "y", ""]:
        """The side that the fitted estimator can draw from its law given z, for `redrawn`; "" for none."""
        return ""

    def redrawn(self, x: Array, y: Array, z: Array, mates: NDArray[np.int64], draws: int) -> Redrawn:
        """Return rows and draws in the place of one side, with their scores, for tests given z.

        A score is any function of a row that was learned on others, larger on average where x and y depend on each
        other given z. `redraws` names the side that is drawn, from its law given z.

        Args:
            x, y, z: rows `(n, dim_x)`, `(n, dim_y)` and `(n, dim_z)` that were not used by `fit`.
            mates: `(n, k)` row numbers, whose other side is scored in the place of each row's own.
            draws: draws of each row.

        Raises:
            OptionError: when the estimator draws nothing.
        """
        raise OptionError(f"The estimator '{self.name}' draws nothing given z: it does not implement redrawn().")

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the fitted state: named arrays, and a JSON-serialisable dictionary.

        Raises:
            OptionError: when the estimator does not support saving.
        """
        raise OptionError(f"The estimator '{self.name}' cannot be saved: it does not implement state().")

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Restore the fitted state that `state` returned; return self.

        Raises:
            OptionError: when the estimator does not support loading.
        """
        raise OptionError(f"The estimator '{self.name}' cannot be loaded: it does not implement restore().")


def has_ratio(cls: type[Estimator]) -> bool:
    """Return whether an estimator gives log-density ratios of single rows."""
    return cls.pointwise is not Estimator.pointwise


def below(arrays: Mapping[str, T], prefix: str) -> dict[str, T]:
    """Return the arrays whose names begin with `prefix`, under their names without the prefix.

    Example:
        >>> below({"net.bias": np.ones(2), "rho": np.zeros(1)}, "net.")
        {'bias': array([1., 1.])}
    """
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def parse_options(cls: type[Configured], given: Mapping[str, Any]) -> Options:
    """Validate the options `given` and return them as an object of `cls.Options`.

    Raises:
        OptionError: for an unknown or out-of-range option; the message gives its bounds or the nearest known name.
    """
    refuse_unknown(cls, given)
    try:
        return cls.Options(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "options"
        reason = _lower_first(first["msg"].removeprefix("Value error, "))
        raise OptionError(f"The option '{key}' of '{cls.name}' is refused: {reason}.") from None


def refuse_unknown(cls: type[Configured], given: Iterable[str], beside: Iterable[str] = ()) -> None:
    """Refuse names that are not options of `cls`; the names in `beside` may be suggested as the nearest name too.

    Raises:
        OptionError: for the first unknown name.
    """
    known = sorted(cls.Options.model_fields)
    parts = _parts_of(cls)
    for key in given:
        if key not in known and key not in parts:
            raise OptionError(
                f"The {cls.noun} '{cls.name}' has no option '{key}'; {nearest(key, known, 'it has', beside=beside)}."
            )


def _parts_of(cls: type[Configured]) -> set[str]:
    """Return what the constructor takes beside its run and its options, such as a network of the user's."""
    parameters = inspect.signature(cls).parameters.values()
    return {each.name for each in parameters if each.kind is each.KEYWORD_ONLY} - {"run"}


def guarded(plugin: Configured, step: Callable[[], T]) -> T:
    """Run a step of a plugin and return its result; turn any exception into one sentence, chained to the original.

    Raises:
        MMGError: in place of any other exception.
    """
    try:
        return step()
    except MMGError:
        raise
    except MemoryError as error:
        raise MMGError(f"The {plugin.noun} '{plugin.name}' ran out of memory; use fewer rows or columns.") from error
    except Exception as error:
        reason = NO_THREADS if refused_threads(error) else f"failed ({explain(error)})"
        raise MMGError(f"The {plugin.noun} '{plugin.name}' {reason}.") from error


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
