"""From data to an estimate: splits, seeds, cross-fitting, provenance, and plugins that misbehave."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fakes import GaussianMI, gaussian_pair
from series import autoregressive
from sklearn.model_selection import KFold

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.contracts import Array, Progress
from mmg_registry.data import as_pair
from mmg_registry.errors import DataError, MMGError, OptionError, PluginError
from mmg_registry.estimation.run import run
from mmg_registry.provenance import data_sha256
from mmg_registry.request import Request
from mmg_registry.results import Estimate

TRUE = -0.5 * math.log(1 - 0.8**2)
X, Y = gaussian_pair(2_000)


@pytest.fixture(autouse=True)
def fake() -> type[GaussianMI]:
    """The Gaussian estimator, which keeps the estimators it made."""

    class Kept(GaussianMI):
        made: list[Kept] = []  # noqa: RUF012 - one list for all instances is the point

        def fit(self, x: Array, y: Array) -> Kept:
            self.made.append(self)
            super().fit(x, y)
            return self

    registry.register(Kept)
    return Kept


def request(**choices: Any) -> Request:
    return Request(**{"plugin": "gaussian-fake", **choices})


def misbehaving(result: Callable[[], Any]) -> Request:
    class Bad(GaussianMI):
        name = "bad-fake"

        def estimate(self, x: Array, y: Array) -> Estimate:
            return result()

    registry.register(Bad)
    return request(plugin="bad-fake")


def test_the_estimate_and_its_provenance() -> None:
    found = mmg.estimate(X, Y, plugin="gaussian-fake", seed=4, threads=1, ridge=0.001)
    assert found.mi == pytest.approx(TRUE, abs=5 * found.std_error)
    known = found.provenance
    assert known["plugin"] == {"name": "gaussian-fake", "version": "", "distribution": "in-process"}
    assert known["options"] == {"ridge": 0.001}
    assert [known[key] for key in ("seed", "n_train", "n_eval", "dim_x", "dim_y")] == [4, 1_600, 400, 1, 1]
    assert found.device == "cpu"
    assert found.backend["kind"] == "numpy"
    assert found.backend["threads"] == 1
    assert not {"device", "backend"} & {*known, *found.diagnostics}
    assert known["seconds"]["total"] >= known["seconds"]["fit"] + known["seconds"]["estimate"] > 0
    assert {"mmg-registry", "python", "numpy"} <= set(known["versions"])
    assert known["data_sha256"] == data_sha256(X, Y)
    assert found.warnings == ["A warning of the fake."]


def test_the_seed_decides_the_split() -> None:
    runs = [mmg.estimate(X, Y, plugin="gaussian-fake", seed=seed).mi for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_no_row_is_both_fitted_and_evaluated() -> None:
    class Watching(GaussianMI):
        name = "watching-fake"

        def estimate(self, x: Array, y: Array) -> Estimate:
            assert not np.isin(x, self.seen[0]).any()
            assert len(x) + len(self.seen[0]) == len(X)
            return super().estimate(x, y)

    registry.register(Watching)
    for choices in ({}, {"eval_fraction": 0.5}, {"cross_fit": 4}):
        assert mmg.estimate(X, Y, plugin="watching-fake", **choices).mi > 0


def test_given_evaluation_rows_are_the_only_ones(fake: Any) -> None:
    found = mmg.estimate(X, Y, x_eval=X[:50] + 1, y_eval=Y[:50] + 1, plugin="gaussian-fake")
    assert (found.provenance["n_train"], found.provenance["n_eval"]) == (2_000, 50)
    np.testing.assert_array_equal(fake.made[0].seen[0], X)
    assert "Only 50 rows evaluate the estimate" in " ".join(found.warnings)
    assert found.provenance["data_sha256"] != data_sha256(X, Y)


def test_evaluation_rows_among_the_fitting_rows() -> None:
    with pytest.raises(DataError, match="All evaluation rows of x_eval and y_eval are also fitting rows"):
        mmg.estimate(X, Y, x_eval=X[:200], y_eval=Y[:200], plugin="gaussian-fake")
    half = np.concatenate([X[:100], X[:100] + 0.001]), np.concatenate([Y[:100], Y[:100]])
    found = mmg.estimate(X, Y, x_eval=half[0], y_eval=half[1], plugin="gaussian-fake")
    assert "50% of the evaluation rows are also fitting rows, so the estimate may be too high." in found.warnings


def test_columns_dropped_from_the_fitting_rows_are_dropped_from_the_others(fake: Any) -> None:
    wide = np.column_stack([np.ones(len(X)), X, 2 * X])
    found = mmg.estimate(wide, Y, x_eval=wide[:300] + 0.5, y_eval=Y[:300], plugin="gaussian-fake")
    assert fake.made[0].seen[0].shape == (2_000, 1)
    assert found.provenance["dim_x"] == 3
    with pytest.raises(DataError, match="have 1 column of x where the fitting rows have 3"):
        mmg.estimate(wide, Y, x_eval=X[:50], y_eval=Y[:50], plugin="gaussian-fake")


def test_cross_fitting_uses_every_row_and_gives_them_back_in_order(fake: Any) -> None:
    outcome = run(as_pair(X, Y), request(cross_fit=5, seed=3))
    found = outcome.estimate
    assert outcome.estimator is None
    assert (found.provenance["n_train"], found.provenance["n_eval"]) == (2_000, 2_000)
    assert found.pointwise is not None
    assert found.mi == pytest.approx(float(found.pointwise.mean()))
    assert np.corrcoef(found.pointwise, run(as_pair(X, Y), request()).estimator._pointwise(X, Y))[0, 1] > 0.99
    seeds = [each.run.seed for each in fake.made[:5]]
    assert len(set(seeds)) == 5
    assert found.std_error == pytest.approx(found.pointwise.std() / math.sqrt(2_000), rel=0.05)
    assert found.mi == run(as_pair(X, Y), request(cross_fit=5, seed=3)).estimate.mi


def test_cross_fitting_shares_time_and_progress(fake: Any) -> None:
    reports: list[Progress] = []
    run(as_pair(X, Y), request(cross_fit=2, max_seconds=10, progress=reports.append))
    assert [report.fraction for report in reports] == [0.25, 0.75]
    assert reports[1].stage == "fold 2 of 2, training"
    assert all(0.5 <= each.run.max_seconds <= 5.0 for each in fake.made)  # half of what the checks of the data leave


def test_contradictory_and_impossible_cross_fitting() -> None:
    with pytest.raises(OptionError, match="either evaluation rows or cross_fit"):
        run(as_pair(X, Y), request(cross_fit=2), as_pair(X + 1, Y))
    with pytest.raises(OptionError, match="either evaluation rows or cv"):
        run(as_pair(X, Y), request(cv=KFold(2)), as_pair(X + 1, Y))
    with pytest.raises(OptionError, match="'cross_fit' and 'cv' exclude one another"):
        run(as_pair(X, Y), request(cv=KFold(2), cross_fit=2))
    with pytest.raises(OptionError, match="'cross_fit' is 30, too many folds for 40 rows"):
        run(as_pair(X[:40], Y[:40]), request(cross_fit=30))


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"seed": -1}, "'seed' is -1 and must be a whole number"),
        ({"seed": 1.5}, "'seed'"),
        ({"threads": 0}, "'threads' is 0 and must be a whole number from 1 to 1024"),
        ({"device": "tpu"}, "'device' is 'tpu' and must be auto, cpu, cuda or cuda:N"),
        ({"max_seconds": 0}, "'max_seconds'"),
        ({"unit": "bans"}, "'unit' is 'bans' and must be nats or bits"),
        ({"ci_level": 95}, "'ci_level' is 95 and must be between 0 and 1"),
        ({"cross_fit": 1}, "'cross_fit' is 1 and must be a whole number from 2"),
        ({"eval_fraction": 1.0}, "'eval_fraction'"),
        ({"ridg": 0.5}, "no option 'ridg'; the nearest is 'ridge'"),
        ({"sede": 3}, "no option 'sede'; the nearest is 'seed'"),
        ({"ridge": 2}, "The option 'ridge' of 'gaussian-fake' is refused"),
    ],
)
def test_options_out_of_range_are_refused_before_any_work(fake: Any, choice: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError) as caught:
        mmg.estimate(X, Y, **{"plugin": "gaussian-fake", **choice})
    assert told in str(caught.value)
    assert not fake.made


def test_options_may_come_as_a_mapping_too() -> None:
    found = mmg.estimate(X, Y, plugin="gaussian-fake", options={"ridge": 0.25})
    assert found.provenance["options"] == {"ridge": 0.25}


def test_units_and_level() -> None:
    nats = mmg.estimate(X, Y, plugin="gaussian-fake")
    bits = mmg.estimate(X, Y, plugin="gaussian-fake", unit="bits", ci_level=0.5)
    assert bits.mi == pytest.approx(nats.mi / math.log(2))
    assert bits.ci[1] - bits.ci[0] == pytest.approx(2 * 0.6745 * bits.std_error, rel=1e-3)


def test_a_plugin_that_answers_in_bits_is_converted() -> None:
    found = run(as_pair(X, Y), misbehaving(lambda: Estimate(1.0, 0.1, unit="bits"))).estimate
    assert (found.mi, found.unit) == (pytest.approx(math.log(2)), "nats")


def fail() -> Any:
    raise ZeroDivisionError("by zero")


def exhaust() -> Any:
    raise MemoryError


@pytest.mark.parametrize(
    ("result", "kind", "told"),
    [
        (lambda: Estimate(math.nan, 0.1), MMGError, "'bad-fake' returned nan, so there is no estimate"),
        (lambda: Estimate(math.inf, 0.1), MMGError, "'bad-fake' returned inf"),
        (lambda: Estimate(1.0, math.nan), MMGError, "returned nan as standard error"),
        (lambda: Estimate(1.0, -0.1), MMGError, "returned -0.1 as standard error"),
        (lambda: 1.0, PluginError, "'bad-fake' returned float, not an Estimate"),
        (fail, MMGError, "'bad-fake' failed (ZeroDivisionError: by zero)"),
        (exhaust, MMGError, "'bad-fake' ran out of memory"),
    ],
)
def test_a_wrong_result_is_an_error_and_never_a_number(result: Any, kind: type[MMGError], told: str) -> None:
    with pytest.raises(kind) as caught:
        run(as_pair(X, Y), misbehaving(result))
    assert told in str(caught.value)


def test_ctrl_c_passes_through() -> None:
    def interrupt() -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(as_pair(X, Y), misbehaving(interrupt))


@pytest.mark.parametrize(
    ("error", "told"), [(0.02, "within its error it is 0"), (0.001, "biased on these data"), (None, "biased")]
)
def test_a_negative_estimate_is_commented(error: float | None, told: str) -> None:
    found = run(as_pair(X, Y), misbehaving(lambda: Estimate(-0.01, error))).estimate
    assert [told in warning for warning in found.warnings] == [True]


def test_a_constant_variable_is_exactly_zero_without_fitting(fake: Any) -> None:
    outcome = run(as_pair(np.ones(500), Y[:500]), request())
    assert (outcome.estimate.mi, outcome.estimate.status, outcome.estimate.ci) == (0.0, "exact", (0.0, 0.0))
    assert outcome.estimate.warnings == [
        "All columns of x are constant, so MI is 0 by definition; nothing was estimated."
    ]
    assert outcome.estimator is None
    assert not fake.made


def test_a_shared_column_is_infinite_without_fitting(fake: Any) -> None:
    found = run(as_pair(X, X * 3 - 1), request(unit="bits")).estimate
    assert (found.mi, found.status, found.std_error) == (math.inf, "infinite", None)
    assert "so MI is infinite" in found.warnings[0]
    assert not fake.made


def test_dropped_rows_are_said() -> None:
    x = X.copy()
    x[3] = np.nan
    with pytest.raises(DataError, match="1 row of 2000 holds NaN"):
        run(as_pair(x, Y), request())
    found = run(as_pair(x, Y), request(drop_nan=True)).estimate
    assert found.provenance["n_train"] + found.provenance["n_eval"] == 1_999
    assert found.warnings[0].startswith("1 row of 2000 dropped for NaN or infinity")


def test_the_callers_arrays_are_left_alone() -> None:
    x, y = X.copy(), Y.copy()
    mmg.estimate(x, y, plugin="gaussian-fake")
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


# --- Rows that belong together --------------------------------------------------------------------------------------


def test_an_estimator_is_told_which_rows_belong_together(fake: Any) -> None:
    found = run(as_pair(X, Y), request(groups=np.arange(2_000) // 20)).estimate
    assert found.provenance["rows"]["split_by"] == "groups"
    assert found.provenance["rows"]["units"] == 100
    assert len(np.unique(fake.made[0].groups)) == 80
    assert (len(fake.made[0].groups), found.provenance["n_train"], found.provenance["n_eval"]) == (1_600, 1_600, 400)
    run(as_pair(X, Y), request())
    assert fake.made[1].groups is None


def test_copies_are_on_one_side_and_count_once(fake: Any) -> None:
    once = run(as_pair(X[:500], Y[:500]), request()).estimate
    found = run(as_pair(np.tile(X[:500], (4, 1)), np.tile(Y[:500], (4, 1))), request()).estimate
    assert found.provenance["rows"]["split_by"] == "copies"
    assert found.std_error == pytest.approx(once.std_error, rel=0.25)
    fitted = fake.made[1].seen[0][:, 0]
    assert np.all(np.unique(fitted, return_counts=True)[1] == 4)


def test_copies_are_evaluated_once_where_nothing_is_trained() -> None:
    once = run(as_pair(X[:300], Y[:300]), request(plugin="gaussian")).estimate
    found = run(
        as_pair(np.repeat(X[:300], 2, axis=0), np.repeat(Y[:300], 2, axis=0)), request(plugin="gaussian")
    ).estimate
    assert (found.mi, found.std_error, found.provenance["n_eval"]) == (once.mi, once.std_error, 300)
    assert "300 of 600 rows are exact copies" in found.warnings[0]


def test_blocks_of_a_series_are_kept_apart(fake: Any) -> None:
    x, y = (autoregressive(0.9, 2_000, np.random.default_rng(seed)) for seed in (1, 2))
    found = run(as_pair(x, y), request()).estimate
    rows = found.provenance["rows"]
    assert rows["split_by"] == "blocks"
    assert rows["effective"] < found.provenance["n_eval"] / 2
    assert found.provenance["n_train"] + found.provenance["n_eval"] < 2_000  # the gaps
    assert "The order of the rows matters" in found.warnings[0]
    plain = run(as_pair(x, y), request(blocks="none")).estimate
    assert (plain.provenance["n_train"], plain.provenance["n_eval"]) == (1_600, 400)
    assert plain.std_error < found.std_error
    own = run(as_pair(x, y), request(blocks=100)).estimate
    assert own.provenance["rows"]["units"] == 20


@pytest.mark.parametrize("plugin", ["gaussian", "ksg"])
def test_two_series_without_dependence_are_not_found_dependent(plugin: str) -> None:
    x, y = (autoregressive(0.98, 1_000, np.random.default_rng(seed)) for seed in (5, 6))
    plain, found = (run(as_pair(x, y), request(plugin=plugin, blocks=blocks)).estimate for blocks in ("none", "auto"))
    assert plain.ci[0] > 0
    assert found.ci[0] == 0 < found.ci[1]
    assert found.diagnostics["by_chance"]["mean"] > 0
    uncut = found.diagnostics.get("raw", {"mi": found.mi})["mi"]
    assert found.pointwise.mean() == pytest.approx(uncut)


def test_two_series_with_dependence_are_found_dependent() -> None:
    x, noise = (autoregressive(0.9, 3_000, np.random.default_rng(seed)) for seed in (5, 6))
    found = run(as_pair(x, 0.6 * x + 0.8 * noise), request(plugin="gaussian")).estimate
    assert 0 < found.ci[0] < -0.5 * math.log(1 - 0.36) < found.ci[1] < 0.4


def test_evaluation_rows_that_are_a_series_widen_the_error() -> None:
    x, y = (autoregressive(0.9, 500, np.random.default_rng(seed)) for seed in (7, 8))
    plain, found = (run(as_pair(X, Y), request(blocks=blocks), as_pair(x, y)).estimate for blocks in ("none", "auto"))
    assert found.mi == plain.mi
    assert found.std_error > 1.5 * plain.std_error


def test_a_splitter_splits(fake: Any) -> None:
    found = run(as_pair(X, Y), request(cv=KFold(4))).estimate
    assert (len(fake.made), found.provenance["n_eval"]) == (4, 2_000)
    assert found.provenance["rows"]["cv"].startswith("KFold(n_splits=4")
    np.testing.assert_array_equal(fake.made[0].seen[0], X[500:])


def test_groups_may_be_a_column_of_a_frame() -> None:
    frame = pd.DataFrame({"x": X[:200, 0], "who": np.repeat(list("abcdefghij"), 20)})
    found = mmg.estimate(frame, Y[:200], plugin="gaussian-fake", groups="who")
    assert (found.provenance["dim_x"], found.provenance["rows"]["units"]) == (1, 10)
    with pytest.raises(OptionError, match="groups='whom' names no column of a frame"):
        mmg.estimate(frame, Y[:200], plugin="gaussian-fake", groups="whom")


def test_every_fit_is_there_with_the_rows_that_it_evaluated() -> None:
    folded = run(as_pair(X, Y), Request(plugin="gaussian-fake", cross_fit=3))
    assert folded.estimator is None
    assert np.allclose(np.sort(np.concatenate([fit.rows.x for fit in folded.fits]), axis=0), np.sort(X, axis=0))
    assert len({id(fit.estimator) for fit in folded.fits}) == 3
    (split,) = run(as_pair(X, Y), Request(plugin="gaussian-fake")).fits
    assert len(split.rows) == 400
