"""What is predicted from what is given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mmg_registry.preprocess.regression import Regression

RNG = np.random.default_rng(0)


def off(predict: Callable[[np.ndarray], np.ndarray], n: int, dim: int) -> tuple[float, float]:
    """Return the squared error of the predicted mean on new rows, and the variance of that mean."""
    z, new = RNG.standard_normal((n, dim)), RNG.standard_normal((2_000, dim))
    found = Regression.fit(z, predict(z) + RNG.standard_normal((n, 1)))
    return float((predict(new) - found(new)).var()), float(predict(new).var())


@pytest.mark.parametrize(
    ("mean", "dim"),
    [
        (lambda z: np.sin(2 * z[:, :1]), 1),
        (lambda z: z[:, :1] ** 2, 1),
        (lambda z: z[:, :1] * z[:, 1:2], 2),
        (lambda z: z.sum(1, keepdims=True), 20),
        (lambda z: z[:, :1] ** 2 + z[:, 1:2], 20),
    ],
)
def test_lines_bends_and_products_are_predicted(mean: Callable[[np.ndarray], np.ndarray], dim: int) -> None:
    error, variance = off(mean, 4_000, dim)
    assert error < 0.1 * variance


def test_nothing_to_predict_costs_no_more_than_a_line() -> None:
    error, _ = off(lambda z: 0 * z[:, :1], 4_000, 5)
    assert error < 5 * 5 / 4_000


def test_columns_are_shrunk_where_rows_are_few() -> None:
    z = RNG.standard_normal((60, 50))
    y = RNG.standard_normal((60, 1))
    assert (y - Regression.fit(z, y)(z)).std() > 0.5 * y.std() > (y - Regression.linear(z, y)(z)).std()


def test_a_prediction_comes_back_from_its_arrays() -> None:
    z = RNG.standard_normal((500, 2))
    found = Regression.fit(z, z[:, :1] ** 2 + z)
    assert np.array_equal(Regression.of_arrays(found.arrays())(z), found(z))
