"""All pairs, and all columns with one target: what is planted is found, and nothing depends on threads or tiles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import squareform

from mmg_registry.errors import DataError
from mmg_registry.screen import Tiles, against, run, screen
from mmg_registry.screen.run import _condensed, _square


def planted(n: int = 500) -> np.ndarray:
    """Return columns of which 0 and 3 are a parabola, 1 and 4 a line; 2 and 5 are alone."""
    rng = np.random.default_rng(7)
    x, y, z, noise, more, other = rng.standard_normal((6, n))
    return np.stack([x, y, z, x**2 + 0.5 * noise, y + more, other], axis=1)


def test_what_is_planted_is_found() -> None:
    found = screen(planted(), seed=0, permutations=9)
    pairs = set(zip(found.i[: found.found].tolist(), found.j[: found.found].tolist(), strict=True))
    assert pairs == {(0, 3), (1, 4)}
    assert found.n_pairs == len(found.surprise) == 15
    assert (np.diff(found.p) >= 0).all()
    assert (found.q >= found.p).all()
    np.testing.assert_allclose(squareform(found.surprise)[found.i, found.j], found.score, rtol=1e-6)


def test_labels_are_found_whatever_their_codes() -> None:
    rng = np.random.default_rng(8)
    label = rng.integers(0, 4, 500)
    values = np.column_stack([label, np.array([0.0, 1.0, -1.0, 0.0])[label] + rng.standard_normal(500)])
    assert screen(Tiles(values, ("category", "continuous")), seed=0, permutations=9).found == 1


def test_neither_threads_nor_tiles_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(9).standard_normal((200, 70))
    one = screen(values, seed=0, permutations=3)
    assert (screen(values, seed=0, permutations=3, threads=2).surprise == one.surprise).all()
    monkeypatch.setattr(run, "TILE", 16)
    np.testing.assert_allclose(screen(values, seed=0, permutations=3).surprise, one.surprise, rtol=1e-3, atol=1e-3)


def test_a_target_finds_its_column_and_a_constant_tells_nothing() -> None:
    values = np.column_stack([planted(), np.ones(500)])
    found = against(values[:, [1, 0, 6]], values[:, 3], seed=0, permutations=9)
    assert found.found == 1
    assert found.i[0] == 1
    assert found.p[found.i.tolist().index(2)] == 1.0


def test_rates_under_dependence_are_larger() -> None:
    found = screen(planted(), seed=0, permutations=9)
    dear = found.under_dependence()
    assert (dear.q >= found.q).all()
    assert dear.q[-1] <= 1
    assert dear.found <= found.found


def test_places_of_pairs_are_those_of_pdist() -> None:
    i, j = np.triu_indices(9, 1)
    np.testing.assert_array_equal(_condensed(i, j, 9), np.arange(36))
    np.testing.assert_array_equal(_square(np.arange(36), 9), (i, j))


def test_progress_reaches_the_end() -> None:
    told: list[float] = []
    screen(planted(), seed=0, permutations=1, progress=told.append)
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: screen(np.zeros((100, 1)), seed=0), "at least two columns"),
        (lambda: screen(np.zeros((49, 2)), seed=0), "at least 50 rows, and there are 49"),
        (lambda: against(np.zeros((49, 2)), np.zeros(49), seed=0), "at least 50 rows"),
        (lambda: against(np.zeros((100, 2)), np.zeros(90), seed=0), "one column of 100 rows"),
    ],
)
def test_what_cannot_be_screened_is_refused(ask, words: str) -> None:
    with pytest.raises(DataError, match=words):
        ask()


def test_constant_columns_alone_are_no_dependence() -> None:
    assert (screen(np.ones((100, 3)), seed=0).p == 1).all()
