"""The normal density of mapped rows is a density, whatever the maps."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.errors import DataError
from mmg_registry.preprocess.density import NormalDensity

RNG = np.random.default_rng(0)
HEAVY = RNG.standard_normal((4000, 2)) / np.sqrt(RNG.chisquare(2, (4000, 1)) / 2)  # a common scale
SQUARE = RNG.random((4000, 2)) @ np.array([[1.0, 0.7], [-0.5, 1.0]])  # independent components


@pytest.mark.parametrize(("rows", "step"), [(HEAVY, "common scale"), (SQUARE, "independent components")])
def test_the_log_density_follows_the_maps(rows: np.ndarray, step: str) -> None:
    density = NormalDensity.fit(rows)
    assert step in density.margins.words
    at, tiny = rows[:200], 1e-4
    beside = [at + tiny * unit for unit in np.eye(2)]
    slopes = np.stack([(density.place(each)[0] - density.place(at)[0]) / tiny for each in beside], axis=2)
    places, log_density = density.place(at)
    numeric = np.linalg.slogdet(slopes)[1] - np.sum(places**2, axis=1) / 2 - np.log(2 * np.pi)
    assert np.median(np.abs(numeric - log_density)) < 0.02


def test_rows_in_a_plane_have_none() -> None:
    with pytest.raises(DataError, match="lie in a plane"):
        NormalDensity.fit(np.repeat(RNG.standard_normal((100, 1)), 2, axis=1))
