"""Extrapolation over parts of the rows: the line, its error and flag, parts that are refused, and what excludes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np
import pytest
from fakes import GaussianMI, gaussian_pair

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.contracts import Array, Estimator
from mmg_registry.data import as_pair
from mmg_registry.errors import DataError, OptionError
from mmg_registry.estimation.run import run
from mmg_registry.request import Request, request_of_part
from mmg_registry.results import Estimate

N = 600


class Biased(Estimator):
    """One nat, more or less by a function of the number of rows, and a little noise of the rows themselves."""

    name = "biased-fake"
    summary = "One nat and a bias."
    reference = "None."
    trains: ClassVar[bool] = False
    bias: ClassVar[Callable[[int], float]]
    calls: ClassVar[list[tuple[int, float | None]]] = []

    def fit(self, x: Array, y: Array) -> Biased:
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        type(self).calls.append((len(x), self.run.max_seconds))
        values = 1.0 + 0.1 * x[:, 0] + type(self).bias(len(x))
        return Estimate(mi=float(values.mean()), std_error=0.1 / len(x) ** 0.5, pointwise=values)


class Picky(Biased):
    """Refuses fewer than a third of the rows, on its own terms."""

    name = "picky-fake"

    def estimate(self, x: Array, y: Array) -> Estimate:
        if len(x) < N / 3:
            raise DataError(f"It needs more than {len(x)} rows.")
        return super().estimate(x, y)


@pytest.fixture(autouse=True)
def fakes() -> Iterator[None]:
    Biased.calls.clear()
    for cls in (Biased, Picky, GaussianMI):
        registry.register(cls)
    yield
    for cls in (Biased, Picky, GaussianMI):
        registry.unregister(cls.name)


def found(bias: Callable[[int], float], plugin: str = "biased-fake", **choices: object) -> Estimate:
    Biased.bias = staticmethod(bias)
    request = Request(plugin=plugin, threads=1, **{"extrapolate": 5, **choices})
    return run(as_pair(*gaussian_pair(N, 0.5)), request).estimate


def test_a_bias_of_one_over_the_rows_goes_away() -> None:
    estimate = found(lambda n: 30 / n)
    words = estimate.diagnostics["extrapolation"]
    assert words["all_rows"] == pytest.approx(words["values"][0][0])
    assert words["slope"] == pytest.approx(0.05, abs=0.002)
    assert estimate.mi == pytest.approx(words["all_rows"] - 0.05, abs=0.002)
    assert estimate.pointwise is not None
    assert estimate.pointwise.mean() == pytest.approx(estimate.mi)
    assert [len(some) for some in words["values"]] == [1, 2, 3, 4, 5]
    assert not any("line" in text for text in estimate.warnings)


def test_without_a_bias_the_error_is_that_of_the_rows() -> None:
    estimate = found(lambda n: 0.0)
    assert estimate.std_error == pytest.approx(0.1 / N**0.5, rel=0.6)
    assert estimate.std_error >= 0.1 / N**0.5
    assert not estimate.warnings


def test_what_is_no_line_is_warned_of_and_widens_the_error() -> None:
    estimate = found(lambda n: -3 / n**0.5)
    bend = estimate.diagnostics["extrapolation"]["bend"]
    assert estimate.std_error >= abs(bend) > 0.005
    assert any("do not lie on a line" in text for text in estimate.warnings)
    assert any("still changes with the rows" in text for text in estimate.warnings)


def test_parts_that_are_refused_are_left_out_and_told() -> None:
    estimate = found(lambda n: 30 / n, "picky-fake")
    assert [len(some) for some in estimate.diagnostics["extrapolation"]["values"]] == [1, 2, 3]
    assert any("1 to 3 parts of the rows, not 5" in text and "needs more than" in text for text in estimate.warnings)


def test_fewer_than_three_sizes_are_no_line() -> None:
    Picky.bias = staticmethod(lambda n: 0.0)
    with pytest.raises(DataError, match=r"2 parts give none \(It needs more than 150 rows\); leave it out"):
        run(as_pair(*gaussian_pair(N // 2, 0.5)), Request(plugin="picky-fake", threads=1, extrapolate=5))


def test_parts_share_the_time_and_the_progress() -> None:
    found(lambda n: 0.0, max_seconds=30.0)
    (whole,) = {seconds for rows, seconds in Biased.calls if rows == N}
    assert 0.6 <= whole <= 6.0  # a fifth of what the checks of the data leave
    assert all(seconds == pytest.approx(whole / 5) for rows, seconds in Biased.calls if rows == N // 5)
    told: list[mmg.Progress] = []
    request = Request(extrapolate=3, progress=told.append)
    request_of_part(request, 1, 3).progress(mmg.Progress(0.5))  # the fifth of six estimates
    assert (told[0].fraction, told[0].stage) == (4.5 / 6, "part 5 of 6, training")


def test_groups_stay_in_one_part_and_folds_work_on_parts() -> None:
    x, y = gaussian_pair(N, 0.8)
    groups = np.repeat(np.arange(60), 10)
    request = Request(plugin="gaussian-fake", threads=1, extrapolate=3, cross_fit=2, groups=groups)
    estimate = run(as_pair(x, y), request).estimate
    assert estimate.mi == pytest.approx(0.51, abs=0.1)
    assert estimate.provenance["n_eval"] == N


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [({"extrapolate": 2}, "from 3 to 10"), ({"extrapolate": 4, "cv": object()}, "use cross_fit=K with it")],
)
def test_contradictions_are_refused(choices: dict[str, object], sentence: str) -> None:
    x, y = gaussian_pair(N, 0.5)
    with pytest.raises(OptionError, match=sentence):
        mmg.estimate(x, y, plugin="biased-fake", **choices)


def test_evaluation_rows_are_refused() -> None:
    x, y = gaussian_pair(N, 0.5)
    with pytest.raises(OptionError, match="either evaluation rows or extrapolate"):
        mmg.estimate(x, y, x_eval=x, y_eval=y, plugin="biased-fake", extrapolate=4)
