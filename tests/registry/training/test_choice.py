"""Which weights are kept, and the error of that choice."""

from __future__ import annotations

import math

import pytest
import torch

from mmg_registry.training.choice import EarliestUnbeaten, Latest, choice_error
from mmg_registry.training.evaluation import Evaluation

SHARES = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
KEPT = Evaluation(0, SHARES)


def later(gain: float, spread: float = 0.0) -> Evaluation:
    noise = torch.randn(500, 2, generator=torch.Generator().manual_seed(1))
    return Evaluation(9, SHARES + gain + spread * (noise - noise.mean(0)))


def test_weights_are_replaced_where_the_gain_is_beyond_its_error() -> None:
    rule = EarliestUnbeaten()
    assert rule.replaces(later(0.1), KEPT)
    assert not rule.replaces(later(0.0), KEPT)
    assert not rule.replaces(later(0.1, spread=10.0), KEPT)  # an error of 0.45
    assert rule.replaces(later(1.0, spread=10.0), KEPT)


def test_the_latest_weights_are_kept_whatever_they_lost() -> None:
    assert Latest().replaces(later(-1.0), KEPT)


def test_a_choice_that_is_sure_has_no_error() -> None:
    worse, like = (Evaluation(9, torch.stack([SHARES[:, 0] - by, SHARES[:, 1].flip(0)], 1)) for by in (1.0, 0.0))
    assert choice_error(KEPT, KEPT) == choice_error(KEPT, worse) == 0.0
    assert choice_error(KEPT, like) == pytest.approx(math.sqrt(2 / 500), rel=0.1)
