"""Uniform noise on a uniform variable."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import trapezoid

from mmg_registry import samplers
from mmg_registry.errors import OptionError


@pytest.mark.parametrize("width", [0.1, 0.75])
def test_additive_information_is_that_of_the_trapezoid(width: float) -> None:
    t = np.linspace(-width, 1 + width, 2_000_001)
    density = (np.clip(t + width, 0, 1) - np.clip(t - width, 0, 1)) / (2 * width)
    entropy = -trapezoid(density * np.log(np.where(density > 0, density, 1)), t)
    assert samplers.additive_noise(width).true_mi == pytest.approx(entropy - math.log(2 * width), abs=1e-5)


def test_no_width_is_refused() -> None:
    with pytest.raises(OptionError, match="width"):
        samplers.additive_noise(0.0)
