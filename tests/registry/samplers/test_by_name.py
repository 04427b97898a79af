"""Samplers by the names that people give."""

from __future__ import annotations

import pytest

from mmg_registry import samplers
from mmg_registry.errors import OptionError
from mmg_registry.samplers import SAMPLERS, gaussian, gaussian_mixture


def test_named_finds_made_and_published_samplers() -> None:
    assert samplers.named("gaussian", dim=3, mi=0.7) == gaussian(3, 0.7)
    assert samplers.named("independent", dim=2).true_mi == 0
    assert samplers.named("mixture") is gaussian_mixture()
    assert samplers.named("1v1-additive-0.1") is SAMPLERS["1v1-additive-0.1"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="nearest is 'gaussian'"):
        samplers.named("gausian")
