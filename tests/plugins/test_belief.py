"""How far noisy values are believed, and from when a part is worth a warning."""

from __future__ import annotations

import math

import pytest

from mmg_plugins.belief import shrinkage, surely_above
from mmg_plugins.mmg.parts.mixing import cross_weight
from mmg_plugins.mmg.thresholds import Noticeable


@pytest.mark.parametrize(("value", "error", "share"), [(0.1, 0.0, 1.0), (0.1, 0.05, 0.75), (-0.1, 0.05, 0.75)])
def test_a_significant_cross_term_is_believed(value: float, error: float, share: float) -> None:
    assert shrinkage(value, error) == pytest.approx(share)


@pytest.mark.parametrize(("value", "error"), [(0.0, 0.0), (0.0, 0.1), (0.05, 0.05), (0.01, 0.1), (0.1, math.inf)])
def test_an_insignificant_cross_term_is_not(value: float, error: float) -> None:
    assert shrinkage(value, error) == 0.0


def test_half_of_a_negative_cross_term_is_counted() -> None:
    assert cross_weight(0.1, 0.0) == 1.0
    assert cross_weight(-0.1, 0.0) == 0.5
    assert cross_weight(-0.1, 0.05) == pytest.approx(0.375)
    assert cross_weight(0.01, 0.05) == 0.0


def test_only_what_is_positive_is_believed_to_lie_above_zero() -> None:
    assert surely_above(0.1, 0.05) == pytest.approx(0.075)
    assert surely_above(-0.1, 0.05) == 0.0


@pytest.mark.parametrize(("part", "mi", "said"), [(0.011, 0.0, True), (0.01, 0.0, False), (0.05, 2.0, True)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_part_is_noticeable_beyond_the_floor_and_the_share(part: float, mi: float, said: bool, sign: int) -> None:
    assert Noticeable(floor=0.01, share=0.02)(part, sign * mi) == said
