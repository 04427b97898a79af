"""Values and intervals are cut to what is possible, and nothing that may be true is cut away."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.data import as_pair, clean
from mmg_registry.estimation.possible import greatest, possible
from mmg_registry.kinds import Kind
from mmg_registry.results import Estimate

RNG = np.random.default_rng(0)
NORMAL, COIN = RNG.normal(size=1_000), RNG.integers(0, 2, 1_000)
SMOOTH, FLIPPED = (clean(as_pair(NORMAL, y)).pair for y in (RNG.normal(size=1_000), COIN))
LABEL = Kind("category", "few values", 2)


def test_a_negative_value_becomes_0_and_is_kept_in_the_diagnostics() -> None:
    found = possible(Estimate(-0.02, 0.005, diagnostics={"k": 3}), SMOOTH)
    assert found.mi == 0.0
    assert found.ci == (0.0, pytest.approx(0.0098, abs=1e-4))
    assert found.std_error == 0.005
    assert found.diagnostics == {"k": 3, "raw": {"mi": -0.02, "ci": pytest.approx([-0.0298, -0.0102], abs=1e-4)}}


def test_what_is_possible_stays_as_it_is() -> None:
    good = Estimate(0.5, 0.01)
    assert possible(good, SMOOTH) == good
    infinite = Estimate(math.inf, status="infinite")
    assert possible(infinite, FLIPPED) is infinite


def test_a_label_bounds_what_can_be_known() -> None:
    found = possible(Estimate(2.0, 0.1), FLIPPED)
    assert found.limit == found.mi == pytest.approx(math.log(2), abs=5e-3)
    assert found.ci == (pytest.approx(found.mi - 0.196, abs=1e-3), found.limit)
    assert found.diagnostics["raw"]["mi"] == 2.0
    bits = found.to_unit("bits")
    assert (bits.limit, bits.ci) == (
        pytest.approx(1.0, abs=7e-3),
        pytest.approx(tuple(v / math.log(2) for v in found.ci)),
    )


@pytest.mark.parametrize("values", [2, 5, 40])
@pytest.mark.parametrize("n", [50, 500, 5_000])
def test_the_entropy_is_as_good_as_never_too_low(values: int, n: int) -> None:
    rng = np.random.default_rng([values, n])
    shares = rng.dirichlet(np.ones(values))
    truth = -float(np.sum(shares * np.log(shares)))
    drawn = [rng.choice(values, (n, 1), p=shares).astype(float) for _ in range(100)]
    found = [greatest(side, (LABEL,)) for side in drawn if len(np.unique(side)) > 1]  # a constant never comes here
    known = [each for each in found if each is not None]
    assert sum(each < truth for each in known) <= 1
    if n == 5_000:
        assert max(known) < truth + 0.1


def test_no_bound_where_most_values_are_unseen_or_go_on() -> None:
    many = RNG.integers(0, 2, (1_000, 30)).astype(float)
    assert greatest(many, (LABEL,) * 30) is None
    assert greatest(many[:, :2], (LABEL, Kind("continuous", "", 1_000))) is None
    assert greatest(many[:, :3], (LABEL,) * 3) == pytest.approx(3 * math.log(2), abs=0.02)
