"""Where columns stand in the array that a row was, through all that leaves columns out."""

from __future__ import annotations

import numpy as np

from mmg_registry.data import as_pair, clean
from mmg_registry.data.checks import matching
from mmg_registry.grids import Grid


def test_columns_keep_their_places() -> None:
    grid = Grid.whole((2, 3)).kept([1, 3, 5]).kept([0, 2])
    assert grid.shape == (2, 3)
    assert grid.places.tolist() == [1, 5]


def test_an_image_with_constant_pixels_keeps_its_shape() -> None:
    images = np.random.default_rng(0).standard_normal((60, 3, 4))
    images[:, 0], images[:, 2, 3] = 0, 1
    given = as_pair(images, np.random.default_rng(1).standard_normal(60))
    cleaned = clean(given)
    for pair in (cleaned.pair, matching(cleaned, given)):
        assert pair.x_grid is not None
        assert (pair.x_shape, pair.x_grid.shape) == ((3, 4), (3, 4))
        assert pair.x_grid.places.tolist() == [4, 5, 6, 7, 8, 9, 10]
        assert pair.y_grid is not None
        assert (pair.y_grid.shape, pair.y_grid.places.tolist()) == ((1,), [0])


def test_plain_columns_keep_their_places_too() -> None:
    rows = np.random.default_rng(0).standard_normal((60, 4))
    rows[:, 3] = 2
    grid = clean(as_pair(rows, np.arange(60.0) % 7)).pair.x_grid
    assert grid is not None
    assert (grid.shape, grid.places.tolist()) == ((4,), [0, 1, 2])
