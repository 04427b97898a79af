"""Laws by permutation: uniform p-values where nothing is there, with ties, rare values and labels too."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.screen.groups import Tiles
from mmg_registry.screen.null import Null
from mmg_registry.screen.run import screen

RNG = np.random.default_rng(3)
N, D = 400, 60
NOTHING = {
    "no ties": Tiles(RNG.standard_normal((N, D))),
    "counts": Tiles(RNG.poisson(0.7, (N, D))),
    "zeros": Tiles(RNG.exponential(size=(N, D)) * (RNG.random((N, D)) < 0.25)),
    "labels": Tiles(RNG.choice(5, (N, D), p=[0.5, 0.2, 0.15, 0.1, 0.05]), ("category",) * D),
}


@pytest.mark.parametrize("name", NOTHING)
def test_p_values_are_uniform_where_nothing_is_there(name: str) -> None:
    found = screen(NOTHING[name], seed=0, permutations=9)
    p = np.exp(-found.surprise.astype(float))
    assert abs((p < 0.5).mean() - 0.5) < 0.06
    assert abs((p < 0.05).mean() - 0.05) < 0.025
    assert found.found == 0


def test_the_tail_falls_no_faster_than_its_draws() -> None:
    heavy = Null.of(2 * np.random.default_rng(4).exponential(size=50_000))
    assert 0.3 < heavy.rate < 0.5
    light = Null.of(0.5 * np.random.default_rng(4).exponential(size=50_000))
    assert light.rate == 1.0


def test_p_values_never_rise_with_the_evidence() -> None:
    null = Null.of(np.random.default_rng(5).exponential(size=20_000))
    assert (np.diff(null.surprise(np.linspace(0, 40, 2_000))) >= -1e-12).all()
