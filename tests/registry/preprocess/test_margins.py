"""What is done to one side beyond single columns, and when: unmixing or a common scale where the rows ask for it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import ndtri

from mmg_registry.preprocess import PairTransform, fit_map, fit_margins
from mmg_registry.preprocess.margins import log_likelihood

N = 20_000


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def student(seed: int, n: int, dim: int, degrees: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, dim)) / np.sqrt(rng.chisquare(degrees, (n, 1)) / degrees)


def turned_square(seed: int, n: int, angle: float = 0.4) -> np.ndarray:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.random.default_rng(seed).random((n, 2)) @ turn.T


def test_a_turned_square_is_unmixed_and_what_it_shares_becomes_linear() -> None:
    x = turned_square(0, N)
    y = ndtri(np.clip(turned_square(0, N, 0.0), 1e-6, 1 - 1e-6)) + 0.75 * normal(1, N, 2)
    assert "independent components" in fit_margins(x).words
    plain = [np.column_stack([fit_map(column)(column) for column in side.T]) for side in (x, y)]
    truth = -np.log(1 - 1 / (1 + 0.75**2))
    assert PairTransform.fit(x, y).gaussian_mi == pytest.approx(truth, abs=0.03)
    assert PairTransform.fit(*plain, gaussianise=False).gaussian_mi < truth - 0.04


@pytest.mark.parametrize("map_of", [lambda t: t, np.arcsinh, lambda t: t**3], ids=["t", "asinh", "cube"])
def test_a_common_scale_is_found_behind_any_margins(map_of) -> None:  # type: ignore[no-untyped-def]
    margins = fit_margins(map_of(student(3, N, 4, 2.0)))
    assert "common scale" in margins.words
    assert "independent components" not in margins.words
    out = margins(map_of(student(4, N, 4, 2.0)))
    assert abs(np.corrcoef(out[0] ** 2, out[1] ** 2)[0, 1]) < 0.1


@pytest.mark.parametrize(
    "data",
    [normal(5, N, 3), normal(6, N, 3) @ normal(7, 3, 3), np.sign(normal(8, N, 3)) * np.abs(normal(8, N, 3)) ** 1.5],
    ids=["normal", "mixed normal", "half-cube"],
)
def test_sides_that_single_columns_make_normal_get_no_more(data: np.ndarray) -> None:
    assert fit_margins(data).unmix is None
    assert fit_margins(data).scale is None


def test_few_rows_discrete_columns_and_plain_margins_are_left_alone() -> None:
    t = student(9, N, 3, 1.0)
    assert fit_margins(t[:80]).scale is None
    assert fit_margins(t, gaussianise=False).words == []
    with_discrete = np.column_stack([t, np.random.default_rng(0).integers(0, 3, N)])
    assert fit_margins(with_discrete).scale is None


def test_linearly_dependent_columns_get_no_common_scale() -> None:
    t = student(10, N, 2, 2.0)
    assert fit_margins(np.column_stack([t, t[:, 0]])).scale is None


def test_likelihood_of_the_true_margins_is_the_negative_entropy() -> None:
    rows = np.exp(normal(11, 50_000, 2))
    entropy = 2 * 0.5 * np.log(2 * np.pi * np.e)  # of log-normal columns: that of the normal ones, for their mean is 0
    assert log_likelihood(fit_margins(rows), rows) == pytest.approx(-entropy, abs=0.03)


def test_the_state_of_unmixed_and_scaled_sides_gives_the_same_bits() -> None:
    x, y = turned_square(13, N), student(14, N, 3, 2.0)
    pair = PairTransform.fit(x, y)
    assert pair.x.margins.unmix is not None
    assert pair.y.margins.scale is not None
    arrays, meta = pair.state()
    again = PairTransform.from_state(arrays, json.loads(json.dumps(meta)))
    for a, b in zip(again.transform(x, y), pair.transform(x, y), strict=True):
        np.testing.assert_array_equal(a, b)
