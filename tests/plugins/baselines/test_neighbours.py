"""The formulae of nearest neighbours, against the same written out row by row, and against other packages' values."""

from __future__ import annotations

import numpy as np
import pytest
from rows import pair
from scipy.special import digamma

from mmg_plugins.baselines import neighbours
from mmg_plugins.baselines.neighbours import Search, first_algorithm, second_algorithm, with_labels


def written_out(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """Algorithm 1 as it is written, row by row, by the maximum norm."""
    of_x, of_y = (np.linalg.norm(side[:, None] - side, np.inf, axis=2) for side in (x, y))
    radius = np.sort(np.maximum(of_x, of_y), axis=1)[:, k]
    n_x, n_y = ((distance < radius[:, None]).sum(1) - 1 for distance in (of_x, of_y))
    return digamma(k) + digamma(len(x)) - digamma(n_x + 1) - digamma(n_y + 1)


@pytest.mark.parametrize("dims", [1, 2, 4])
@pytest.mark.parametrize("grid", [0.0, 0.5])
def test_the_first_algorithm_by_trees_and_by_all_pairs(dims: int, grid: float, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = pair(300, dim=dims)
    if grid:
        x, y = np.round(x / grid) * grid + 1e-3 * pair(300, dim=dims, seed=1)[0], np.round(y / grid) * grid
    for most in (0, 99):  # columns up to which trees search
        monkeypatch.setattr(neighbours, "TREE_COLUMNS", most)
        assert first_algorithm(x, y, Search(3, threads=2))[0] == pytest.approx(written_out(x, y, 3))


def test_neighbours_at_the_same_distance_are_not_strictly_nearer() -> None:
    x = np.arange(6.0)[:, None]
    assert first_algorithm(x, x, Search(1))[0] == pytest.approx(digamma(1) + digamma(6) - 2 * digamma(1))


def test_the_second_algorithm_is_the_rectangles() -> None:
    x, y = pair(200, dim=2)
    values = []
    for i in range(200):
        of_x, of_y = (np.abs(side - side[i]).max(1) for side in (x, y))
        near = np.argsort(np.maximum(of_x, of_y), kind="stable")[1:4]
        n_x, n_y = (int((of <= of[near].max()).sum()) - 1 for of in (of_x, of_y))
        values.append(digamma(3) - 1 / 3 + digamma(200) - digamma(n_x) - digamma(n_y))
    assert second_algorithm(x, y, Search(3)) == pytest.approx(np.array(values))


@pytest.mark.parametrize("k", [1, 3, 5])
def test_values_are_those_of_scikit_learn(k: int) -> None:
    private = pytest.importorskip("sklearn.feature_selection._mutual_info")
    x, y = pair(500)
    assert max(0.0, first_algorithm(x, y, Search(k))[0].mean()) == pytest.approx(
        private._compute_mi_cc(x, y, k), abs=1e-6
    )
    labels = (y[:, 0] > 0.3).astype(int) + (y[:, 0] > 1.0)
    assert max(0.0, with_labels(x, labels, Search(k)).mean()) == pytest.approx(
        private._compute_mi_cd(x, labels, k), abs=1e-6
    )


def test_a_label_that_occurs_once_tells_nothing() -> None:
    x, _ = pair(50)
    values = with_labels(x, np.arange(50) // 49, Search(3))
    assert values[49] == 0.0
    assert np.isfinite(values).all()
