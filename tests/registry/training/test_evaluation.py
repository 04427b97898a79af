"""Gains from one evaluation of held-out rows to another."""

from __future__ import annotations

import math

import pytest
import torch

from mmg_registry.results import widened
from mmg_registry.training.evaluation import ESTIMATE, Evaluation, gained


def test_what_both_evaluations_share_cancels_in_their_gain() -> None:
    common = 100 * torch.randn(400, generator=torch.Generator().manual_seed(0))
    own = torch.randn(400, generator=torch.Generator().manual_seed(1))
    mean, error = gained(common, common + own)
    assert mean == pytest.approx(float(own.mean()), abs=1e-5)
    assert error == pytest.approx(widened(float(own.std()) / 20, 400), rel=1e-4)


def test_the_gain_is_that_of_the_column_asked_for() -> None:
    before = Evaluation(0, torch.zeros(9, 2))
    after = Evaluation(5, torch.tensor([[1.0, 3.0]]).expand(9, 2))
    assert after.gain(before) == (1.0, 0.0)
    assert after.gain(before, ESTIMATE) == (3.0, 0.0)


def test_weights_that_overflowed_never_gain() -> None:
    fine, broken = torch.zeros(3), torch.full((3,), -math.inf)
    assert gained(fine, broken)[0] == -math.inf
    assert gained(broken, fine) == (math.inf, 0.0)


def test_the_gain_of_a_single_row_is_never_sure() -> None:
    assert gained(torch.zeros(1), torch.ones(1)) == (1.0, math.inf)
