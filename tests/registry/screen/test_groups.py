"""Columns in groups: every one with features once, read in tiles, and refused in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.errors import DataError
from mmg_registry.screen.groups import Tiles, groups_of

RNG = np.random.default_rng(1)


def test_every_column_with_features_is_in_one_group() -> None:
    values = np.column_stack([RNG.standard_normal((100, 130)), np.ones(100), RNG.integers(0, 3, (100, 9))])
    places = np.concatenate([group.places for group in groups_of(Tiles(values))])
    assert sorted(places) == [*range(130), *range(131, 140)]


@pytest.mark.parametrize(
    ("values", "kinds", "words"),
    [
        (np.full((100, 2), np.nan), (), "missing"),
        (np.zeros((100, 2)), ("count",), "2 columns but 1 kinds"),
    ],
)
def test_bad_columns_are_refused(values, kinds, words: str) -> None:
    with pytest.raises(DataError, match=words):
        groups_of(Tiles(values, kinds))
