"""A uniform variable and uniform noise on it."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from mmg_registry.limits import demand_value
from mmg_registry.samplers.contract import Sampler, Samples


def additive_noise(width: float) -> Sampler:
    """Return X uniform on (0, 1) and Y = X + N with N uniform on (-width, width).

    Raises:
        OptionError: for a width that is not positive.
    """
    demand_value(width > 0, "width", width, "a positive number")
    mi = width - math.log(2 * width) if width <= 0.5 else 1 / (4 * width)
    return Sampler(f"1v1-additive-{width:g}", 1, 1, mi, partial(_draw_additive, width))


def _draw_additive(width: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.random((n, 1))
    return x, x + rng.uniform(-width, width, (n, 1))
