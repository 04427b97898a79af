"""The quick test: its level where nothing is there, and what it sees."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.data.units import Units
from mmg_registry.significance.exchange import exchange_of
from mmg_registry.significance.independence import independence

ROWS = exchange_of(Units(200))


def p(x, y, seed: int = 0, exchange=ROWS, most: int = 199) -> float:
    return independence(np.asarray(x, dtype=float), np.asarray(y, dtype=float), exchange, seed, most).p.value


def test_its_level_is_kept() -> None:
    def null(seed: int) -> float:
        rng = np.random.default_rng(seed)
        return p(rng.standard_cauchy((200, 1)), rng.integers(0, 3, (200, 1)), seed, most=59)

    rejected = np.mean([null(seed) <= 0.1 for seed in range(200)])
    assert abs(rejected - 0.1) < 3 * np.sqrt(0.1 * 0.9 / 200)


@pytest.mark.parametrize(
    "curve", [lambda x: 0.5 * x, lambda x: x**2, lambda x: np.sin(4 * x), lambda x: np.abs(x) > 1], ids="lqsa"
)
def test_it_sees_curves(curve) -> None:
    x, noise = np.random.default_rng(0).standard_normal((2, 200, 1))
    assert p(x, curve(x) + 0.5 * noise) == 1 / 200


def test_it_sees_what_two_columns_do_together() -> None:
    x, noise = np.random.default_rng(0).standard_normal((2, 200, 2))
    assert p(x, np.sign(x[:, :1] * x[:, 1:]) + noise[:, :1]) < 0.05


def test_a_series_is_compared_with_itself_shifted() -> None:
    """Two slow series agree by chance, which exchanged rows take for dependence."""
    walks = np.cumsum(np.random.default_rng(5).standard_normal((2, 200, 1)), axis=1)
    assert p(*walks) < 0.05
    assert p(*walks, exchange=exchange_of(Units(200, "blocks", np.arange(200) // 50))) > 0.05
