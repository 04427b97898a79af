"""The statistic's mean and variance against all orders, and against many signs."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from mmg_registry.significance.features import Features, orthonormal
from mmg_registry.significance.statistic import nested, of_permutations, of_signs

RNG = np.random.default_rng(0)


def few(columns: int) -> Features:
    return orthonormal([RNG.exponential(size=(7, 1)), RNG.standard_normal((7, columns - 1))], columns)


def test_moments_are_those_over_all_permutations() -> None:
    a, b = few(2), few(3)
    orders = np.array(list(permutations(range(7))))
    sums = nested((a.values.T @ b.values[orders]) ** 2 / 7, (a.levels, b.levels))
    found = of_permutations(a, b)
    assert np.allclose(found.mean, sums.mean(axis=0))
    assert np.allclose(found.variance, sums.var(axis=0))


def test_moments_are_those_over_all_signs() -> None:
    products = RNG.exponential(size=(8, 6))
    signs = np.array(list(product([-1.0, 1.0], repeat=8)))
    levels = ((1, 2), (1, 3))
    sums = nested((signs @ products / np.sqrt(8)).reshape(-1, 2, 3) ** 2, levels)
    found = of_signs(products, (2, 3), levels)
    assert np.allclose(found.mean, sums.mean(axis=0))
    assert np.allclose(found.variance, sums.var(axis=0))


def test_more_is_less_likely_and_detail_has_a_price() -> None:
    a, b = (orthonormal([side[:, :1], side[:, 1:]], 4) for side in RNG.standard_normal((2, 200, 4)))
    statistic = of_permutations(a, b)
    tables = np.zeros((3, 4, 4))
    tables[0, 0, 0], tables[1, 0, 0], tables[2, 3, 3] = 4.0, 8.0, 8.0
    plain, more, detail = statistic(tables)
    assert plain < detail < more
