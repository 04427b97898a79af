"""The conformance kit: does an estimator keep the contract? For plugin authors and `mmg plugins check`.

In a plugin's own test suite:

    from mmg_registry.testing import check_estimator

    def test_contract():
        check_estimator(MyEstimator, options={"steps": 100})

`CHECKS` holds the list; each check is a function whose docstring says what must hold. A check that does not apply is
skipped with its reason, and one that is known to fail is named in `expected_failures` with a reason of the author's.
"""

from __future__ import annotations

import json
import math
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from mmg_registry.contracts import Array, Estimator, Progress, Run
from mmg_registry.errors import MMGError, OptionError, PluginError, demand
from mmg_registry.results import Estimate

Result = dict[str, str]
_demand = partial(demand, kind=AssertionError)  # what a check fails by
CORRELATION = 0.9  # MI of 0.83 nats in the first of two columns, so that a positive sign is no luck
TRUE_MI = -0.5 * math.log1p(-(CORRELATION**2))
TOLERANCE = 0.25  # nats; so few rows alone leave an error of 0.05, and short fits leave more
N_TRAIN, N_EVAL = 1_000, 400
FEW_TRAIN, FEW_EVAL = 20, 4  # fewer than a batch; the registry hands over as few


class Skip(Exception):
    """Raised by a check that does not apply to the estimator; the message says why."""


@dataclass(frozen=True)
class Rerun:
    """What a second run with the same seed showed, watched for side effects."""

    mi: float
    returned_self: bool
    arrays_untouched: bool
    generator_untouched: bool


class Bench:
    """An estimator class with its small Gaussian sample; its fits are shared by the checks, for they may be slow."""

    def __init__(self, cls: type[Estimator], options: Mapping[str, Any]) -> None:
        self.cls = cls
        self.options = dict(options)

    def make(self, **run: Any) -> Estimator:
        """A fresh, unfitted estimator with the fixed seed; `run` changes fields of its `Run`."""
        return self.cls(run=Run(**{"seed": 0, "threads": 1, **run}), **self.options)

    def few(self, **run: Any) -> Estimate:
        """The estimate of a fresh estimator from few rows: as quick as a fit can be."""
        return self.make(**run).fit(*gaussian_rows(FEW_TRAIN, seed=5)).estimate(*gaussian_rows(FEW_EVAL, seed=6))

    @cached_property
    def train(self) -> tuple[Array, Array]:
        """Rows for `fit`: x `(1000, 2)`, y `(1000, 1)`."""
        return gaussian_rows(N_TRAIN, seed=1)

    @cached_property
    def held_out(self) -> tuple[Array, Array]:
        """Rows for `estimate`: x `(400, 2)`, y `(400, 1)`."""
        return gaussian_rows(N_EVAL, seed=2)

    @cached_property
    def fitted(self) -> Estimator:
        """The estimator after `fit(*train)`."""
        return self.make().fit(*self.train)

    @cached_property
    def estimate(self) -> Estimate:
        """Its estimate on the held-out rows."""
        return self.fitted.estimate(*self.held_out)

    @cached_property
    def rerun(self) -> Rerun:
        """A second run like the first."""
        train, held_out = gaussian_rows(N_TRAIN, seed=1), gaussian_rows(N_EVAL, seed=2)
        estimator = self.make()
        with _watched_generator() as untouched_generator:
            fitted = estimator.fit(*train)
            mi = fitted.estimate(*held_out).mi
            generator = untouched_generator()
        arrays = all(map(np.array_equal, (*train, *held_out), (*self.train, *self.held_out)))
        return Rerun(mi, fitted is estimator, arrays, generator)


@contextmanager
def _watched_generator() -> Iterator[Callable[[], bool]]:
    """NumPy's global generator in a state that no estimator would seed it to; the caller's comes back after."""
    callers: Any = np.random.get_state(legacy=False)  # noqa: NPY002 - the legacy generator is what is watched
    np.random.seed(193_707_721)  # noqa: NPY002
    before = _global_generator()
    try:
        yield lambda: _global_generator() == before
    finally:
        np.random.set_state(callers)  # noqa: NPY002


def _global_generator() -> tuple[bytes, int]:
    state: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    return state["state"]["key"].tobytes(), state["state"]["pos"]


def gaussian_rows(
    n: int, seed: int, correlation: float = CORRELATION, dim_x: int = 2, dim_y: int = 1
) -> tuple[Array, Array]:
    """`n` rows of x `(n, dim_x)` and y `(n, dim_y)`, whose first columns have `correlation`; the others are noise.

    Their mutual information is -log(1 - correlation**2) / 2 nats.

    >>> x, y = gaussian_rows(1000, seed=0)
    >>> x.shape, y.shape, bool(np.corrcoef(x[:, 0], y[:, 0])[0, 1] > 0.85)
    ((1000, 2), (1000, 1), True)
    """
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, dim_x)), rng.standard_normal((n, dim_y))
    y[:, 0] = correlation * x[:, 0] + math.sqrt(1 - correlation**2) * y[:, 0]
    return x, y


def check_declarations(bench: Bench) -> None:
    """name, summary and reference are non-empty texts; bound is one of three words."""
    for key in ("name", "summary", "reference"):
        value = getattr(bench.cls, key, None)
        _demand(isinstance(value, str) and bool(value.strip()), f"the class attribute '{key}' is not a non-empty text")
    _demand(bench.cls.bound in ("lower", "upper", "none"), f"bound is {bench.cls.bound!r}, not lower, upper or none")


def check_described_options(bench: Bench) -> None:
    """Every option has a description, for `mmg plugins show`."""
    bare = [name for name, field in bench.cls.Options.model_fields.items() if not field.description]
    _demand(not bare, f"options without a description: {', '.join(bare)}")


def check_default_options(bench: Bench) -> None:
    """The estimator can be made without options."""
    bench.cls()


def check_unknown_option(bench: Bench) -> None:
    """An option that does not exist is refused."""
    try:
        bench.cls(no_such_option=1)
    except OptionError:
        return
    _demand(False, "an unknown option was accepted")


def check_params(bench: Bench) -> None:
    """get_params holds the run and every option, makes an equal estimator, and set_params takes it back."""
    estimator = bench.make()
    params = estimator.get_params()
    whole = {"run": estimator.run, **estimator.options.model_dump()}
    _demand(params == whole, "get_params() is not the run and all options")
    _demand(bench.cls(**params).get_params() == params, "an estimator made from get_params() has other parameters")
    _demand(estimator.set_params(**params).get_params() == params, "set_params(**get_params()) changed a parameter")


def check_options_in_json(bench: Bench) -> None:
    """The options survive JSON, in which results and saved estimators hold them."""
    options = bench.make().options
    back = json.loads(json.dumps(options.model_dump(mode="json"), allow_nan=False))
    _demand(bench.cls(**back).options == options, "the options change on their way through JSON")


def check_fit_returns_self(bench: Bench) -> None:
    """fit returns the estimator itself, as in scikit-learn."""
    _demand(bench.rerun.returned_self, "fit does not return self")


def check_finite_estimate(bench: Bench) -> None:
    """The estimate on dependent rows is an `Estimate` in nats, finite, with a standard error that makes sense."""
    _demand_sound(bench.estimate)


def check_right_sign(bench: Bench) -> None:
    """Dependent rows give a positive estimate."""
    _demand(bench.estimate.mi > 0, f"rows with {TRUE_MI:.2f} nats give {bench.estimate.mi:.3f}")


def check_known_answer(bench: Bench) -> None:
    """A Gaussian pair gives its MI; a lower bound may stay below it, and an upper bound above."""
    _demand_near(bench, bench.estimate, TRUE_MI)


def check_independence(bench: Bench) -> None:
    """Independent rows give 0, and less than half of what dependent rows give."""
    independent = bench.make().fit(*gaussian_rows(N_TRAIN, 3, 0.0)).estimate(*gaussian_rows(N_EVAL, 4, 0.0))
    _demand(independent.mi < bench.estimate.mi / 2, f"independent rows give {independent.mi:.3f}")
    _demand_near(bench, independent, 0.0)


def check_same_seed(bench: Bench) -> None:
    """A second run with the same seed gives the same bits."""
    first, second = bench.estimate.mi, bench.rerun.mi
    _demand(first == second, f"the same seed gave {first!r}, then {second!r}")


def check_any_seed(bench: Bench) -> None:
    """Seeds may be as large as the command line's, which NumPy's legacy generator would not take."""
    _demand_sound(bench.few(seed=2**63 - 1))


def check_estimate_again(bench: Bench) -> None:
    """A second call of estimate on the same rows gives the same bits."""
    first, second = bench.estimate.mi, bench.fitted.estimate(*bench.held_out).mi
    _demand(first == second, f"estimate gave {first!r}, then {second!r}")


def check_fit_again(bench: Bench) -> None:
    """fit forgets what an earlier fit on other rows has left."""
    estimator = bench.make()
    estimator.fit(*gaussian_rows(FEW_TRAIN, seed=5))
    estimator.fit(*bench.train)
    first, second = bench.estimate.mi, estimator.estimate(*bench.held_out).mi
    _demand(first == second, f"a fresh estimator gave {first!r}, and one fitted before {second!r}")


def check_interruption(bench: Bench) -> None:
    """Ctrl-C ends fit, and a later fit works as if nothing had been; tried in the first report of progress."""
    reports: list[Progress] = []

    def interrupt(report: Progress) -> None:
        reports.append(report)
        raise KeyboardInterrupt

    estimator = bench.make(progress=interrupt)
    ended = _interrupted(estimator, *bench.train)
    if not reports:
        raise Skip("fit reports no progress, so there is no moment to interrupt it at")
    _demand(ended, "fit swallows a KeyboardInterrupt")
    estimator.set_params(run=bench.make().run)
    first, later = bench.estimate.mi, estimator.fit(*bench.train).estimate(*bench.held_out).mi
    _demand(first == later, f"a fresh estimator gave {first!r}, and one interrupted before {later!r}")


def _interrupted(estimator: Estimator, x: Array, y: Array) -> bool:
    try:
        estimator.fit(x, y)
    except KeyboardInterrupt:
        return True
    return False


def check_inputs_untouched(bench: Bench) -> None:
    """fit and estimate leave the arrays they are given as they were."""
    _demand(bench.rerun.arrays_untouched, "fit or estimate changed its input arrays")


def check_global_generator(bench: Bench) -> None:
    """NumPy's global generator is left alone: a seed of the caller's must keep its meaning."""
    untouched = bench.rerun.generator_untouched
    _demand(untouched, "NumPy's global generator was used or seeded; draw from numpy.random.default_rng(run.seed)")


def check_single_precision(bench: Bench) -> None:
    """float32 rows are taken, and give what float64 rows give."""
    train, held_out = ([a.astype(np.float32) for a in pair] for pair in (bench.train, bench.held_out))
    single = bench.make().fit(*train).estimate(*held_out)
    _demand_sound(single)
    difference = abs(single.mi - bench.estimate.mi)
    _demand(difference <= TOLERANCE, f"float32 rows give {single.mi:.3f}, float64 {bench.estimate.mi:.3f}")


def check_mixed_precision(bench: Bench) -> None:
    """x in float32 and y in float64 go together: the registry leaves each as it is."""
    train, held_out = gaussian_rows(FEW_TRAIN, seed=5), gaussian_rows(FEW_EVAL, seed=6)
    (x, y), (x_eval, y_eval) = train, held_out
    _demand_sound(bench.make().fit(x.astype(np.float32), y).estimate(x_eval.astype(np.float32), y_eval))


def check_other_shapes(bench: Bench) -> None:
    """One column of x and three of y give a finite estimate: neither needs to be the wider one."""
    train, held_out = (gaussian_rows(n, seed, dim_x=1, dim_y=3) for n, seed in ((N_TRAIN, 7), (N_EVAL, 8)))
    _demand_sound(bench.make().fit(*train).estimate(*held_out))


def check_few_rows(bench: Bench) -> None:
    """Fewer rows than any batch give a finite estimate, or are refused with an error of mmg's."""
    with _refusal():
        _demand_sound(bench.few())


def check_nan(bench: Bench) -> None:
    """Rows with NaN, which the registry would refuse, never become a number: an error or NaN comes of them."""
    (x, y), (x_eval, y_eval) = bench.train, bench.held_out
    mi = _number(lambda: bench.make().fit(_with_nan(x), y).estimate(_with_nan(x_eval), y_eval))
    _demand(not math.isfinite(mi), f"rows with NaN give {mi:.3f}; raise DataError instead")


def _with_nan(x: Array) -> Array:
    spoilt: Array = x.copy()
    spoilt[len(x) // 2, 0] = np.nan
    return spoilt


def _number(step: Callable[[], Estimate]) -> float:
    """What `step` estimates; NaN where it raises. Its warnings of NaN are no news."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return step().mi
    except Exception:
        return math.nan


def check_devices(bench: Bench) -> None:
    """The device "cpu" is taken, one that no machine has is refused or not used, and `Estimate.device` tells which."""
    found = bench.few(device="cpu")
    _demand_sound(found)
    untyped = [key for key in ("device", "backend") if key in found.diagnostics]
    _demand(not untyped, f"the diagnostics hold {' and '.join(untyped)}, for which Estimate has fields")
    with _refusal():
        used = bench.few(device="cuda:99").device or "cpu"
        _demand(not used.startswith("cuda"), f"the estimate is said to come from the device '{used}', which is missing")


@contextmanager
def _refusal() -> Iterator[None]:
    """An error that is raised on purpose is an answer too; any other is a fault."""
    with suppress(MMGError):
        yield


def check_json(bench: Bench) -> None:
    """The result is JSON-serialisable and survives the way there and back, curve and diagnostics included."""
    document = json.loads(bench.estimate.to_json())
    back = Estimate.from_dict(document)
    _demand(back.mi == bench.estimate.mi, "the estimate changes on its way through JSON")
    _demand(back.to_dict() == document, "the curve, the diagnostics or the warnings change on their way through JSON")


def check_declared_extras(bench: Bench) -> None:
    """has_curve and has_pointwise are true exactly when the estimate has them, one value a row."""
    curve, values = bench.estimate.curve, bench.estimate.pointwise
    _demand((curve is not None) == bench.cls.has_curve, f"has_curve is {bench.cls.has_curve}, and the estimate differs")
    declared = bench.cls.has_pointwise
    _demand((values is not None) == declared, f"has_pointwise is {declared}, and the estimate differs")
    shape = None if values is None else values.shape
    _demand(shape in (None, (N_EVAL,)), f"pointwise values have shape {shape}, not ({N_EVAL},)")


def check_save_and_load(bench: Bench) -> None:
    """A saved estimator comes back without pickle and gives the same estimate."""
    if bench.cls.state is Estimator.state:
        raise Skip("it does not implement state() and restore()")
    from mmg_registry.storage import load, save

    with _known(bench.cls), tempfile.TemporaryDirectory() as folder:
        save(bench.fitted, str(Path(folder) / "model"))
        mi = load(str(Path(folder) / "model")).estimate(*bench.held_out).mi
    _demand(mi == bench.estimate.mi, f"the estimate was {bench.estimate.mi!r} before saving and {mi!r} after loading")


@contextmanager
def _known(cls: type[Estimator]) -> Iterator[None]:
    """Register `cls` for a while unless it is a plugin already: its author may not have installed it yet."""
    from mmg_registry.registry import register, unregister

    if _is_plugin(cls):
        yield
        return
    register(cls)
    try:
        yield
    finally:
        unregister(cls.name)


def _is_plugin(cls: type[Estimator]) -> bool:
    from mmg_registry.registry import record_of

    try:
        return bool(record_of(cls))
    except PluginError:
        return False


Check = Callable[[Bench], None]
CHECKS: dict[str, Check] = {
    check.__name__.removeprefix("check_"): check
    for check in (
        check_declarations,
        check_described_options,
        check_default_options,
        check_unknown_option,
        check_params,
        check_options_in_json,
        check_fit_returns_self,
        check_finite_estimate,
        check_right_sign,
        check_known_answer,
        check_independence,
        check_other_shapes,
        check_few_rows,
        check_nan,
        check_single_precision,
        check_mixed_precision,
        check_same_seed,
        check_any_seed,
        check_estimate_again,
        check_fit_again,
        check_interruption,
        check_devices,
        check_inputs_untouched,
        check_global_generator,
        check_json,
        check_declared_extras,
        check_save_and_load,
    )
}


def run_checks(
    cls: type[Estimator],
    expected_failures: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Result]:
    """Run every check of `CHECKS` on `cls`; never raises for a check that fails.

    Args:
        expected_failures: check name -> reason; such a check must fail, and counts as failed when it passes.
        options: plugin options that make a fit short.

    Returns:
        One {check, status, reason} a check; status is "passed", "failed", "skipped" or "expected".

    Raises:
        OptionError: when `expected_failures` names a check that does not exist.
    """
    expected = dict(expected_failures or {})
    unknown = sorted(set(expected) - set(CHECKS))
    if unknown:
        raise OptionError(f"There is no check '{unknown[0]}'; there are {', '.join(CHECKS)}.")
    bench = Bench(cls, options or {})
    return [_judge(name, _outcome(check, bench), expected.get(name)) for name, check in CHECKS.items()]


def check_estimator(
    cls: type[Estimator],
    expected_failures: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Result]:
    """`run_checks` for a test suite: prints how many checks ran, and raises when one fails.

    Raises:
        AssertionError: naming every failed check with its reason.
    """
    results = run_checks(cls, expected_failures, options)
    print(f"{getattr(cls, 'name', cls.__name__)}: {summary(results)}")
    failed = [f"{result['check']}: {result['reason']}" for result in results if result["status"] == "failed"]
    if failed:
        raise AssertionError("; ".join(failed))
    return results


def summary(results: list[Result]) -> str:
    """How many checks ran and how they went; a green run that checked nothing would say so.

    >>> summary([{"check": "json", "status": "passed", "reason": ""}])
    '1 run, 1 passed, 0 failed, 0 expected to fail, 0 skipped'
    """
    count = counts(results)
    words = f"{count['passed']} passed, {count['failed']} failed, {count['expected']} expected to fail"
    return f"{count['run']} run, {words}, {count['skipped']} skipped"


def counts(results: list[Result]) -> dict[str, int]:
    """The numbers in `summary`: how many checks ran, and how many there are of each status.

    >>> counts([{"check": "json", "status": "skipped", "reason": "no time"}])
    {'run': 0, 'passed': 0, 'failed': 0, 'expected': 0, 'skipped': 1}
    """
    count = {status: sum(result["status"] == status for result in results) for status in _STATUSES}
    return {"run": len(results) - count["skipped"], **count}


_STATUSES = ("passed", "failed", "expected", "skipped")


def _outcome(check: Check, bench: Bench) -> tuple[str, str]:
    try:
        check(bench)
    except Skip as skip:
        return "skipped", str(skip)
    except Exception as error:
        reason = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        return "failed", " ".join(reason.split())
    return "passed", ""


def _judge(name: str, outcome: tuple[str, str], expected: str | None) -> Result:
    status, reason = outcome
    if expected is not None and status == "failed":
        status, reason = "expected", f"{expected} ({reason})"
    elif expected is not None and status == "passed":
        status, reason = "failed", f"it passes, and was expected to fail: {expected}"
    return {"check": name, "status": status, "reason": reason}


def _demand_sound(estimate: Estimate) -> None:
    _demand(isinstance(estimate, Estimate), f"estimate returns a {type(estimate).__name__}, not an Estimate")
    _demand(estimate.unit == "nats", f"the estimate is in {estimate.unit}, not nats")
    _demand(math.isfinite(estimate.mi), f"the estimate is {estimate.mi}")
    error = estimate.std_error
    _demand(error is None or (math.isfinite(error) and error >= 0), f"the standard error is {error}")


def _demand_near(bench: Bench, estimate: Estimate, truth: float) -> None:
    """No further from `truth` than the tolerance, on the side on which the estimator's bound promises something."""
    too_high = bench.cls.bound != "upper" and estimate.mi > truth + TOLERANCE
    too_low = bench.cls.bound != "lower" and estimate.mi < truth - TOLERANCE
    off = too_high or too_low
    _demand(not off, f"rows with {truth:.2f} nats give {estimate.mi:.3f}, off by more than {TOLERANCE}")
