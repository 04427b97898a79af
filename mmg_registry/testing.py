"""The conformance kit: does an estimator keep the contract? For plugin authors and `mmg plugins check`.

In a plugin's own test suite:

    from mmg_registry.testing import check_estimator

    def test_contract():
        check_estimator(MyEstimator, options={"steps": 100})
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmg_registry.contracts import Array, Estimator, Run
from mmg_registry.errors import OptionError, PluginError
from mmg_registry.results import Estimate

Result = dict[str, str]
CORRELATION = 0.9  # MI of 0.83 nats in the first of two columns, so that a positive sign is no luck
N_TRAIN, N_EVAL = 1_000, 400


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

    def make(self) -> Estimator:
        """A fresh, unfitted estimator with the fixed seed."""
        return self.cls(run=Run(seed=0, threads=1), **self.options)

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


def gaussian_rows(n: int, seed: int, correlation: float = CORRELATION) -> tuple[Array, Array]:
    """`n` rows of x `(n, 2)` and y `(n, 1)`, where y has `correlation` with the first column of x.

    Their mutual information is -log(1 - correlation**2) / 2 nats.

    >>> x, y = gaussian_rows(1000, seed=0)
    >>> x.shape, y.shape, bool(np.corrcoef(x[:, 0], y[:, 0])[0, 1] > 0.85)
    ((1000, 2), (1000, 1), True)
    """
    rng = np.random.default_rng(seed)
    x, noise = rng.standard_normal((n, 2)), rng.standard_normal((n, 1))
    return x, correlation * x[:, :1] + math.sqrt(1 - correlation**2) * noise


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


def check_fit_returns_self(bench: Bench) -> None:
    """fit returns the estimator itself, as in scikit-learn."""
    _demand(bench.rerun.returned_self, "fit does not return self")


def check_finite_estimate(bench: Bench) -> None:
    """The estimate on dependent rows is an `Estimate` in nats, finite, with a standard error that makes sense."""
    estimate = bench.estimate
    _demand(isinstance(estimate, Estimate), f"estimate returns a {type(estimate).__name__}, not an Estimate")
    _demand(estimate.unit == "nats", f"the estimate is in {estimate.unit}, not nats")
    _demand(math.isfinite(estimate.mi), f"the estimate is {estimate.mi}")
    error = estimate.std_error
    _demand(error is None or (math.isfinite(error) and error >= 0), f"the standard error is {error}")


def check_right_sign(bench: Bench) -> None:
    """Dependent rows give a positive estimate."""
    _demand(bench.estimate.mi > 0, f"rows with 0.83 nats give {bench.estimate.mi:.3f}")


def check_independence(bench: Bench) -> None:
    """Independent rows give less than half of what dependent rows give."""
    independent = bench.make().fit(*gaussian_rows(N_TRAIN, 3, 0.0)).estimate(*gaussian_rows(N_EVAL, 4, 0.0)).mi
    _demand(independent < bench.estimate.mi / 2, f"independent rows give {independent:.3f}")


def check_same_seed(bench: Bench) -> None:
    """A second run with the same seed gives the same bits."""
    first, second = bench.estimate.mi, bench.rerun.mi
    _demand(first == second, f"the same seed gave {first!r}, then {second!r}")


def check_inputs_untouched(bench: Bench) -> None:
    """fit and estimate leave the arrays they are given as they were."""
    _demand(bench.rerun.arrays_untouched, "fit or estimate changed its input arrays")


def check_global_generator(bench: Bench) -> None:
    """NumPy's global generator is left alone: a seed of the caller's must keep its meaning."""
    untouched = bench.rerun.generator_untouched
    _demand(untouched, "NumPy's global generator was used or seeded; draw from numpy.random.default_rng(run.seed)")


def check_single_precision(bench: Bench) -> None:
    """float32 rows are taken, and give a finite estimate."""
    train, held_out = ([a.astype(np.float32) for a in pair] for pair in (bench.train, bench.held_out))
    mi = bench.make().fit(*train).estimate(*held_out).mi
    _demand(math.isfinite(mi), f"float32 rows give {mi}")


def check_json(bench: Bench) -> None:
    """The result is JSON-serialisable and survives the way there and back."""
    back = Estimate.from_dict(json.loads(bench.estimate.to_json()))
    _demand(back.mi == bench.estimate.mi, "the estimate changes on its way through JSON")


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
        check_fit_returns_self,
        check_finite_estimate,
        check_right_sign,
        check_independence,
        check_same_seed,
        check_inputs_untouched,
        check_global_generator,
        check_single_precision,
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
    count = {status: sum(r["status"] == status for r in results) for status in _STATUSES}
    ran = len(results) - count["skipped"]
    words = f"{count['passed']} passed, {count['failed']} failed, {count['expected']} expected to fail"
    return f"{ran} run, {words}, {count['skipped']} skipped"


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


def _demand(condition: bool, reason: str) -> None:
    if not condition:
        raise AssertionError(reason)
