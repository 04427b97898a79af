"""Curves and surfaces: found without noise, and nothing said of what is strong, rounded, heavy-tailed or few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mmg_registry.arrays import F64
from mmg_registry.data.checks import clean
from mmg_registry.data.curves import noiseless
from mmg_registry.data.pair import as_pair

Draw = Callable[[np.random.Generator, int], tuple[F64, F64]]


def on_a_circle(rng: np.random.Generator, n: int) -> tuple[F64, F64]:
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.cos(angle), np.sin(angle)


def on_a_sphere(rng: np.random.Generator, n: int) -> tuple[F64, F64]:
    rows = rng.normal(size=(n, 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows[:, :2], rows[:, 2]


def of(function: Callable[[F64], F64]) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> tuple[F64, F64]:
        x = rng.normal(size=n)
        return x, function(x)

    return draw


def noisy(draw: Draw, noise: float) -> Draw:
    def drawn(rng: np.random.Generator, n: int) -> tuple[F64, F64]:
        x, y = draw(rng, n)
        return x, y + noise * y.std() * rng.normal(size=y.shape)

    return drawn


def rounded(draw: Draw, digits: int) -> Draw:
    return lambda rng, n: tuple(np.round(side, digits) for side in draw(rng, n))  # type: ignore[return-value]


def angles(rng: np.random.Generator, n: int) -> tuple[F64, F64]:
    a = rng.uniform(0, 2 * np.pi, n)
    b = a + rng.vonmises(0, 4, n)
    return np.c_[np.cos(a), np.sin(a)], np.c_[np.cos(b), np.sin(b)]


CURVES = [of(np.square), of(np.abs), of(lambda x: np.sin(4 * x)), of(lambda x: x**3 - 2 * x), on_a_circle]


def columns(draw: Draw, n: int, seed: int = 0) -> tuple[F64, F64]:
    x, y = draw(np.random.default_rng(seed), n)
    return x.reshape(n, -1), y.reshape(n, -1)


@pytest.mark.parametrize("n", [400, 5_000])
@pytest.mark.parametrize("draw", CURVES)
def test_curves_are_found_in_few_and_many_rows_and_in_single_precision(draw: Draw, n: int) -> None:
    x, y = columns(draw, n)
    assert noiseless(x, y) == ([0], [0])
    assert noiseless(x.astype(np.float32), y.astype(np.float32)) == ([0], [0])


def test_one_column_among_others_and_a_surface_of_three_are_found() -> None:
    rng = np.random.default_rng(0)
    x, y = columns(of(np.square), 1_000)
    assert noiseless(np.c_[rng.normal(size=(1_000, 2)), x], np.c_[y, rng.normal(size=(1_000, 2))]) == ([2], [0])
    assert noiseless(*columns(on_a_sphere, 1_000)) == ([0, 1], [0])


@pytest.mark.parametrize("noise", [1e-3, 1e-2, 0.1])
@pytest.mark.parametrize("n", [1_000, 10_000])
@pytest.mark.parametrize("draw", CURVES)
def test_strong_dependence_with_noise_is_no_curve(draw: Draw, n: int, noise: float) -> None:
    assert noiseless(*columns(noisy(draw, noise), n)) is None


@pytest.mark.parametrize(
    "draw",
    [
        rounded(of(np.square), 2),
        rounded(of(np.square), 3),
        angles,
        lambda rng, n: (rng.standard_cauchy(n), rng.standard_cauchy(n)),
        lambda rng, n: (np.exp(20 * rng.normal(size=n)), rng.normal(size=n)),
        lambda rng, n: (np.exp(100 * rng.normal(size=n)), rng.normal(size=n)),
        lambda rng, n: (rng.normal(size=(n, 2)), rng.normal(size=(n, 2))),
        lambda rng, n: (rng.integers(0, 5, (n, 1)) + 0.01 * rng.normal(size=(n, 1)), rng.normal(size=n)),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_rounded_heavy_tailed_independent_and_clustered_rows_are_no_curves(draw: Draw, seed: int) -> None:
    assert noiseless(*columns(draw, 2_000, seed)) is None


def test_copies_of_rows_are_no_curve() -> None:
    rng = np.random.default_rng(0)
    assert noiseless(*(np.tile(rng.normal(size=(400, 1)), (3, 1)) for _ in "xy")) is None


def test_a_curve_on_an_even_grid_is_found_though_its_values_stand_twice() -> None:
    x = np.linspace(-1, 1, 1_001)[:, None]
    assert noiseless(x, x**2) == ([0], [0])


def test_a_column_that_is_constant_in_the_rows_looked_at_is_passed_over() -> None:
    x = np.zeros((5_000, 1))
    x[0] = 1.0
    assert noiseless(x, np.random.default_rng(0).normal(size=x.shape)) is None


def test_few_rows_are_not_judged() -> None:
    assert noiseless(*columns(of(np.square), 100)) is None


def test_a_curve_is_warned_of_and_gets_no_verdict() -> None:
    x, y = columns(of(np.square), 1_000)
    found = clean(as_pair(x, y))
    assert found.verdict is None
    assert any("perhaps infinite" in said for said in found.warnings)
