"""The log ratios of evaluated rows: their places, their folds, and what trainings on halves say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fakes import GaussianMI

import mmg_registry as mmg
from mmg_registry.contracts import Array
from mmg_registry.errors import MMGWarning, OptionError, PluginError
from mmg_registry.estimation.by_row import joined_rows, smoothed
from mmg_registry.registry import unregister
from mmg_registry.results import Pointwise

RNG = np.random.default_rng(0)
X = RNG.standard_normal((400, 1))
Y = 0.8 * X + 0.6 * RNG.standard_normal((400, 1))


class Ratios(GaussianMI):
    """The fake with the log ratios of rows, each moved by `shift`."""

    name = "ratios-fake"
    shift = 0.0

    def pointwise(self, x: Array, y: Array) -> Pointwise:
        values = self._pointwise(x, y) + self.shift
        return Pointwise(values, np.full(len(values), 0.01))


@pytest.fixture(autouse=True)
def registered() -> Any:
    mmg.register(Ratios)
    yield
    unregister("ratios-fake")


def found(x: Any = X, y: Any = Y, **choices: Any) -> Pointwise:
    with pytest.warns(MMGWarning, match="A warning of the fake"):
        by_row = mmg.estimate(x, y, plugin="ratios-fake", pointwise=True, **choices).by_row
    assert by_row is not None
    return by_row


def test_each_evaluated_row_has_its_place_and_value() -> None:
    values = found(seed=3)
    assert len(values) == 80
    kept = np.delete(np.arange(400), values.rows)
    fitted = Ratios().fit(X[kept], Y[kept])
    np.testing.assert_allclose(values.values, fitted.pointwise(X[values.rows], Y[values.rows]).values)
    assert values.folds is None


def test_cross_fitting_gives_every_row_and_its_fold() -> None:
    values = found(cross_fit=4)
    assert values.rows.tolist() == list(range(400))
    assert np.bincount(values.folds).tolist() == [100] * 4
    assert len(values.training) == 400


def test_places_are_those_of_the_file_whatever_is_left_out(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": X[:, 0], "b": Y[:, 0], "k": np.arange(400)})
    table.loc[[5, 300], "a"] = np.nan
    table.to_csv(tmp_path / "t.csv", index=False)
    pair = mmg.read(tmp_path / "t.csv", x="a", y="b", where="k >= 100")
    with pytest.warns(MMGWarning):
        values = mmg.estimate(pair, plugin="ratios-fake", pointwise=True, cross_fit=2, drop_nan=True).by_row
    assert values is not None
    assert values.rows.tolist() == [row for row in range(100, 400) if row != 300]


def test_halves_tell_what_other_rows_would_have_taught() -> None:
    few, many = (found(X[:n], Y[:n], x_eval=X[300:], y_eval=Y[300:]) for n in (40, 300))
    truth = 0.5 * (Y[300:, 0] ** 2 - (Y[300:, 0] - 0.8 * X[300:, 0]) ** 2 / 0.36) - 0.5 * np.log(0.36)
    off = float(np.sqrt(np.mean((few.values - truth) ** 2)))
    assert 0.4 < float(np.sqrt(np.mean(few.training**2))) / off < 2.5
    assert few.training.mean() > 1.5 * many.training.mean()
    assert (few.std_errors > few.training).all()


def test_too_few_rows_for_halves_are_told() -> None:
    with pytest.warns(MMGWarning, match="hold the noise of draws alone"):
        values = mmg.estimate(X[:14], Y[:14], plugin="ratios-fake", pointwise=True).by_row
    assert values is not None
    assert values.training is None


def test_values_whose_mean_is_elsewhere_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ratios, "shift", 1.0)
    with pytest.warns(MMGWarning, match=r"average to 1\.\d+ nats where the estimate is 0"):
        mmg.estimate(X, Y, plugin="ratios-fake", pointwise=True)


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"plugin": "infonce"}, "'infonce' has no log-density ratio of single rows"),
        ({"plugin": "ksg", "extrapolate": 3}, "leave pointwise or extrapolate out"),
        ({"plugin": "doe", "given": X[:, :1] ** 2}, "of 'doe' are of x and y alone"),
    ],
)
def test_what_has_no_such_values_is_refused(choices: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        mmg.estimate(X, Y, pointwise=True, **choices)


def test_values_that_are_no_numbers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ratios, "shift", np.nan)
    with pytest.raises(PluginError, match="no pointwise value for some rows"):
        mmg.estimate(X, Y, plugin="ratios-fake", pointwise=True)


def test_squares_are_averaged_over_rows_of_like_values() -> None:
    values, squares = np.arange(200.0)[::-1], np.repeat([4.0, 0.0], 100)
    np.testing.assert_array_equal(smoothed(values, squares), squares)
    assert smoothed(values[:75], squares[50:125]).tolist() == [pytest.approx(4 * 50 / 75)] * 75


def test_a_fold_without_values_leaves_none() -> None:
    assert joined_rows([Pointwise(np.zeros(2), np.zeros(2), rows=np.arange(2)), None]) is None
