"""Annealed importance sampling as a plugin: what it warns of."""

from __future__ import annotations

import pytest
import torch

from mmg_plugins.bounds.ais import crossing
from mmg_registry.annealing.ais import LogEvidence


@pytest.mark.parametrize(("gap", "warned"), [(0.1, False), (-0.0005, False), (-0.1, True)])
def test_bounds_that_cross_by_more_than_is_worth_saying_are_warned_about(gap: float, warned: bool) -> None:
    low = torch.zeros(3, dtype=torch.float64)
    assert bool(crossing(LogEvidence(low, low + gap, None, 1.0))) is warned
