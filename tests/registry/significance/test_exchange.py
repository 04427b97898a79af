"""What may change places."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.data import as_pair
from mmg_registry.data.pair import with_groups
from mmg_registry.data.units import Units
from mmg_registry.errors import DataError
from mmg_registry.significance.exchange import (
    among,
    exchange_of,
    looseness,
    near_cells,
    rectangle,
    shifts,
    within_strata,
)

RNG = np.random.default_rng(0)


def drawn(exchange, count: int = 50) -> np.ndarray:
    return exchange.draw(np.random.default_rng(1), count)


def test_every_order_is_one_of_all_rows() -> None:
    for exchange in (exchange_of(Units(12)), shifts(12), within_strata(np.arange(12) % 3)):
        assert (np.sort(drawn(exchange), axis=1) == np.arange(12)).all()


def test_a_series_keeps_its_neighbours() -> None:
    units = Units(30, "blocks", np.arange(30) // 10)
    steps = np.diff(drawn(exchange_of(units)), axis=1) % 30
    assert (steps == 1).all()


def test_groups_change_places_whole() -> None:
    labels = np.repeat(np.arange(5), 4)
    orders = drawn(exchange_of(Units(20, "groups", labels)))
    assert (orders.reshape(50, 5, 4) % 4 == np.arange(4)).all()
    assert len(np.unique(orders, axis=0)) > 20


def test_of_groups_of_several_sizes_most_rows_are_kept() -> None:
    assert rectangle(np.array([0, 1, 1, 1, 2, 2, 2, 3, 3])).tolist() == [[1, 2], [4, 5], [7, 8]]


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DataError, match="Only 3 groups have equally many rows"):
        exchange_of(Units(9, "groups", np.repeat(np.arange(3), 3)))


def test_copies_count_once() -> None:
    assert exchange_of(Units(5, "copies", np.array([0, 1, 0, 2, 1]))).rows.tolist() == [0, 1, 3]


def test_rows_stay_in_their_stratum() -> None:
    strata = RNG.integers(0, 4, 40)
    assert (strata[drawn(within_strata(strata))] == strata).all()


def test_cells_are_small_and_near() -> None:
    z = RNG.standard_normal((500, 1))
    found = near_cells(z, size=6)
    assert np.bincount(found).max() <= 6
    assert looseness(z, found) < 0.001
    assert looseness(RNG.standard_normal((500, 8)), near_cells(RNG.standard_normal((500, 8)))) > 0.1


def test_evaluated_rows_belong_together_as_all_do() -> None:
    pair = with_groups(as_pair(RNG.standard_normal(8), RNG.standard_normal(8)), [5, 5, 7, 7, 9, 9, 4, 4])
    assert among(Units(16, "groups", np.arange(16) // 2), pair).labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert among(Units(16, "blocks", np.arange(16) // 2), pair).by == "blocks"
    twice = as_pair([1, 1, 2, 3], [4, 4, 5, 6])
    assert len(exchange_of(among(Units(9, "copies", np.arange(9)), twice)).rows) == 3
