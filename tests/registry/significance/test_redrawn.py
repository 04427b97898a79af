"""Tests given z by draws of one side."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.contracts import Estimator, Redrawn
from mmg_registry.data import as_pair
from mmg_registry.data.pair import with_given
from mmg_registry.data.units import Units
from mmg_registry.errors import MMGError
from mmg_registry.estimation.fitting import Held
from mmg_registry.results import Estimate
from mmg_registry.significance import redrawn
from mmg_registry.significance.redrawn import by_redraws, has_redraws
from mmg_registry.significance.sequential import Judged


class Drawing(Estimator):
    """Scores products of y and of what is left of x, and draws x as z and `shift` and normal noise."""

    name = "drawing"
    conditional = True
    redraws = "x"
    shift = 0.0

    def fit(self, x, y, z=None):
        return self

    def estimate(self, x, y, z=None):
        return Estimate(0.0, 0.0)

    def redrawn(self, x, y, z, mates, draws):
        noise = np.random.default_rng(len(x)).standard_normal((len(x), draws))
        left = np.hstack([x - z, noise + self.shift])
        others = np.hstack([y, y[mates][:, :, 0]])
        return Redrawn(left[:, :, None], left[:, :, None] * others[:, None, :])


class Shifted(Drawing):
    """Draws x in the wrong place, by 1, so that products with what z makes of y are too small."""

    name = "shifted"
    shift = -1.0


class Blind(Drawing):
    """Draws x as if z told nothing of it."""

    name = "blind"

    def redrawn(self, x, y, z, mates, draws):
        return super().redrawn(x, y, 0 * z, mates, draws)


class Flat(Drawing):
    """Returns one score a row."""

    name = "flat"

    def redrawn(self, x, y, z, mates, draws):
        return Redrawn(x, x)


def fit(shared: float, seed: int = 0, n: int = 300, cls: type[Estimator] = Drawing) -> Held:
    z, e, f = np.random.default_rng(seed).standard_normal((3, n, 1))
    return Held(cls(), with_given(as_pair(z + e, z**2 + f + shared * e), z))


def used(shared: float) -> Judged:
    """The first result whose draws are not doubted by chance."""
    found = (by_redraws([fit(shared, seed)], Units(300), 0, 999) for seed in range(20))
    return next(each for each in found if each is not None)


def test_dependence_given_z_is_found_and_a_common_cause_is_not() -> None:
    found = used(0.5)
    assert found.p.value == 0.001
    assert found.method == "mean score of 300 evaluated rows, drawing x anew given z"
    assert used(0.0).p.value > 0.02


@pytest.mark.parametrize("cls", [Drawing, Shifted])
def test_the_level_is_kept_even_where_draws_are_in_the_wrong_place(cls: type[Estimator]) -> None:
    found = [by_redraws([fit(0.0, seed, 120, cls)], Units(120), seed, 99) for seed in range(40)]
    values = [each.p.value for each in found if each is not None]
    assert len(values) > 10  # of draws that miss nothing of z half are doubted by chance
    assert np.mean(np.array(values) <= 0.1) < 0.1 + 3 * np.sqrt(0.09 / len(values))


def test_draws_that_miss_what_z_tells_are_not_used() -> None:
    assert by_redraws([fit(0.0, cls=Blind)], Units(300), 0, 99) is None


def test_without_mates_those_draws_pass_for_dependence() -> None:
    rows = fit(0.0).rows
    scores = Shifted().redrawn(*rows.arrays(), np.zeros((300, 1), dtype=int), 7).scores[:, :, 0]
    assert scores[:, 0].mean() > scores[:, 1:].mean() + 5 * scores.std() / np.sqrt(300)


def test_scores_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(MMGError, match="'flat' returned draws of shape"):
        by_redraws([fit(0.0, cls=Flat)], Units(300), 0, 99)


def test_estimators_that_draw_nothing_are_told_apart() -> None:
    assert has_redraws([fit(0.0)])
    assert not has_redraws([])
    assert not has_redraws([Held(type("Plain", (Drawing,), {"redraws": ""})(), fit(0.0).rows)])


def test_copies_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrawn, "DOUBTED", 0.0)
    one = fit(0.0).rows
    twice = Held(Drawing(), one.take(np.repeat(np.arange(len(one)), 2)))
    copies = Units(600, "copies", np.repeat(np.arange(300), 2))
    assert "300 evaluated rows" in by_redraws([twice], copies, 0, 99).method
