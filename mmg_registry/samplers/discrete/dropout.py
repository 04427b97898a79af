"""Numbers that are lost to 0 in some rows, such as the expression of a gene in a cell."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmg_registry.limits import demand_value
from mmg_registry.samplers.contract import DrawSamples, Sampler, Samples
from mmg_registry.samplers.normal import bivariate_normal


def dropout(rho: float = 0.9, kept: float = 0.7, both: bool = True) -> Sampler:
    """Return two log-normals, whose logarithms have correlation `rho`, with y or both sides lost to 0 in some rows.

    Losses are independent of all else, each side is kept with probability `kept`, and a 0 tells that it was lost. So
    the information is that of the normal pair times the probability that neither side was lost.

    Raises:
        OptionError: for a probability outside [0, 1], or a correlation outside (-1, 1).

    Example:
        >>> round(dropout(0.9, 0.7).true_mi, 4)
        0.4069
    """
    demand_value(0 <= kept <= 1, "kept", kept, "a probability")
    base = bivariate_normal(rho)
    name = f"dropout-{'both' if both else 'one'}-{kept:g}"
    return Sampler(name, 1, 1, base.true_mi * kept ** (1 + both), partial(_draw_dropout, base.draw, kept, both))


def _draw_dropout(base: DrawSamples, kept: float, both: bool, rng: np.random.Generator, n: int) -> Samples:
    x, y = (np.exp(side) for side in base(rng, n))
    lost_x, lost_y = rng.random((2, n, 1)) >= kept
    return np.where(lost_x, 0.0, x) if both else x, np.where(lost_y, 0.0, y)
