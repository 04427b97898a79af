"""Entropy by nearest neighbours."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_plugins.baselines.nearest import NearestEntropy, surprisals_of
from mmg_plugins.baselines.neighbours import Search
from mmg_registry.contracts import Run
from mmg_registry.errors import OptionError


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_rows_of_a_cube_surprise_by_its_volume(dim: int) -> None:
    rng = np.random.default_rng(0)
    found = surprisals_of(3 * rng.random((8000, dim)), 3 * (0.1 + 0.8 * rng.random((2000, dim))), Search())
    assert abs(found.mean() - dim * math.log(3)) < 0.06


def test_copies_are_no_infinity() -> None:
    assert np.isfinite(surprisals_of(np.zeros((9, 1)), np.zeros((3, 1)), Search())).all()


def test_nothing_is_told_before_a_fit() -> None:
    with pytest.raises(OptionError, match="not fitted"):
        NearestEntropy(run=Run(threads=1)).surprisals(np.zeros((3, 1)))
