"""The conformance kit: checks that an estimator keeps the contract, for plugin authors and `mmg plugins check`.

Use it in a plugin's own test suite:

    from mmg_registry.testing import check_estimator

    def test_contract():
        check_estimator(MyEstimator, options={"steps": 100})

`CHECKS` lists the checks; the docstring of each says what it verifies. A check does not apply, which is no failure, to
what an estimator declares not to take or does not have; the result says why. Rows keep to the declared limits, so an
estimator of single columns is checked on single columns. A check that is known to fail is named in `expected_failures`
with the author's reason.
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

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array, Estimator, Progress, Run, has_ratio
from mmg_registry.data import hold_out
from mmg_registry.errors import MMGError, OptionError, PluginError, demand
from mmg_registry.kinds import Kind
from mmg_registry.results import Estimate

Result = dict[str, str]
Rows = tuple[Array, Array]  # x and y
_demand = partial(demand, kind=AssertionError)  # fails a check by raising AssertionError
CORRELATION = 0.9  # MI of 0.83 nats in the first of two columns, too much for a positive sign by chance
TRUE_MI = -0.5 * math.log1p(-(CORRELATION**2))
TOLERANCE = 0.25  # nats; the small number of rows alone leaves an error of 0.05, and short fits leave more
N_TRAIN, N_EVAL = 1_000, 400
FEW_TRAIN, FEW_EVAL = 20, 12
HELD_OUT = 0.2  # of the rows, as the registry holds out
WIDE_ROWS, WIDE_DIM = 300, 20  # fewer than ten rows a column, where estimators begin to save on rows
CLASSES = (-0.7, 0.0, 0.7)  # of x: where one of four ends and the next begins
LABEL_MEANS = (0.0, 4.5, 1.5, 3.0)  # of y by label: hardly in the order of the labels,
ORDERED = (0, 3, 1, 2)  # and in order after this exchange of them, so that taking labels for numbers is seen
FOLLOWED = 0.5  # least correlation of pointwise values with the truth: nearest neighbours reach 0.8
OWN_ROWS, OWN_DRAWS = 40, 40  # few rows, where learning by heart shows, and draws that leave an error of some 0.02 nats
DOES_NOT_APPLY = "does not apply"


class Inapplicable(Exception):
    """The exception of a check that does not apply to the estimator; its message says why."""


@dataclass(frozen=True)
class Rerun:
    """The result of a second run with the same seed, and whether it had side effects.

    Attributes:
        mi: the estimate, in nats.
        returned_self: whether `fit` returned the estimator.
        arrays_untouched: whether the input arrays kept their values.
        generator_untouched: whether NumPy's global generator kept its state.
    """

    mi: float
    returned_self: bool
    arrays_untouched: bool
    generator_untouched: bool


class Bench:
    """An estimator class with a small Gaussian sample; the checks share its fits, because fits may be slow."""

    def __init__(self, cls: type[Estimator], options: Mapping[str, Any]) -> None:
        self.cls = cls
        self.options = dict(options)

    def make(self, **run: Any) -> Estimator:
        """Return a new, unfitted estimator with seed 0 and one thread; `run` changes fields of its `Run`."""
        return self.cls(run=Run(**{"seed": 0, "threads": 1, **run}), **self.options)

    def few(self, **run: Any) -> Estimate:
        """Return the estimate of a new estimator from very few rows, which keeps the fit short."""
        return self.make(**run).fit(*self.rows(FEW_TRAIN, seed=5)).estimate(*self.rows(FEW_EVAL, seed=6))

    def rows(self, n: int, seed: int, correlation: float = CORRELATION, dims: tuple[int, int] = (2, 1)) -> Rows:
        """Return `n` rows as `gaussian_rows` does, with as many rows and as few columns as the estimator asks for."""
        dim_x, dim_y = self.dims(*dims)
        return gaussian_rows(max(n, self.cls.min_rows), seed, correlation, dim_x, dim_y)

    def dims(self, dim_x: int, dim_y: int) -> tuple[int, int]:
        """Return numbers of columns of x and y, cut to what the estimator declares to take."""
        return min(dim_x, self.cls.max_dim_x or dim_x), min(dim_y, self.cls.max_dim_y or dim_y)

    def split(self, x: Array, y: Array) -> Estimate:
        """Return the estimate of all rows as the registry makes it: by a part held out, where something is trained."""
        if not self.cls.trains:
            return self.make().fit(x, y).estimate(x, y)
        fit, evaluate = hold_out(len(x), HELD_OUT, seed=0)
        return self.make().fit(x[fit], y[fit]).estimate(x[evaluate], y[evaluate])

    @cached_property
    def train(self) -> Rows:
        """Rows for `fit`: x `(1000, 2)`, y `(1000, 1)`, where the estimator takes as many columns."""
        return self.rows(N_TRAIN, seed=1)

    @cached_property
    def held_out(self) -> Rows:
        """Rows for `estimate`: x `(400, 2)`, y `(400, 1)`, where the estimator takes as many columns."""
        return self.rows(N_EVAL, seed=2)

    @cached_property
    def fitted(self) -> Estimator:
        """The estimator after `fit(*train)`."""
        return self.make().fit(*self.train)

    @cached_property
    def estimate(self) -> Estimate:
        """The estimate of `fitted` on the held-out rows."""
        return self.fitted.estimate(*self.held_out)

    @cached_property
    def rerun(self) -> Rerun:
        """A second run, equal to the first, that is watched for side effects."""
        train, held_out = self.rows(N_TRAIN, seed=1), self.rows(N_EVAL, seed=2)
        estimator = self.make()
        with _watched_generator() as untouched_generator:
            fitted = estimator.fit(*train)
            mi = fitted.estimate(*held_out).mi
            generator = untouched_generator()
        arrays = all(map(np.array_equal, (*train, *held_out), (*self.train, *self.held_out)))
        return Rerun(mi, fitted is estimator, arrays, generator)


@contextmanager
def _watched_generator() -> Iterator[Callable[[], bool]]:
    """Put NumPy's global generator into an unlikely state, yield a test for changes, and restore the caller's state."""
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
    """Return `n` rows of x `(n, dim_x)` and y `(n, dim_y)`: first columns with `correlation`, the others noise.

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
    """Check that name, summary and reference are texts, bound is "lower", "upper" or "none", and limits are numbers."""
    for key in ("name", "summary", "reference"):
        value = getattr(bench.cls, key, None)
        _demand(isinstance(value, str) and bool(value.strip()), f"the class attribute '{key}' is not a non-empty text")
    _demand(bench.cls.bound in ("lower", "upper", "none"), f"bound is {bench.cls.bound!r}, not lower, upper or none")
    for key in ("max_dim_x", "max_dim_y", "min_rows"):
        value = getattr(bench.cls, key)
        none = value is None and key != "min_rows"
        _demand(none or (type(value) is int and value > 0), f"{key} is {value!r}, not a number above 0")


def check_described_options(bench: Bench) -> None:
    """Check that every option has a description, which `mmg plugins show` prints."""
    bare = [name for name, field in bench.cls.Options.model_fields.items() if not field.description]
    _demand(not bare, f"options without a description: {', '.join(bare)}")


def check_default_options(bench: Bench) -> None:
    """Check that the estimator can be constructed without options."""
    bench.cls()


def check_unknown_option(bench: Bench) -> None:
    """Check that an option that does not exist is refused."""
    try:
        bench.cls(no_such_option=1)
    except OptionError:
        return
    _demand(False, "an unknown option was accepted")


def check_params(bench: Bench) -> None:
    """Check that get_params returns the run and every option, and that the constructor and set_params accept them."""
    estimator = bench.make()
    params = estimator.get_params()
    whole = {"run": estimator.run, **estimator.options.model_dump()}
    _demand(params == whole, "get_params() is not the run and all options")
    _demand(bench.cls(**params).get_params() == params, "an estimator made from get_params() has other parameters")
    _demand(estimator.set_params(**params).get_params() == params, "set_params(**get_params()) changed a parameter")


def check_options_in_json(bench: Bench) -> None:
    """Check that the options survive conversion to JSON, the form in which results and saved estimators keep them."""
    options = bench.make().options
    back = json.loads(json.dumps(options.model_dump(mode="json"), allow_nan=False))
    _demand(bench.cls(**back).options == options, "the options change on their way through JSON")


def check_fit_returns_self(bench: Bench) -> None:
    """Check that fit returns the estimator itself, as in scikit-learn."""
    _demand(bench.rerun.returned_self, "fit does not return self")


def check_finite_estimate(bench: Bench) -> None:
    """Check that dependent rows give a finite `Estimate` in nats, whose standard error is None or finite and >= 0."""
    _demand_sound(bench.estimate)


def check_right_sign(bench: Bench) -> None:
    """Check that dependent rows give a positive estimate."""
    _demand(bench.estimate.mi > 0, f"rows with {TRUE_MI:.2f} nats give {bench.estimate.mi:.3f}")


def check_known_answer(bench: Bench) -> None:
    """Check that a Gaussian pair gives its known MI; a lower bound may be below it, an upper bound above it."""
    _demand_near(bench, bench.estimate, TRUE_MI)


def check_independence(bench: Bench) -> None:
    """Check that independent rows give 0 nats within the tolerance, and less than half of what dependent rows give."""
    independent = bench.make().fit(*bench.rows(N_TRAIN, 3, 0.0)).estimate(*bench.rows(N_EVAL, 4, 0.0))
    _demand(independent.mi < bench.estimate.mi / 2, f"independent rows give {independent.mi:.3f}")
    _demand_near(bench, independent, 0.0)


def check_same_seed(bench: Bench) -> None:
    """Check that a second run with the same seed gives the same bits."""
    first, second = bench.estimate.mi, bench.rerun.mi
    _demand(first == second, f"the same seed gave {first!r}, then {second!r}")


def check_any_seed(bench: Bench) -> None:
    """Check that the largest seed of the command line, 2**63 - 1, works; NumPy's legacy generator would refuse it."""
    _demand_sound(bench.few(seed=2**63 - 1))


def check_estimate_again(bench: Bench) -> None:
    """Check that a second call of estimate on the same rows gives the same bits."""
    first, second = bench.estimate.mi, bench.fitted.estimate(*bench.held_out).mi
    _demand(first == second, f"estimate gave {first!r}, then {second!r}")


def check_fit_again(bench: Bench) -> None:
    """Check that fit keeps nothing from an earlier fit on other rows."""
    estimator = bench.make()
    estimator.fit(*bench.rows(FEW_TRAIN, seed=5))
    estimator.fit(*bench.train)
    first, second = bench.estimate.mi, estimator.estimate(*bench.held_out).mi
    _demand(first == second, f"a fresh estimator gave {first!r}, and one fitted before {second!r}")


def check_interruption(bench: Bench) -> None:
    """Check that Ctrl-C during the first progress report ends fit, and that a later fit is not affected by it."""
    reports: list[Progress] = []

    def interrupt(report: Progress) -> None:
        reports.append(report)
        raise KeyboardInterrupt

    estimator = bench.make(progress=interrupt)
    ended = _interrupted(estimator, *bench.train)
    if not reports:
        raise Inapplicable("fit reports no progress, so there is no moment to interrupt it at")
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
    """Check that fit and estimate do not change their input arrays."""
    _demand(bench.rerun.arrays_untouched, "fit or estimate changed its input arrays")


def check_global_generator(bench: Bench) -> None:
    """Check that NumPy's global generator is neither used nor seeded, so that a seed set by the caller stays valid."""
    untouched = bench.rerun.generator_untouched
    _demand(untouched, "NumPy's global generator was used or seeded; draw from numpy.random.default_rng(run.seed)")


def check_single_precision(bench: Bench) -> None:
    """Check that float32 rows are accepted and give the estimate of float64 rows within the tolerance."""
    train, held_out = ([a.astype(np.float32) for a in pair] for pair in (bench.train, bench.held_out))
    single = bench.make().fit(*train).estimate(*held_out)
    _demand_sound(single)
    difference = abs(single.mi - bench.estimate.mi)
    _demand(difference <= TOLERANCE, f"float32 rows give {single.mi:.3f}, float64 {bench.estimate.mi:.3f}")


def check_mixed_precision(bench: Bench) -> None:
    """Check that x in float32 works with y in float64: the registry does not convert either."""
    train, held_out = bench.rows(FEW_TRAIN, seed=5), bench.rows(FEW_EVAL, seed=6)
    (x, y), (x_eval, y_eval) = train, held_out
    _demand_sound(bench.make().fit(x.astype(np.float32), y).estimate(x_eval.astype(np.float32), y_eval))


def check_other_shapes(bench: Bench) -> None:
    """Check that one column of x and three of y give a finite estimate: neither side must be the wider one."""
    if bench.dims(1, 3)[1] == 1:
        raise Inapplicable(_SINGLE)
    train, held_out = (bench.rows(n, seed, dims=(1, 3)) for n, seed in ((N_TRAIN, 7), (N_EVAL, 8)))
    _demand_sound(bench.make().fit(*train).estimate(*held_out))


_SINGLE = "it declares to take single columns"


def check_last_column(bench: Bench) -> None:
    """Check that information in the last columns of x and y alone is seen: at least half of that in the first ones."""
    if bench.dims(3, 2) == (1, 1):
        raise Inapplicable(_SINGLE)
    train, held_out = ([side[:, ::-1].copy() for side in bench.rows(n, n, dims=(3, 2))] for n in (N_TRAIN, N_EVAL))
    last, first = bench.make().fit(*train).estimate(*held_out).mi, bench.estimate.mi
    _demand(last > first / 2, f"{TRUE_MI:.2f} nats give {first:.3f} in the first columns and {last:.3f} in the last")


def check_given(bench: Bench) -> None:
    """Check, where `conditional` is true, that what a given variable adds to x and takes off y does not count."""
    if not bench.cls.conditional:
        raise Inapplicable("conditional is false")
    (x, y, z), rows = (_with_common_cause(*each) for each in (bench.train, bench.held_out))
    found = bench.make().fit(x, y, z).estimate(*rows)  # type: ignore[call-arg]
    _demand_same("moved by a variable that is given", found, "the same without it", bench.estimate)


def _with_common_cause(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Return rows with a third variable `(n, 1)` that moves x and y apart."""
    z = np.random.default_rng(len(x)).standard_normal((len(x), 1))
    return x + 2 * z, y - 2 * z, z


def check_sorted_rows(bench: Bench) -> None:
    """Check that rows sorted by x, y, a class or a latent variable give what shuffled ones give, within the noise."""
    fitted = bench.make().fit(*_sorted(bench.train, bench.train[0][:, 0]))
    x, y = bench.held_out
    for name, key in (("x", x[:, 0]), ("y", y[:, 0]), ("a class of x", np.digitize(x[:, 0], CLASSES))):
        _demand_same(f"sorted by {name}", fitted.estimate(*_sorted((x, y), key)), "shuffled", bench.estimate)
    rows, latent = _wide_rows(bench)
    _demand_same("sorted by a latent", bench.split(*_sorted(rows, latent)), "shuffled", bench.split(*rows))


def _sorted(rows: Rows, key: np.ndarray[Any, Any]) -> Rows:
    order = np.argsort(key, kind="stable")
    return rows[0][order], rows[1][order]


def _wide_rows(bench: Bench) -> tuple[Rows, Array]:
    """Return rows of many columns that share one latent variable, and that variable `(n,)`."""
    rng, (dim_x, dim_y) = np.random.default_rng(9), bench.dims(WIDE_DIM, WIDE_DIM)
    n = max(WIDE_ROWS, bench.cls.min_rows)
    latent = rng.standard_normal(n)
    x, y = (0.5 * latent[:, None] + rng.standard_normal((n, dim)) for dim in (dim_x, dim_y))
    return (x, y), latent


def check_permuted_labels(bench: Bench) -> None:
    """Check that other codes, and another order, of the labels of a category change the estimate within its noise."""
    if "category" not in bench.cls.kinds:
        raise Inapplicable("it declares to take no categories")
    most = bench.dims(len(ORDERED) - 1, 1)[0] + 1 if bench.cls.one_hot else len(ORDERED)
    given = np.arange(most)
    exchanged = np.array(ORDERED) if most == len(ORDERED) else given[::-1]
    _demand_same("of other labels", _of_labels(bench, exchanged), "the", _of_labels(bench, given))


def _of_labels(bench: Bench, codes: Index) -> Estimate:
    """Return the estimate of a category and a number that depends on it, where the labels have these `codes`."""
    train, held_out = (_labelled(bench, n, codes) for n in (N_TRAIN, N_EVAL))
    estimator = bench.make()
    kind = Kind("category", "labels", 2 if bench.cls.one_hot else len(codes))
    estimator.x_kinds = (kind,) * train[0].shape[1]
    estimator.y_kinds = (Kind("continuous", "as good as no value twice", len(train[1])),)
    return estimator.fit(*train).estimate(*held_out)


def _labelled(bench: Bench, n: int, codes: Index) -> Rows:
    """Return `n` rows whose x is a category, as columns of 0 and 1 or of codes, and whose y is shifted by its label."""
    rng, n = np.random.default_rng(n), max(n, bench.cls.min_rows)
    labels = rng.integers(0, len(codes), n)
    y = np.array(LABEL_MEANS)[labels] + rng.standard_normal(n)
    coded = codes[labels, None]
    return (coded == np.arange(1, len(codes)) if bench.cls.one_hot else coded).astype(float), y[:, None]


def check_trains_nothing(bench: Bench) -> None:
    """Check, where `trains` is false, that an estimate of the rows of fit is no higher than one of other rows."""
    if bench.cls.trains:
        raise Inapplicable("it declares that fit trains")
    gains = np.array([_gain(bench, seed) for seed in range(OWN_DRAWS)])
    error = float(gains.std(ddof=1)) / math.sqrt(OWN_DRAWS)
    told = f"rows of fit give {gains.mean():.3f} nats more than other rows; declare trains = True"
    _demand(gains.mean() <= 3 * error + 1e-9, told)


def _gain(bench: Bench, seed: int) -> float:
    """Return how much higher the estimate of independent rows is with `fit` on them than with `fit` on others."""
    own, other = (bench.rows(OWN_ROWS, 100 + 2 * seed + k, 0.0) for k in (0, 1))
    return bench.make().fit(*own).estimate(*own).mi - bench.make().fit(*other).estimate(*own).mi


def check_few_rows(bench: Bench) -> None:
    """Check that `min_rows` rows, and a few more, give a finite estimate and error, or an `MMGError` as a refusal."""
    with _refusal():
        _demand_sound(bench.few())
    with _refusal():
        _demand_sound(bench.split(*bench.rows(0, seed=11)))


def check_nan(bench: Bench) -> None:
    """Check that rows with NaN, which the registry refuses, give an error or NaN and never a number."""
    (x, y), (x_eval, y_eval) = bench.train, bench.held_out
    mi = _number(lambda: bench.make().fit(_with_nan(x), y).estimate(_with_nan(x_eval), y_eval))
    _demand(not math.isfinite(mi), f"rows with NaN give {mi:.3f}; raise DataError instead")


def _with_nan(x: Array) -> Array:
    spoilt: Array = x.copy()
    spoilt[len(x) // 2, 0] = np.nan
    return spoilt


def _number(step: Callable[[], Estimate]) -> float:
    """Return the estimate of `step` in nats, or NaN if it raises; silence its warnings, which are expected here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return step().mi
    except Exception:
        return math.nan


def check_devices(bench: Bench) -> None:
    """Check that "cpu" works, a missing device is refused or not used, and `Estimate.device` names the one used."""
    found = bench.few(device="cpu")
    _demand_sound(found)
    untyped = [key for key in ("device", "backend") if key in found.diagnostics]
    _demand(not untyped, f"the diagnostics hold {' and '.join(untyped)}, for which Estimate has fields")
    with _refusal():
        used = bench.few(device="cuda:99").device or "cpu"
        _demand(not used.startswith("cuda"), f"the estimate is said to come from the device '{used}', which is missing")


@contextmanager
def _refusal() -> Iterator[None]:
    """Accept an `MMGError` from the block as a valid answer, and let any other error pass."""
    with suppress(MMGError):
        yield


def check_json(bench: Bench) -> None:
    """Check that the result survives conversion to JSON and back, including its curve and diagnostics."""
    document = json.loads(bench.estimate.to_json())
    back = Estimate.from_dict(document)
    _demand(back.mi == bench.estimate.mi, "the estimate changes on its way through JSON")
    _demand(back.to_dict() == document, "the curve, the diagnostics or the warnings change on their way through JSON")


def check_declared_extras(bench: Bench) -> None:
    """Check that has_curve and has_pointwise are true exactly if the estimate has them, with one value per row."""
    curve, values = bench.estimate.curve, bench.estimate.pointwise
    _demand((curve is not None) == bench.cls.has_curve, f"has_curve is {bench.cls.has_curve}, and the estimate differs")
    declared = bench.cls.has_pointwise
    _demand((values is not None) == declared, f"has_pointwise is {declared}, and the estimate differs")
    shape = None if values is None else values.shape
    n = len(bench.held_out[0])
    _demand(shape in (None, (n,)), f"pointwise values have shape {shape}, not ({n},)")


def check_log_ratios(bench: Bench) -> None:
    """Check that `pointwise`, where it is implemented, follows the known log-density ratio of single rows."""
    if not has_ratio(bench.cls):
        raise Inapplicable("it does not implement pointwise()")
    x, y = bench.held_out
    found = bench.fitted.pointwise(x, y)
    shapes = {part.shape for part in (found.values, found.errors)}
    _demand(shapes == {(len(x),)}, f"values and errors have shapes {shapes}, not ({len(x)},)")
    _demand(bool(np.isfinite(found.values).all()), "some values are not finite")
    _demand(bool(np.isfinite(found.errors).all() and (found.errors >= 0).all()), "some errors are no standard errors")
    follow = float(np.corrcoef(found.values, gaussian_ratio(x, y))[0, 1])
    _demand(follow > FOLLOWED, f"values have a correlation of {follow:.2f} with the log-density ratio")


def gaussian_ratio(x: Array, y: Array) -> Array:
    """Return ln p(x, y) / (p(x) p(y)) in nats `(n,)` of rows of `gaussian_rows`.

    >>> gaussian_ratio(np.array([[1.0]]), np.array([[0.9]])).round(2).tolist()
    [1.24]
    """
    a, b, rest = x[:, 0], y[:, 0], 1 - CORRELATION**2
    return np.asarray(TRUE_MI + 0.5 * b**2 - 0.5 * (b - CORRELATION * a) ** 2 / rest)


def check_save_and_load(bench: Bench) -> None:
    """Check that a saved estimator can be loaded without pickle and gives the same estimate."""
    if bench.cls.state is Estimator.state:
        raise Inapplicable("it does not implement state() and restore()")
    from mmg_registry.storage import load, save

    with _known(bench.cls), tempfile.TemporaryDirectory() as folder:
        save(bench.fitted, str(Path(folder) / "model"))
        mi = load(str(Path(folder) / "model")).estimate(*bench.held_out).mi
    _demand(mi == bench.estimate.mi, f"the estimate was {bench.estimate.mi!r} before saving and {mi!r} after loading")


@contextmanager
def _known(cls: type[Estimator]) -> Iterator[None]:
    """Register `cls` during the block unless it is a plugin already: its author may not have installed it yet."""
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
        check_last_column,
        check_given,
        check_sorted_rows,
        check_permuted_labels,
        check_trains_nothing,
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
        check_log_ratios,
        check_save_and_load,
    )
}


def run_checks(
    cls: type[Estimator],
    expected_failures: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Result]:
    """Run every check of `CHECKS` on `cls` and return the results; a check that fails raises no error.

    Args:
        cls: the estimator class.
        expected_failures: check name -> reason; such a check must fail, and counts as failed when it passes.
        options: plugin options that make a fit short.

    Returns:
        One {check, status, reason} per check; status is "passed", "failed", "does not apply" or "expected".

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
    """Run `run_checks` in a test suite: print how many checks ran, return the results, and raise if a check fails.

    Raises:
        AssertionError: when a check fails; the message gives every failed check with its reason.
        OptionError: when `expected_failures` names a check that does not exist.
    """
    results = run_checks(cls, expected_failures, options)
    print(f"{getattr(cls, 'name', cls.__name__)}: {summary(results)}")
    failed = [f"{result['check']}: {result['reason']}" for result in results if result["status"] == "failed"]
    if failed:
        raise AssertionError("; ".join(failed))
    return results


def summary(results: list[Result]) -> str:
    """Return the number of checks with each outcome in words, so that a run that checked nothing is visible.

    >>> summary([{"check": "json", "status": "passed", "reason": ""}])
    '1 run, 1 passed, 0 failed, 0 expected to fail, 0 do not apply'
    """
    count = counts(results)
    words = f"{count['passed']} passed, {count['failed']} failed, {count['expected']} expected to fail"
    return f"{count['run']} run, {words}, {count[DOES_NOT_APPLY]} do not apply"


def counts(results: list[Result]) -> dict[str, int]:
    """Return the numbers in `summary`: how many checks ran, and how many have each status.

    >>> counts([{"check": "json", "status": "does not apply", "reason": "no state"}])
    {'run': 0, 'passed': 0, 'failed': 0, 'expected': 0, 'does not apply': 1}
    """
    count = {status: sum(result["status"] == status for result in results) for status in _STATUSES}
    return {"run": len(results) - count[DOES_NOT_APPLY], **count}


_STATUSES = ("passed", "failed", "expected", DOES_NOT_APPLY)


def _outcome(check: Check, bench: Bench) -> tuple[str, str]:
    try:
        check(bench)
    except Inapplicable as why:
        return DOES_NOT_APPLY, str(why)
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


def _demand_same(what: str, found: Estimate, other: str, known: Estimate) -> None:
    """Demand that two estimates of the same dependence agree within their noise."""
    _demand_sound(found)
    noise = max(TOLERANCE, 3 * math.hypot(found.std_error or 0.0, known.std_error or 0.0))
    _demand(abs(found.mi - known.mi) <= noise, f"rows {what} give {found.mi:.3f}, {other} ones {known.mi:.3f}")


def _demand_near(bench: Bench, estimate: Estimate, truth: float) -> None:
    """Demand that `estimate` is within the tolerance of `truth`, on each side that the declared bound covers."""
    too_high = bench.cls.bound != "upper" and estimate.mi > truth + TOLERANCE
    too_low = bench.cls.bound != "lower" and estimate.mi < truth - TOLERANCE
    off = too_high or too_low
    _demand(not off, f"rows with {truth:.2f} nats give {estimate.mi:.3f}, off by more than {TOLERANCE}")
