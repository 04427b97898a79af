"""The conformance kit passes an honest estimator and names what is wrong with a dishonest one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from mmg_registry import registry, testing
from mmg_registry.contracts import Array, Estimator, Options, Progress, Run
from mmg_registry.errors import DataError, OptionError
from mmg_registry.results import Estimate, Pointwise


def strongest(x: Array, y: Array) -> float:
    """The largest correlation of a column of x with one of y, less what the largest of so many has by chance."""
    rho = np.abs(np.corrcoef(x, y, rowvar=False)[: x.shape[1], x.shape[1] :]).max()
    return float(rho) if x.shape[1] < 10 else max(0.0, float(rho) - 1 / math.sqrt(len(x)))


class Honest(Estimator):
    """The Gaussian MI of the strongest pair of columns among the rows of `fit`."""

    name = "honest-for-tests"
    summary = "Gaussian MI."
    reference = "None."

    class Options(Options):
        scale: float = Field(1.0, gt=0, description="Multiplies the estimate.")

    def fit(self, x: Array, y: Array) -> Honest:
        self.run.report(Progress(0.5))
        rho = strongest(x, y)
        self.mi = -0.5 * math.log(1 - rho**2) * self.options.scale
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        return Estimate(mi=self.mi, std_error=0.01)

    def pointwise(self, x: Array, y: Array) -> Pointwise:
        return Pointwise(testing.gaussian_ratio(x, y), np.zeros(len(x)))

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {"mi": self.mi}

    def restore(self, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> Honest:
        self.mi = meta["mi"]
        return self


def failed(cls: type[Estimator], **options: Any) -> dict[str, str]:
    results = testing.run_checks(cls, options=options)
    return {result["check"]: result["reason"] for result in results if result["status"] == "failed"}


def inapplicable(cls: type[Estimator]) -> dict[str, str]:
    results = testing.run_checks(cls)
    return {result["check"]: result["reason"] for result in results if result["status"] == "does not apply"}


def altered(**members: Any) -> type[Estimator]:
    """`Honest` with some members replaced."""
    return type("Altered", (Honest,), {"name": "altered-for-tests", **members})


def test_an_honest_estimator_passes_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    results = testing.check_estimator(Honest)
    assert [result["check"] for result in results] == list(testing.CHECKS)
    statuses = {result["check"]: result["status"] for result in results}
    not_its_own = dict.fromkeys(("trains_nothing", "given"), "does not apply")
    assert statuses == {**dict.fromkeys(testing.CHECKS, "passed"), **not_its_own}
    assert "honest-for-tests: 31 run, 31 passed, 0 failed" in capsys.readouterr().out


def test_checking_leaves_nothing_registered() -> None:
    testing.run_checks(Honest)
    assert Honest not in registry.registered()


def test_checking_leaves_the_callers_generator_alone() -> None:
    before = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    testing.run_checks(Honest)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], before)  # noqa: NPY002


def later_fit_differs(self: Any, x: Array, y: Array) -> Any:
    Honest.fit(self, x, y)
    self.mi += np.random.default_rng().random() * 1e-6
    return self


def fit_returning_nothing(self: Any, x: Array, y: Array) -> Any:
    Honest.fit(self, x, y)


def centring_fit(self: Any, x: Array, y: Array) -> Any:
    x -= x.mean(axis=0)
    return Honest.fit(self, x, y)


def globally_seeded_fit(self: Any, x: Array, y: Array) -> Any:
    np.random.seed(0)  # noqa: NPY002 - this is what is wrong with it
    return Honest.fit(self, x, y)


def globally_drawing_fit(self: Any, x: Array, y: Array) -> Any:
    np.random.rand(3)  # noqa: NPY002 - this is what is wrong with it
    return Honest.fit(self, x, y)


def double_precision_fit(self: Any, x: Array, y: Array) -> Any:
    if x.dtype != np.float64:
        raise TypeError("float64 only")
    return Honest.fit(self, x, y)


def matching_precision_fit(self: Any, x: Array, y: Array) -> Any:
    if x.dtype != y.dtype:
        raise TypeError("x and y differ in dtype")
    return Honest.fit(self, x, y)


def noisy_in_single_precision_fit(self: Any, x: Array, y: Array) -> Any:
    Honest.fit(self, x, y)
    self.mi += 0.5 * (x.dtype == np.float32)
    return self


def legacy_generator_fit(self: Any, x: Array, y: Array) -> Any:
    np.random.RandomState(self.run.seed)
    return Honest.fit(self, x, y)


def remembering_fit(self: Any, x: Array, y: Array) -> Any:
    before = getattr(self, "mi", None)
    Honest.fit(self, x, y)
    self.mi = self.mi if before is None else (self.mi + before) / 2
    return self


def batching_fit(self: Any, x: Array, y: Array) -> Any:
    x[: len(x) // 64 * 64].reshape(-1, 64, x.shape[1])[0]
    return Honest.fit(self, x, y)


def wide_x_fit(self: Any, x: Array, y: Array) -> Any:
    [x[:, k] - y[:, k] for k in range(y.shape[1])]
    return Honest.fit(self, x, y)


def patching_fit(self: Any, x: Array, y: Array) -> Any:
    return Honest.fit(self, np.nan_to_num(x), y)


def stubborn_fit(self: Any, x: Array, y: Array) -> Any:
    try:
        return Honest.fit(self, x, y)
    except KeyboardInterrupt:
        self.run = Run()
        return Honest.fit(self, x, y)


def half_interrupted_fit(self: Any, x: Array, y: Array) -> Any:
    try:
        Honest.fit(self, x, y)
    except KeyboardInterrupt:
        self.touched = True
        raise
    self.mi += 0.1 * getattr(self, "touched", False)
    return self


def deaf_to_z_fit(self: Any, x: Array, y: Array, z: Array | None = None) -> Any:
    return Honest.fit(self, x, y)


def deaf_to_z_estimate(self: Any, x: Array, y: Array, z: Array | None = None) -> Estimate:
    return Estimate(mi=self.mi, std_error=0.01)


def first_columns_fit(self: Any, x: Array, y: Array) -> Any:
    return Honest.fit(self, x[:, :1], y[:, :1])


def contiguous_fit(self: Any, x: Array, y: Array) -> Any:
    return Honest.fit(self, x[: 4 + len(x) // 5], y[: 4 + len(y) // 5])


def blockwise_fit(self: Any, x: Array, y: Array) -> Any:
    """Take the dependence of the means of many columns within contiguous blocks for that of all rows."""
    if x.shape[1] < 10:
        return Honest.fit(self, x, y)
    blocks = np.array_split(np.arange(len(x)), 5)
    rho = np.mean([np.corrcoef(x[rows].mean(axis=1), y[rows].mean(axis=1))[0, 1] for rows in blocks])
    self.mi = -0.5 * math.log(1 - rho**2)
    return self


def numbering_fit(self: Any, x: Array, y: Array) -> Any:
    if self.x_kinds:
        assert x.shape[1] == 1, "codes come as one column"
        assert self.x_kinds[0].name == "category"
    return Honest.fit(self, x, y)


def infinite_where_few(self: Any, x: Array, y: Array) -> Estimate:
    return Estimate(mi=self.mi, std_error=0.01 if len(x) > 2 else math.inf)


def by_heart(self: Any, x: Array, y: Array) -> Estimate:
    return Estimate(mi=self.mi + 0.1 * bool(np.array_equal(x, self.seen)), std_error=0.01)


def seeing_fit(self: Any, x: Array, y: Array) -> Any:
    self.seen = x.copy()
    return Honest.fit(self, x, y)


def cuda_fit(self: Any, x: Array, y: Array) -> Any:
    if self.run.device.startswith("cuda"):
        raise RuntimeError("invalid device ordinal")
    return Honest.fit(self, x, y)


def changing_estimate(self: Any, x: Array, y: Array) -> Estimate:
    self.mi *= 1.01
    return Estimate(mi=self.mi)


def claiming_estimate(self: Any, x: Array, y: Array) -> Estimate:
    return Estimate(mi=self.mi, device=self.run.device)


class Window(Options):
    low: float = Field(-math.inf, description="Where the window begins.")


def in_bits(self: Any, x: Array, y: Array) -> Estimate:
    return Estimate(mi=self.mi, std_error=0.01).to_unit("bits")


def forgetful_restore(self: Any, arrays: Any, meta: Any) -> Any:
    self.mi = 0.0
    return self


class Undescribed(Options):
    steps: int = 3


@pytest.mark.parametrize(
    ("members", "check", "reason"),
    [
        ({"summary": " "}, "declarations", "the class attribute 'summary' is not a non-empty text"),
        ({"bound": "below"}, "declarations", "bound is 'below', not lower, upper or none"),
        ({"Options": Undescribed}, "described_options", "options without a description: steps"),
        ({"fit": later_fit_differs}, "same_seed", "the same seed gave 0."),
        ({"fit": fit_returning_nothing}, "fit_returns_self", "AttributeError"),
        ({"fit": centring_fit}, "inputs_untouched", "fit or estimate changed its input arrays"),
        ({"fit": globally_seeded_fit}, "global_generator", "NumPy's global generator was used or seeded"),
        ({"fit": globally_drawing_fit}, "global_generator", "NumPy's global generator was used or seeded"),
        ({"fit": double_precision_fit}, "single_precision", "TypeError: float64 only"),
        ({"estimate": in_bits}, "finite_estimate", "the estimate is in bits, not nats"),
        ({"estimate": lambda s, x, y: Estimate(mi=math.nan)}, "finite_estimate", "the estimate is nan"),
        ({"estimate": lambda s, x, y: Estimate(1.0, -0.1)}, "finite_estimate", "the standard error is -0.1"),
        ({"estimate": lambda s, x, y: 1.0}, "finite_estimate", "estimate returns a float, not an Estimate"),
        ({"estimate": lambda s, x, y: Estimate(mi=-s.mi)}, "right_sign", "rows with 0.83 nats give -0."),
        ({"estimate": lambda s, x, y: Estimate(mi=1.0)}, "independence", "independent rows give 1.000"),
        ({"has_curve": True}, "declared_extras", "has_curve is True, and the estimate differs"),
        ({"has_pointwise": True}, "declared_extras", "has_pointwise is True, and the estimate differs"),
        ({"fit": matching_precision_fit}, "mixed_precision", "TypeError: x and y differ in dtype"),
        ({"fit": noisy_in_single_precision_fit}, "single_precision", "float32 rows give 1.3"),
        ({"fit": legacy_generator_fit}, "any_seed", "ValueError: Seed must be between 0 and 2**32 - 1"),
        ({"fit": remembering_fit}, "fit_again", "a fresh estimator gave 0.8"),
        ({"fit": batching_fit}, "few_rows", "IndexError"),
        ({"fit": first_columns_fit}, "last_column", "0.83 nats give 0.8"),
        (
            {"conditional": True, "fit": deaf_to_z_fit, "estimate": deaf_to_z_estimate},
            "given",
            "rows moved by a variable that is given give 0.5",
        ),
        ({"fit": contiguous_fit}, "sorted_rows", "rows sorted by x give"),
        ({"fit": blockwise_fit}, "sorted_rows", "rows sorted by a latent give"),
        ({"fit": numbering_fit, "one_hot": False}, "permuted_labels", "rows of other labels give 0."),
        (
            {"fit": seeing_fit, "estimate": by_heart, "trains": False},
            "trains_nothing",
            "nats more than other rows",
        ),
        ({"estimate": infinite_where_few}, "few_rows", "the standard error is inf"),
        ({"max_dim_x": 0}, "declarations", "max_dim_x is 0, not a number above 0"),
        ({"min_rows": None}, "declarations", "min_rows is None, not a number above 0"),
        ({"fit": wide_x_fit}, "other_shapes", "IndexError: index 1 is out of bounds"),
        ({"fit": patching_fit}, "nan", "; raise DataError instead"),
        ({"fit": stubborn_fit}, "interruption", "fit swallows a KeyboardInterrupt"),
        ({"fit": half_interrupted_fit}, "interruption", "and one interrupted before 0.9"),
        ({"fit": cuda_fit}, "devices", "RuntimeError: invalid device ordinal"),
        (
            {"estimate": lambda s, x, y: Estimate(s.mi, diagnostics={"device": "cpu"})},
            "devices",
            "the diagnostics hold device, for which Estimate has fields",
        ),
        ({"estimate": claiming_estimate}, "devices", "said to come from the device 'cuda:99', which is missing"),
        ({"estimate": changing_estimate}, "estimate_again", "estimate gave 0.8"),
        ({"estimate": lambda s, x, y: Estimate(mi=s.mi / 2)}, "known_answer", "0.83 nats give 0.4"),
        ({"estimate": lambda s, x, y: Estimate(mi=s.mi + 0.4)}, "independence", "0.00 nats give 0.40"),
        ({"estimate": lambda s, x, y: Estimate(s.mi, diagnostics={"f": max})}, "json", "TypeError"),
        ({"Options": Window}, "options_in_json", "Out of range float values are not JSON compliant"),
        ({"restore": forgetful_restore}, "save_and_load", "before saving and 0.0 after loading"),
        (
            {"pointwise": lambda s, x, y: Pointwise(np.zeros(3), np.zeros(3))},
            "log_ratios",
            "have shapes {(3,)}, not (400",
        ),
        (
            {"pointwise": lambda s, x, y: Pointwise(x[:, 1], x[:, 1])},
            "log_ratios",
            "some errors are no standard errors",
        ),
        ({"pointwise": lambda s, x, y: Pointwise(x[:, 1], 0 * x[:, 1])}, "log_ratios", "have a correlation of"),
        ({"get_params": lambda s, deep=True: {"scale": 2.0}}, "params", "get_params() is not the run and all options"),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, Any], check: str, reason: str) -> None:
    found = failed(altered(**members))
    assert check in found
    assert reason in found[check]


def test_pointwise_values_must_be_one_a_row() -> None:
    wrong = altered(has_pointwise=True, estimate=lambda s, x, y: Estimate(mi=s.mi, pointwise=np.zeros(3)))
    assert failed(wrong) == {"declared_extras": "pointwise values have shape (3,), not (400,)"}


@pytest.mark.parametrize(
    ("bound", "shift", "wrong"),
    [
        ("lower", -0.5, set()),
        ("lower", 0.5, {"known_answer", "independence"}),
        ("upper", 0.5, set()),
        ("upper", -0.5, {"known_answer", "independence"}),
        ("none", -0.5, {"known_answer", "independence"}),
    ],
)
def test_a_bound_may_be_off_on_its_own_side_alone(bound: str, shift: float, wrong: set[str]) -> None:
    shifted = altered(bound=bound, estimate=lambda s, x, y: Estimate(mi=s.mi + shift))
    assert set(failed(shifted)) == wrong


def test_a_refusal_of_few_rows_or_a_device_is_an_answer() -> None:
    def choosy_fit(self: Any, x: Array, y: Array) -> Any:
        if self.run.device == "cuda:99" or (len(x) < 100 and self.run.device == "auto" and self.run.seed == 0):
            raise DataError("Give more rows, and no cuda:99.")
        return Honest.fit(self, x, y)

    assert not {"few_rows", "devices"} & set(failed(altered(fit=choosy_fit)))


def test_an_estimator_that_reports_no_progress_skips_the_interruption() -> None:
    def silent_fit(self: Any, x: Array, y: Array) -> Any:
        self.run = Run(seed=self.run.seed)
        return Honest.fit(self, x, y)

    assert inapplicable(altered(fit=silent_fit)) == {
        "interruption": "fit reports no progress, so there is no moment to interrupt it at",
        "given": "conditional is false",
        "trains_nothing": "it declares that fit trains",
    }


def test_counts_tell_how_many_ran() -> None:
    results = testing.run_checks(altered(has_curve=True), {"declared_extras": "soon"})
    assert testing.counts(results) == {"run": 31, "passed": 30, "failed": 0, "expected": 1, "does not apply": 2}


def test_every_check_says_what_must_hold() -> None:
    assert all(check.__doc__ for check in testing.CHECKS.values())


def test_accepting_unknown_options_fails() -> None:
    def init(self: Any, run: Any = None, **options: Any) -> None:
        Honest.__init__(self, run=run)

    assert failed(altered(__init__=init))["unknown_option"] == "an unknown option was accepted"


def test_an_estimator_that_cannot_be_saved_skips_that_check_alone() -> None:
    unsavable = altered(state=Estimator.state, restore=Estimator.restore)
    assert inapplicable(unsavable) == {
        "save_and_load": "it does not implement state() and restore()",
        "given": "conditional is false",
        "trains_nothing": "it declares that fit trains",
    }


def test_check_estimator_raises_with_every_reason() -> None:
    with pytest.raises(AssertionError, match=r"right_sign: rows with 0\.83 nats give -0\."):
        testing.check_estimator(altered(estimate=lambda s, x, y: Estimate(mi=-s.mi)))


def test_an_expected_failure_is_no_failure_but_an_unexpected_pass_is() -> None:
    expected = {"fit_returns_self": "an old habit"}
    (result,) = [r for r in testing.run_checks(Honest, expected) if r["check"] == "fit_returns_self"]
    assert result["status"] == "failed"
    assert result["reason"] == "it passes, and was expected to fail: an old habit"
    moody = altered(has_curve=True)
    (result,) = [r for r in testing.run_checks(moody, {"declared_extras": "soon"}) if r["check"] == "declared_extras"]
    assert result["status"] == "expected"
    assert result["reason"].startswith("soon (has_curve")


def test_an_expected_failure_must_name_a_check() -> None:
    with pytest.raises(OptionError, match="There is no check 'speed'; there are declarations, "):
        testing.check_estimator(Honest, {"speed": "slow"})


def test_options_reach_the_estimator() -> None:
    assert "scale" in failed(Honest, scale=-1.0)["finite_estimate"]


def test_the_sample_has_the_mi_it_is_said_to_have() -> None:
    x, y = testing.gaussian_rows(50_000, seed=0)
    rho = np.corrcoef(x[:, 0], y[:, 0])[0, 1]
    assert -0.5 * math.log(1 - rho**2) == pytest.approx(0.83, abs=0.02)
    assert abs(np.corrcoef(x[:, 1], y[:, 0])[0, 1]) < 0.02


# --- declared limits --------------------------------------------------------------------------------------------------
def test_an_estimator_of_single_columns_is_checked_on_single_columns() -> None:
    def single_fit(self: Any, x: Array, y: Array) -> Any:
        assert x.shape[1] == y.shape[1] == 1, "more columns than declared"
        return Honest.fit(self, x, y)

    single = altered(fit=single_fit, max_dim_x=1, max_dim_y=1)
    assert failed(single) == {}
    assert set(inapplicable(single)) == {"other_shapes", "last_column", "given", "trains_nothing"}


def test_one_limit_leaves_the_other_side_wide() -> None:
    widths = set()

    def narrow_fit(self: Any, x: Array, y: Array) -> Any:
        widths.add((x.shape[1], y.shape[1]))
        return Honest.fit(self, x, y)

    assert failed(altered(fit=narrow_fit, max_dim_x=1)) == {}
    assert {(1, 1), (1, 2), (1, 3), (1, 20)} <= widths


def test_an_undeclared_refusal_of_columns_is_a_failure() -> None:
    def choosy_fit(self: Any, x: Array, y: Array) -> Any:
        if x.shape[1] > 1:
            raise DataError("Give one column.")
        return Honest.fit(self, x, y)

    assert {"known_answer", "last_column"} <= set(failed(altered(fit=choosy_fit)))


def test_no_check_gives_fewer_rows_than_declared() -> None:
    def hungry_fit(self: Any, x: Array, y: Array) -> Any:
        assert len(x) >= 0.8 * 1_500
        return Honest.fit(self, x, y)

    hungry = altered(fit=hungry_fit, min_rows=1_500)
    assert failed(hungry) == {}


def test_an_estimator_without_categories_is_not_checked_on_labels() -> None:
    kinds = frozenset({"continuous"})
    told = inapplicable(altered(kinds=kinds))
    assert told["permuted_labels"] == "it declares to take no categories"
