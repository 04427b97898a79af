"""Tests by scores of single pairs and by estimates of rows in other orders."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from mmg_registry.contracts import Estimator
from mmg_registry.data import as_pair
from mmg_registry.data.pair import with_given
from mmg_registry.data.units import Units
from mmg_registry.errors import MMGError
from mmg_registry.estimation.fitting import Held
from mmg_registry.request import Request
from mmg_registry.results import Estimate
from mmg_registry.significance.evaluated import by_estimates, by_scores, has_tables


class Product(Estimator):
    """Scores x y, and estimates their mean, without any learning."""

    name = "product"
    table_rows = 32
    conditional = True

    def fit(self, x, y, z=None):
        return self

    def estimate(self, x, y, z=None):
        return Estimate(float((x * y).mean()), 0.0)

    def scores(self, x, y):
        return x @ y.transpose(0, 2, 1)


class Broken(Product):
    """Returns one score a row."""

    name = "broken"

    def scores(self, x, y):
        return x[..., 0]


def fit(shared: float, n: int = 200, seed: int = 0, cls: type[Estimator] = Product) -> Held:
    x, y = np.random.default_rng(seed).standard_normal((2, n, 1))
    return Held(cls(), as_pair(x, y + shared * x))


def test_scores_tell_dependence_and_nothing_else() -> None:
    assert by_scores([fit(0.4)], Units(200), 0, 199).p.value == 1 / 200
    assert by_scores([fit(0.0), fit(0.0, seed=1)], Units(400), 0, 199).p.value > 0.05


def test_scores_keep_their_level() -> None:
    found = [by_scores([fit(0.0, 40, seed)], Units(40), seed, 59).p.value <= 0.1 for seed in range(300)]
    assert abs(np.mean(found) - 0.1) < 3 * np.sqrt(0.09 / 300)


def test_scores_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(MMGError, match="'broken' returned scores of shape"):
        by_scores([fit(0.4, cls=Broken)], Units(200), 0, 99)


def test_dependent_rows_need_one_table() -> None:
    series = Units(200, "blocks", np.arange(200) // 20)
    assert has_tables([fit(0.0)], Units(200))
    assert has_tables([fit(0.0, n=100)], series)
    assert not has_tables([fit(0.0)], series)
    assert "circular shifts" in by_scores([fit(0.4, n=100)], series, 0, 99).method


def test_estimates_of_other_orders_tell_the_same() -> None:
    make = partial(Product)
    assert by_estimates([fit(0.4)], make, Request(), Units(200), 99).p.value == 0.01
    assert by_estimates([fit(0.0)], make, Request(), Units(200), 99).p.value > 0.05


def test_given_z_rows_of_like_z_change_places_and_wide_cells_are_doubted() -> None:
    z, e, f = np.random.default_rng(0).standard_normal((3, 300, 1))
    near = Held(Product(), with_given(as_pair(z + e, z + f), z))
    found = by_estimates([near], partial(Product), Request(), Units(300), 99)
    assert found.p.value > 0.05
    assert not found.doubts
    wide = np.hstack([z, np.random.default_rng(1).standard_normal((300, 9))])
    far = Held(Product(), with_given(as_pair(z + e, z + f), wide))
    assert "leave --plugin out" in by_estimates([far], partial(Product), Request(), Units(300), 99).doubts[0]
