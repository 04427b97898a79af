"""Pointwise values of new rows, from fitted and from saved estimators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmg_registry as mmg
from mmg_registry.errors import DataError, OptionError

RNG = np.random.default_rng(1)
X = RNG.standard_normal((600, 1))
Y = 0.8 * X + 0.6 * RNG.standard_normal((600, 1))


@pytest.fixture(scope="module")
def fitted() -> Any:
    return mmg.load_plugin("mmg")(run=mmg.Run(threads=1), steps=40, repeats=64).fit(X[:500], Y[:500])


def truth(x: Any, y: Any) -> Any:
    return 0.5 * (y[:, 0] ** 2 - (y[:, 0] - 0.8 * x[:, 0]) ** 2 / 0.36) - 0.5 * np.log(0.36)


def test_new_rows_true_pairs_or_not_have_their_log_ratio(fitted: Any) -> None:
    for y in (Y[500:], Y[500:][::-1]):
        found = mmg.pmi(fitted, X[500:], y)
        assert np.corrcoef(found.values, truth(X[500:], y))[0, 1] > 0.95
        assert found.errors.max() < 1.0
    assert mmg.pmi(fitted, X[500:], Y[500:][::-1]).values.mean() < -0.5  # nats: shuffled pairs


def test_a_saved_estimator_gives_the_same_bits(fitted: Any, tmp_path: Path) -> None:
    mmg.save(fitted, tmp_path / "saved")
    again = mmg.pmi(tmp_path / "saved", X[500:], Y[500:])
    np.testing.assert_array_equal(again.values, mmg.pmi(fitted, X[500:], Y[500:]).values)


def test_a_single_row_is_enough_for_a_denoiser(fitted: Any) -> None:
    assert len(mmg.pmi(fitted, [[0.5]], [[0.4]])) == 1


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        ([0.1, np.nan], [0.2, 0.3], "1 of 2 rows of x hold NaN"),
        ([0.1, 0.2], ["a", "b"], "a column of y holds labels"),
        ([[0.1, 0.2]], [0.3], "x has shape"),
        (np.empty((0, 1)), np.empty((0, 1)), "no rows"),
    ],
)
def test_rows_that_were_not_fitted_are_refused(fitted: Any, x: Any, y: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        mmg.pmi(fitted, x, y)


def test_what_cannot_be_asked_is_refused(fitted: Any, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="set_params"):
        mmg.pmi(fitted, X, Y, draws=9)
    with pytest.raises(OptionError, match="not fitted"):
        mmg.pmi(mmg.load_plugin("doe")(), X, Y)
    with pytest.raises(DataError, match="no folder"):
        mmg.pmi(tmp_path / "nothing", X, Y)


def test_what_is_given_is_given_to_those_that_were_fitted_with_it() -> None:
    z = RNG.standard_normal((600, 1))
    x, y = X + z, Y + z
    fitted = mmg.load_plugin("gaussian")(run=mmg.Run(threads=1)).fit(x, y, z)
    found = mmg.pmi(fitted, x, y, given=z)
    assert np.corrcoef(found.values, truth(X, Y))[0, 1] > 0.98
    with pytest.raises(OptionError, match="conditional estimators alone"):
        mmg.pmi(mmg.load_plugin("doe")(), x, y, given=z)
