"""What an estimator is: the one contract that built-ins and strangers share.

This module imports nothing else of the package but errors, limits and results. An estimator is a class with a few
declarations, typed options, `fit` and `estimate`; the registry does the rest (data checks, splits,
seeds, units, intervals, provenance) once for all of them.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import Self

from mmg_registry.errors import MMGError, OptionError, explain
from mmg_registry.limits import keep
from mmg_registry.names import nearest
from mmg_registry.results import Estimate
from mmg_registry.threads import default_threads

T = TypeVar("T")

Array = NDArray[np.floating[Any]]
Direction = Literal["lower", "upper", "none"]


class Options(BaseModel):
    """Base of every estimator's options: typed, bounded, immutable; unknown names are refused.

    Declare fields with `pydantic.Field(default, ge=..., le=..., description=...)`; the description is
    what `mmg plugins show NAME` prints.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


@dataclass(frozen=True)
class Progress:
    """One report from a running estimator; everything but `fraction` is optional.

    Attributes:
        fraction: how much of the work is done, 0 to 1.
        stage: a word for what is going on, e.g. "training".
        mi: the running estimate in nats.
        seconds_left: the estimator's own forecast.
    """

    fraction: float
    stage: str = "training"
    mi: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Run:
    """What a run is given beside its options: the same five things for every estimator.

    Attributes:
        seed: every random draw must come from it; the same seed gives the same result.
        threads: how many threads the estimator may keep busy.
        device: "auto", "cpu", "cuda" or "cuda:N".
        max_seconds: a soft limit on the time of `fit`, or None.
        progress: called from the fitting thread with `Progress`, or None.

    Raises:
        OptionError: for a value out of range, see `mmg_registry.limits`.
    """

    seed: int = 0
    threads: int = 1
    device: str = "auto"
    max_seconds: float | None = None
    progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        keep(self, "seed", "threads", "device", optional=("max_seconds",))

    def report(self, progress: Progress) -> None:
        """Pass `progress` on if somebody listens."""
        if self.progress is not None:
            self.progress(progress)


class Configured(ABC):
    """What every plugin class has: a name, words about it, typed options and a run.

    Options are keyword arguments of the constructor, are validated there, and can be read and changed as in
    scikit-learn (`get_params`, `set_params`).

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
        """Options and `run`, as keyword arguments that make an equal, unfitted object."""
        return {"run": self.run, **self.options.model_dump()}

    def set_params(self, **params: Any) -> Self:
        """Change options (or `run`) in place, validated; returns self."""
        self.run = params.pop("run", self.run)
        self.options = parse_options(type(self), {**self.options.model_dump(), **params})
        return self


class Estimator(Configured):
    """Base class of all estimators of mutual information.

    Subclasses set the class attributes below and those of `Configured`, and implement `fit` and `estimate`. To be
    saved without pickle, implement `state` and `restore` too.

    Arrays that reach `fit` and `estimate` through the registry are finite, two-dimensional
    `(n_samples, dim)`, float32 or float64, without constant or linearly dependent columns.
    """

    noun = "estimator"
    bound: ClassVar[Direction] = "none"
    has_curve: ClassVar[bool] = False
    has_pointwise: ClassVar[bool] = False

    @abstractmethod
    def fit(self, x: Array, y: Array) -> Self:
        """Learn from `x` `(n_samples, dim_x)` and `y` `(n_samples, dim_y)`; return self."""

    @abstractmethod
    def estimate(self, x: Array, y: Array) -> Estimate:
        """Estimate I(X; Y) in nats on rows `x`, `y` that were not used by `fit`."""

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The fitted state: named arrays, and a JSON-serialisable dictionary."""
        raise OptionError(f"The estimator '{self.name}' cannot be saved: it does not implement state().")

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Become the fitted estimator that `state` described; returns self."""
        raise OptionError(f"The estimator '{self.name}' cannot be loaded: it does not implement restore().")


def below(arrays: Mapping[str, T], prefix: str) -> dict[str, T]:
    """The arrays of a state whose names begin with `prefix`, without it.

    Example:
        >>> below({"net.bias": np.ones(2), "rho": np.zeros(1)}, "net.")
        {'bias': array([1., 1.])}
    """
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def parse_options(cls: type[Configured], given: Mapping[str, Any]) -> Options:
    """Validate `given` against `cls.Options`.

    Raises:
        OptionError: naming the option, its bounds or the nearest known name.
    """
    refuse_unknown(cls, given)
    try:
        return cls.Options(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "options"
        raise OptionError(f"The option '{key}' of '{cls.name}' is refused: {_lower_first(first['msg'])}.") from None


def refuse_unknown(cls: type[Configured], given: Iterable[str], beside: Iterable[str] = ()) -> None:
    """Refuse names that are no option of `cls`; the nearest name may also be one of `beside`.

    Raises:
        OptionError: for the first of them.
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
    """Run a step of a plugin; whatever it raises becomes one sentence, with the original chained.

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
        raise MMGError(f"The {plugin.noun} '{plugin.name}' failed ({explain(error)}).") from error


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
