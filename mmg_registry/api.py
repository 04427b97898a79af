"""From data to an `Estimate`: checks, splits, seeds, cross-fitting, units and provenance, once for all estimators."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from mmg_registry import registry
from mmg_registry.contracts import Array, Configured, Estimator, Progress, Run
from mmg_registry.data import Cleaned, Pair, as_pair, clean, folds, hold_out, reading
from mmg_registry.data.checks import matching, repeated_rows
from mmg_registry.errors import MMGError, OptionError, PluginError
from mmg_registry.estimation.crossfit import combine
from mmg_registry.results import Estimate, Unit

plugins = registry.records


@dataclass(frozen=True)
class Request:
    """How to estimate; the same choices for every plugin.

    Attributes:
        plugin: name of the estimator, or "distribution:name".
        seed: seed of everything random, split included.
        threads: how many threads the estimator may keep busy; None for all that this process may use.
        device: "auto", "cpu", "cuda" or "cuda:N".
        max_seconds: a soft limit on the time of fitting, or None.
        unit: "nats" or "bits".
        ci_level: level of the confidence interval, between 0 and 1.
        cross_fit: K to use every row for both: K folds, each evaluated by a model fitted on the others.
        eval_fraction: share of the rows held out for evaluation, when none are given and there is no `cross_fit`.
        drop_nan: drop rows with NaN or infinity instead of refusing them.
        options: the plugin's own options.
        progress: called with `Progress` while fitting, or None.

    Raises:
        OptionError: for a value out of range.
    """

    plugin: str = "auto"
    seed: int = 0
    threads: int | None = None
    device: str = "auto"
    max_seconds: float | None = None
    unit: Unit = "nats"
    ci_level: float = 0.95
    cross_fit: int | None = None
    eval_fraction: float = 0.2
    drop_nan: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        _require(isinstance(self.seed, int) and self.seed >= 0, "seed", self.seed, "a whole number of 0 or more")
        _require(self.threads is None or self.threads >= 1, "threads", self.threads, "1 or more")
        _require(re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device), "device", self.device, "auto, cpu, cuda or cuda:N")
        _require(self.max_seconds is None or self.max_seconds > 0, "max_seconds", self.max_seconds, "more than 0")
        _require(self.unit in ("nats", "bits"), "unit", self.unit, "nats or bits")
        _require(0 < self.ci_level < 1, "ci_level", self.ci_level, "between 0 and 1, e.g. 0.95")
        _require(self.cross_fit is None or self.cross_fit >= 2, "cross_fit", self.cross_fit, "2 or more")
        _require(0 < self.eval_fraction < 1, "eval_fraction", self.eval_fraction, "between 0 and 1, e.g. 0.2")


@dataclass(frozen=True)
class Outcome:
    """An estimate, and the fitted estimator behind it (None after cross-fitting, or when nothing was fitted)."""

    estimate: Estimate
    estimator: Estimator | None


def estimate(x: Any, y: Any, *, x_eval: Any = None, y_eval: Any = None, **choices: Any) -> Estimate:
    """Estimate the mutual information I(X; Y) of paired samples.

    Args:
        x: `(n_samples, dim_x)` or `(n_samples,)`; NumPy, torch, pandas, lists, anything with `__array__` or DLPack.
        y: `(n_samples, dim_y)` or `(n_samples,)`; row i belongs to row i of `x`.
        x_eval, y_eval: rows to evaluate on; without them a seeded fifth of the rows is held out.
        **choices: fields of `Request` (plugin, seed, threads, unit, cross_fit ..); all others are the plugin's options.

    Returns:
        The estimate, in nats unless `unit="bits"`.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
        DataError: for data from which no estimate can be made.
        MMGError: when the estimator fails.

    Example:
        >>> import numpy as np, mmg_registry as mmg
        >>> mmg.estimate(np.ones(100), np.arange(100.0) ** 2, plugin="mmg").mi  # doctest: +SKIP
        0.0
    """
    known = {each.name for each in dataclasses.fields(Request)}
    own = {key: choices.pop(key) for key in list(choices) if key in known}
    request = Request(**{**own, "options": {**own.get("options", {}), **choices}})
    if (x_eval is None) != (y_eval is None):
        raise OptionError("Give both x_eval and y_eval, or neither.")
    rows = None if x_eval is None else as_pair(x_eval, y_eval, source="x_eval and y_eval")
    return run(as_pair(x, y), request, rows).estimate


def read_pair(
    path: str | Path | Sequence[str | Path],
    x: str | None = None,
    y: str | None = None,
    *,
    text: reading.TextOptions | None = None,
    where: str | None = None,
) -> Pair:
    """`data.reading.read`, which also asks hook plugins when the extension is not a built-in one.

    Raises:
        DataError: naming the file and what is wrong with it.
        OptionError: for a condition `where` that is none.
    """
    paths = [path] if isinstance(path, (str, Path)) else path
    known = {*reading.SUFFIXES, ""}
    if all(Path(each).suffix.lower() in known for each in paths):
        return reading.read(path, x, y, text=text, where=where)
    from mmg_registry.hooks import merged

    return reading.read(path, x, y, text=text, where=where, readers=merged("mmg_readers"))


def run(pair: Pair, request: Request, eval_pair: Pair | None = None) -> Outcome:
    """Check the data, fit, estimate, and attach provenance.

    Evaluation rows are `eval_pair`, else a held-out part of `pair`, else (with `cross_fit`) every row in turn; no row
    is evaluated by a model that was fitted on it.

    Raises:
        OptionError, PluginError, DataError, MMGError: as `estimate`.
    """
    started = time.perf_counter()
    if request.cross_fit and eval_pair is not None:
        raise OptionError("Cross-fitting evaluates every row in turn, so give either evaluation rows or cross_fit.")
    record = registry.find(request.plugin)
    make = functools.partial(registry.load_record(record), **request.options)
    options = make(run=_run_of(request)).options
    cleaned = clean(pair, request.drop_nan)
    part = _evaluated(make, cleaned, request, eval_pair)
    result = _finished(part, cleaned, request)
    known = {
        "plugin": {"name": record.name, "version": record.version, "distribution": record.distribution},
        "options": options.model_dump(mode="json"),
        "seed": request.seed,
        **_sizes(part, cleaned),
        **_machine(part.estimate, request),
        "seconds": {"total": time.perf_counter() - started, **part.seconds},
        "versions": versions(),
        "data_sha256": data_sha256(pair, eval_pair),
    }
    return Outcome(replace(result, provenance={**result.provenance, **known}), part.estimator)


def data_sha256(*pairs: Pair | None) -> str:
    """SHA-256 over dtypes, shapes and bytes (row-major, little-endian) of all arrays, a chunk at a time.

    Example:
        >>> len(data_sha256(as_pair([1.0, 2.0], [3.0, 4.0])))
        64
    """
    digest = hashlib.sha256()
    for array in (side for pair in pairs if pair is not None for side in (pair.x, pair.y)):
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        for start in range(0, len(array), _HASH_ROWS):
            rows = np.ascontiguousarray(array[start : start + _HASH_ROWS])
            digest.update(rows.astype(rows.dtype.newbyteorder("<"), copy=False).data)
    return digest.hexdigest()


_HASH_ROWS = 65_536
_FEW_EVAL_ROWS = 100

Make = Callable[..., Estimator]


@dataclass(frozen=True)
class _Part:
    """One estimate with what is known of how it came about."""

    estimate: Estimate
    estimator: Estimator | None
    seconds: dict[str, float]
    n_train: int
    n_eval: int


def _require(condition: Any, name: str, value: Any, allowed: str) -> None:
    if not condition:
        raise OptionError(f"The option '{name}' is {value!r} and must be {allowed}.")


def _run_of(request: Request) -> Run:
    threads = request.threads or _usable_threads()
    return Run(request.seed, threads, request.device, request.max_seconds, request.progress)


def _usable_threads() -> int:
    if hasattr(os, "sched_getaffinity"):  # what a container or batch system leaves us, not what the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _evaluated(make: Make, cleaned: Cleaned, request: Request, eval_pair: Pair | None) -> _Part:
    pair, n = cleaned.pair, len(cleaned.pair)
    rows = None if eval_pair is None else matching(cleaned, eval_pair, request.drop_nan)
    if cleaned.verdict is not None:
        mi, status, error = (math.inf, "infinite", None) if cleaned.verdict == "infinite" else (0.0, "exact", 0.0)
        known = Estimate(mi=mi, std_error=error, status=status, warnings=[cleaned.reason])  # type: ignore[arg-type]
        return _Part(known, None, {"fit": 0.0, "estimate": 0.0}, n, 0 if rows is None else len(rows))
    if request.cross_fit:
        return _cross_fitted(make, pair, request, request.cross_fit)
    if rows is None:
        fit_rows, eval_rows = hold_out(n, request.eval_fraction, request.seed)
        return _fitted(make(run=_run_of(request)), _take(pair, fit_rows), _take(pair, eval_rows))
    repeated = repeated_rows(pair, rows)
    part = _fitted(make(run=_run_of(request)), pair, rows)
    return replace(part, estimate=replace(part.estimate, warnings=[*repeated, *part.estimate.warnings]))


def _fitted(estimator: Estimator, train: Pair, rows: Pair) -> _Part:
    start = time.perf_counter()
    guarded(estimator, lambda: estimator.fit(_dense(train.x), _dense(train.y)))
    middle = time.perf_counter()
    result = _sound(estimator, guarded(estimator, lambda: estimator.estimate(_dense(rows.x), _dense(rows.y))))
    seconds = {"fit": middle - start, "estimate": time.perf_counter() - middle}
    return _Part(result, estimator, seconds, len(train), len(rows))


def _cross_fitted(make: Make, pair: Pair, request: Request, k: int) -> _Part:
    if k > len(pair) // 2:
        raise OptionError(f"The option 'cross_fit' is {k}, too many folds for {len(pair)} rows.")
    parts, evaluated = [], folds(len(pair), k, request.seed)
    for i, rows in enumerate(evaluated):
        others = np.setdiff1d(np.arange(len(pair)), rows, assume_unique=True)
        estimator = make(run=_run_of_fold(request, i, k))
        parts.append(replace(_fitted(estimator, _take(pair, others), _take(pair, rows)), estimator=None))
    seconds = {key: sum(part.seconds[key] for part in parts) for key in ("fit", "estimate")}
    combined = combine([part.estimate for part in parts], evaluated)
    return _Part(combined, None, seconds, len(pair), len(pair))


def _run_of_fold(request: Request, i: int, k: int) -> Run:
    """The run of fold `i`: its own seed, its share of the time, its stretch of the progress bar."""
    seed = int(np.random.SeedSequence([request.seed, i]).generate_state(1)[0] >> 1)
    limit = None if request.max_seconds is None else request.max_seconds / k
    return replace(_run_of(request), seed=seed, max_seconds=limit, progress=_stretch(request.progress, i, k))


def _stretch(listen: Callable[[Progress], None] | None, i: int, k: int) -> Callable[[Progress], None] | None:
    if listen is None:
        return None
    return lambda p: listen(replace(p, fraction=(i + p.fraction) / k, stage=f"fold {i + 1} of {k}, {p.stage}"))


def _take(pair: Pair, rows: np.ndarray[Any, Any]) -> Pair:
    return replace(pair, x=pair.x[rows], y=pair.y[rows])


def _dense(array: Array) -> Array:
    """Row-major and writeable, as torch wants it; copied only where it is not."""
    return np.require(array, requirements=["C", "W"])


def guarded(plugin: Configured, step: Callable[[], Any]) -> Any:
    """Run a step of a plugin; whatever it raises becomes one sentence, with the original chained."""
    try:
        return step()
    except MMGError:
        raise
    except MemoryError as error:
        raise MMGError(f"The {plugin.noun} '{plugin.name}' ran out of memory; use fewer rows or columns.") from error
    except Exception as error:
        raise MMGError(f"The {plugin.noun} '{plugin.name}' failed ({registry.explain(error)}).") from error


def _sound(estimator: Estimator, result: Any) -> Estimate:
    """`result` in nats, if it is an estimate at all: a NaN never leaves this module as a number."""
    if not isinstance(result, Estimate):
        raise PluginError(f"The estimator '{estimator.name}' returned {type(result).__name__}, not an Estimate.")
    error = result.std_error
    if result.status == "estimated" and not math.isfinite(result.mi):
        raise MMGError(f"The estimator '{estimator.name}' returned {result.mi}, so there is no estimate.")
    if error is not None and not (math.isfinite(error) and error >= 0):
        raise MMGError(f"The estimator '{estimator.name}' returned {error} as standard error, so there is no estimate.")
    return result.to_unit("nats")


def _finished(part: _Part, cleaned: Cleaned, request: Request) -> Estimate:
    """The estimate with everybody's warnings, in the unit asked for."""
    result = part.estimate
    warnings = [*cleaned.warnings, *result.warnings, *_negative(result)]
    if result.status == "estimated" and part.n_eval < _FEW_EVAL_ROWS <= part.n_train:
        warnings.append(f"Only {part.n_eval} rows evaluate the estimate; its standard error is itself uncertain.")
    found = replace(result, warnings=list(dict.fromkeys(warnings)), ci_level=request.ci_level)
    return found.to_unit(request.unit)


def _negative(result: Estimate) -> list[str]:
    if result.mi >= 0 or any("negative" in warning.lower() for warning in result.warnings):
        return []
    if result.ci is not None and result.ci[1] >= 0:
        return ["The estimate is negative, which MI cannot be; within its error it is 0 (no dependence was found)."]
    return [
        "The estimate is negative by more than its error, which MI cannot be: the estimator is biased on these data; "
        "give it more rows or more time."
    ]


def _sizes(part: _Part, cleaned: Cleaned) -> dict[str, int]:
    dims = {"dim_x": cleaned.dim_x, "dim_y": cleaned.dim_y}
    return {"n_train": part.n_train, "n_eval": part.n_eval, **dims}


def _machine(result: Estimate, request: Request) -> dict[str, Any]:
    """Device and backend: what the estimator reports in its diagnostics, else what it was given."""
    device = result.diagnostics.pop("device", "cpu" if request.device == "auto" else request.device)
    backend = {"isa": _isa(), "threads": _run_of(request).threads, **result.diagnostics.pop("backend", {})}
    return {"device": device, "backend": backend}


def _isa() -> str | None:
    """The instruction set of the compiled core; None for a plugin that does not use it (importing it takes seconds)."""
    core = sys.modules.get("mmg_registry.core")
    isa = core.isa() if core else None
    return None if isa is None else str(isa)


def versions() -> dict[str, str]:
    """Versions of what a result depends on, as far as they are installed."""
    return {registry.HOME: registry.home_version(), "python": platform.python_version(), **dict(_installed_versions())}


def _installed_versions() -> Iterator[tuple[str, str]]:
    for name in ("numpy", "scipy", "torch"):
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
