"""Standard errors for estimators that give none: right in size, told, declined on request, and never in the way."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import pytest
from fakes import GaussianMI, gaussian_pair

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.contracts import Array, Estimator
from mmg_registry.data import as_pair
from mmg_registry.estimation.run import run
from mmg_registry.estimation.subsampling import TOO_FEW, UNSTEADY, spread
from mmg_registry.request import Request
from mmg_registry.results import Estimate


class ClosedForm(Estimator):
    name = "closed-fake"
    summary = "Gaussian MI from the correlation, without a standard error."
    reference = "Gelfand and Yaglom, 1957."
    trains: ClassVar[bool] = False
    calls: ClassVar[list[int]] = []

    def fit(self, x: Array, y: Array) -> ClosedForm:
        self.rows = len(x)
        self.run.report(mmg.Progress(1.0))
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        assert len(x) == self.rows, "what trains nothing is fitted to the rows that it evaluates"
        self.calls.append(len(x))
        return Estimate(mi=float(-0.5 * np.log1p(-(np.corrcoef(x[:, 0], y[:, 0])[0, 1] ** 2))))


class Trained(GaussianMI):
    """Fitted once; its estimates have neither a standard error nor values of single rows."""

    name = "trained-fake"
    has_pointwise = False
    fits: ClassVar[list[int]] = []

    def fit(self, x: Array, y: Array) -> Trained:
        self.fits.append(len(x))
        super().fit(x, y)
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        return Estimate(mi=float(self._pointwise(x, y).mean()))


@pytest.fixture(autouse=True)
def fakes() -> None:
    ClosedForm.calls.clear()
    Trained.fits.clear()
    for cls in (ClosedForm, Trained):
        registry.register(cls)


def estimate(plugin: str, n: int = 1_000, **choices: Any) -> Estimate:
    return mmg.estimate(*gaussian_pair(n), plugin=plugin, **choices)


def test_the_spread_of_means_is_the_error_of_the_mean() -> None:
    found = []
    for seed in range(50):
        rows = np.random.default_rng(seed).standard_normal(400)
        found.append(spread(lambda n, rows=rows: [part.mean() for part in np.array_split(rows, n)], 10))
    assert np.mean(found) == pytest.approx(1 / math.sqrt(400), rel=0.05)


def test_what_trains_nothing_is_repeated_on_parts_of_all_rows() -> None:
    found = estimate("closed-fake")
    assert found.std_error == pytest.approx(0.8 / math.sqrt(1_000), rel=0.5)  # delta method: rho / sqrt(n)
    assert found.ci is not None
    assert found.diagnostics["std_error"] == "of the registry, from 2 to 10 disjoint parts of the rows"
    assert ClosedForm.calls[0] == 1_000
    assert sum(ClosedForm.calls[1:]) == 9 * 1_000
    assert min(ClosedForm.calls) == 100
    assert estimate("closed-fake").std_error == found.std_error != estimate("closed-fake", seed=1).std_error


def test_parts_report_no_progress() -> None:
    reports: list[mmg.Progress] = []
    estimate("closed-fake", progress=reports.append)
    assert len(reports) == 1


def test_what_is_trained_is_not_trained_again() -> None:
    found = estimate("trained-fake")
    assert Trained.fits == [800]
    assert found.diagnostics["std_error"] == "of the registry, from 2 to 10 disjoint parts of the evaluation rows"
    values = GaussianMI().fit(*gaussian_pair())._pointwise(*gaussian_pair(200, seed=9))
    assert found.std_error == pytest.approx(values.std() / math.sqrt(200), rel=0.5)


def test_values_of_single_rows_serve_where_there_are_some() -> None:
    class Pointwise(Trained):
        name = "pointwise-fake"
        has_pointwise = True

        def estimate(self, x: Array, y: Array) -> Estimate:
            values = self._pointwise(x, y)
            return Estimate(mi=float(values.mean()), pointwise=values)

    registry.register(Pointwise)
    found = estimate("pointwise-fake")
    assert found.pointwise is not None
    assert found.std_error == pytest.approx(float(np.std(found.pointwise, ddof=1)) / math.sqrt(200))
    assert found.diagnostics["std_error"] == "of the registry, from the values of the evaluation rows"
    folds = estimate("pointwise-fake", cross_fit=4)
    assert folds.std_error == pytest.approx(float(np.std(folds.pointwise, ddof=1)) / math.sqrt(1_000), rel=0.01)


def test_an_estimator_may_decline() -> None:
    class Declining(ClosedForm):
        name = "declining-fake"
        declines_error: ClassVar[bool] = True

    registry.register(Declining)
    found = estimate("declining-fake")
    assert (found.std_error, found.ci, "std_error" in found.diagnostics) == (None, None, False)
    assert ClosedForm.calls == [1_000]


def test_an_error_of_its_own_is_kept() -> None:
    registry.register(GaussianMI)
    assert "std_error" not in estimate("gaussian-fake").diagnostics


def test_parts_have_the_fewest_rows_that_the_estimator_takes() -> None:
    class Hungry(ClosedForm):
        name = "hungry-fake"
        min_rows: ClassVar[int] = 300

    registry.register(Hungry)
    assert estimate("hungry-fake").diagnostics["std_error"].endswith("from 2 to 3 disjoint parts of the rows")
    assert min(ClosedForm.calls) == 333
    alone = estimate("hungry-fake", n=500)
    assert alone.std_error is None
    assert TOO_FEW in alone.warnings


@pytest.mark.parametrize("answer", [math.nan, None])
def test_an_estimator_that_fails_on_parts_still_answers(answer: float | None) -> None:
    class Fragile(ClosedForm):
        name = "fragile-fake"

        def estimate(self, x: Array, y: Array) -> Estimate:
            if len(x) == 1_000:
                return Estimate(mi=0.5)
            if answer is None:
                raise ValueError("too few rows")
            return Estimate(mi=answer)

    registry.register(Fragile)
    found = estimate("fragile-fake")
    assert (found.mi, found.std_error) == (0.5, None)
    assert UNSTEADY in found.warnings


def test_the_fitted_estimator_is_left_as_it_was() -> None:
    estimator = run(as_pair(*gaussian_pair(1_000)), Request(plugin="closed-fake")).estimator
    assert isinstance(estimator, ClosedForm)
    assert estimator.rows == 1_000
