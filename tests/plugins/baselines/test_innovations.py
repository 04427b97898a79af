"""What linear prediction leaves: found where a pair is more than its correlations, and silent on normal pairs."""

from __future__ import annotations

import numpy as np
import pytest
from rows import pair

from mmg_plugins.baselines.innovations import by_neighbours, by_tables, folded, left_over, unpredicted


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.95])
@pytest.mark.parametrize(("n", "dim"), [(150, 1), (1_000, 3), (1_000, 8)])
def test_normal_pairs_leave_nothing(rho: float, n: int, dim: int) -> None:
    alarms = sum(left_over(*pair(n, rho, dim, seed)) is not None for seed in range(20))
    assert alarms <= 2


def test_each_look_sees_what_it_is_for() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2_000, 3)), rng.standard_normal((2_000, 1))
    wave, sphere = np.sin(4 * x[:, :1]) + 0.3 * noise, np.linalg.norm(x, axis=1)[:, None] + 0.1 * noise
    parity = np.sign(x.prod(axis=1))[:, None] * np.abs(noise)
    assert by_tables(x, wave) is not None
    found = by_tables(x, sphere)
    assert found is not None
    assert found.where == "the norm of x and y0"
    assert by_tables(x, parity) is None
    assert by_neighbours(x, parity) is not None


def test_independent_columns_with_ties_leave_nothing() -> None:
    """The noise of a slope, taken away from zeros, would set them in the order of x."""
    rng = np.random.default_rng(1)
    x, y = ((rng.random((2_000, 2)) < 0.5) * np.exp(rng.standard_normal((2_000, 2))) for _ in "xy")
    assert left_over(x, y) is None
    assert len(np.unique(unpredicted(x, y)[:, 0])) == len(np.unique(y[:, 0]))


def test_canonical_columns_that_tell_the_same_are_found() -> None:
    a = np.random.default_rng(0).uniform(0, 2 * np.pi, 2_000)
    assert folded(np.c_[np.cos(a), np.cos(2 * a)]) > 0.3
    assert folded(np.random.default_rng(0).standard_normal((2_000, 4))) == 0.0
    assert folded(np.cos(a)[:, None]) == 0.0
