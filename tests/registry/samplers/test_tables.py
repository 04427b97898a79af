"""Exact sums over tables, and the rows drawn from them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.samplers.tables import draw_cells, of_table, table_entropy, table_mi

JOINT = np.array([[0.1, 0.2, 0.0], [0.3, 0.1, 0.3]])


def test_the_information_is_the_sum_over_cells() -> None:
    total = 0.0
    for i in range(2):
        for j in range(3):
            if JOINT[i, j]:
                total += JOINT[i, j] * math.log(JOINT[i, j] / (JOINT[i].sum() * JOINT[:, j].sum()))
    assert table_mi(JOINT) == pytest.approx(total, abs=1e-14)
    assert table_mi(7 * JOINT) == pytest.approx(total, abs=1e-14)


def test_the_information_is_that_of_the_entropies() -> None:
    parts = table_entropy(JOINT.sum(axis=0)) + table_entropy(JOINT.sum(axis=1)) - table_entropy(JOINT)
    assert table_mi(JOINT) == pytest.approx(parts, abs=1e-14)


def test_probabilities_that_vanish_are_no_trouble() -> None:
    assert table_mi(np.diag([1e-200, 1.0])) == pytest.approx(0, abs=1e-100)
    assert table_mi(np.eye(4)) == pytest.approx(math.log(4))


def test_cells_are_drawn_as_often_as_the_table_says() -> None:
    row, column = draw_cells(JOINT, np.random.default_rng(0), 100_000)
    shares = np.bincount(3 * row + column, minlength=6) / 100_000
    np.testing.assert_allclose(shares, JOINT.ravel(), atol=0.006)
    assert of_table("t", JOINT).sample(4)[0].shape == (4, 1)
