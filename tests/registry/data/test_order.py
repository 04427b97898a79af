"""The order of rows: silence on shuffled and sorted rows, a word on series, their memory and what they are worth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from series import autoregressive, sorted_by

from mmg_registry.data.order import autocorrelations, integrated, order_of

Sides = tuple[np.ndarray, np.ndarray]
Draw = Callable[[np.random.Generator, int], Sides]


def normal(rng: np.random.Generator, n: int) -> Sides:
    x = rng.standard_normal((n, 1))
    return x, x + 0.01 * rng.standard_normal((n, 1))


def wide(rng: np.random.Generator, n: int) -> Sides:
    x = rng.standard_normal((n, 20))
    return x, x + 0.5 * rng.standard_normal((n, 20))


def heavy_tails(rng: np.random.Generator, n: int) -> Sides:
    x = rng.standard_cauchy((n, 2))
    return x, x[:, :1] ** 3


def labels(rng: np.random.Generator, n: int) -> Sides:
    y = rng.integers(0, 3, (n, 1))
    return y + rng.standard_normal((n, 2)), y.astype(float)


def sparse(rng: np.random.Generator, n: int) -> Sides:
    x = rng.random((n, 20)) * (rng.random((n, 20)) < 0.02)
    return x, (x > 0).astype(float)


SHUFFLED = (normal, wide, heavy_tails, labels, sparse)


@pytest.mark.parametrize("n", [60, 400])
@pytest.mark.parametrize("draw", SHUFFLED)
def test_independent_rows_are_passed_over_in_silence(draw: Draw, n: int) -> None:
    rng = np.random.default_rng(n)
    found = [order_of(*draw(rng, n)) for _ in range(100)]
    assert sum(each.alike or each.series or each.period > 0 for each in found) <= 5


def by_x(rng: np.random.Generator) -> Sides:
    x, y = normal(rng, 400)
    return sorted_by(x[:, 0], x, y)


def by_class(rng: np.random.Generator) -> Sides:
    x, y = labels(rng, 400)
    return sorted_by(y[:, 0], x, y)


def by_latent(rng: np.random.Generator) -> Sides:
    hidden = np.sort(rng.standard_normal((400, 1)), axis=0)
    return hidden + 2 * rng.standard_normal((400, 20)), hidden + 2 * rng.standard_normal((400, 20))


def by_cluster(rng: np.random.Generator) -> Sides:
    cluster = np.sort(rng.integers(0, 8, 700))
    a, b = 2 * rng.standard_normal((2, 8, 5))
    return a[cluster] + rng.standard_normal((700, 5)), b[cluster] + rng.standard_normal((700, 5))


@pytest.mark.parametrize("draw", [by_x, by_class, by_latent, by_cluster])
def test_a_sorted_file_is_no_series(draw: Callable[[np.random.Generator], Sides]) -> None:
    rng = np.random.default_rng(1)
    assert sum(order_of(*draw(rng)).series for _ in range(50)) <= 2


def test_a_file_sorted_by_what_neither_side_shows_is_alike_in_its_neighbours() -> None:
    assert order_of(*by_latent(np.random.default_rng(2))).alike


@pytest.mark.parametrize("phi", [0.5, 0.9, 0.98, 0.995, 1.0])
def test_two_series_are_seen_and_one_does_no_harm(phi: float) -> None:
    rng = np.random.default_rng(3)
    x, y = (autoregressive(phi, 3_000, rng) for _ in range(2))
    assert order_of(x, y).series
    assert not order_of(x, rng.standard_normal((3_000, 1))).series


def test_one_column_of_many_is_enough() -> None:
    rng = np.random.default_rng(4)
    x, y = (rng.standard_normal((3_000, 10)) for _ in range(2))
    x[:, 3:4], y[:, 7:8] = (autoregressive(0.95, 3_000, rng) for _ in range(2))
    assert order_of(x, y).series


def test_memory_and_inflation_are_those_of_theory() -> None:
    """Of first order (1 + phi) / (1 - phi), and of the product the same of phi squared."""
    rng = np.random.default_rng(5)
    found = order_of(autoregressive(0.9, 50_000, rng), autoregressive(0.9, 50_000, rng))
    assert found.memory == pytest.approx(19.0, rel=0.25)
    assert found.inflation == pytest.approx(1.81 / 0.19, rel=0.25)


def test_subjects_measured_in_turn_have_a_period() -> None:
    rng = np.random.default_rng(6)
    x, y = (np.tile(rng.standard_normal((50, 1)), (60, 1)) + rng.standard_normal((3_000, 1)) for _ in range(2))
    found = order_of(x, y)
    assert (found.alike, found.period % 50) == (False, 0)
    assert found.period > 0


def test_the_first_rows_of_a_long_file_are_asked() -> None:
    rng = np.random.default_rng(7)
    x = np.concatenate([autoregressive(0.9, 100_000, rng), rng.standard_normal((50_000, 1))])
    assert order_of(x, x).memory == order_of(x[:100_000], x[:100_000]).memory


def test_autocorrelations_are_those_of_the_sums() -> None:
    columns = np.random.default_rng(8).standard_normal((50, 2))
    centred = columns - columns.mean(axis=0)
    found = autocorrelations(centred)
    expected = (centred[3:] * centred[:-3]).sum(axis=0) / (centred**2).sum(axis=0)
    np.testing.assert_allclose(found[3], expected, atol=1e-12)
    assert found.shape == (26, 2)


@pytest.mark.parametrize(
    ("acf", "sum_"), [([1.0, 0.5, 0.2, -0.3, -0.1], 2.4), ([1.0, -0.5, 0.2, 0.9], 1.0), ([1.0], 1.0)]
)
def test_the_sum_ends_where_it_is_no_longer_positive(acf: list[float], sum_: float) -> None:
    assert integrated(np.array(acf)) == pytest.approx(sum_)
