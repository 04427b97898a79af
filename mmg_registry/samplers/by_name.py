"""Samplers by the names that people give."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mmg_registry.errors import OptionError
from mmg_registry.names import nearest
from mmg_registry.samplers.bmi import SAMPLERS
from mmg_registry.samplers.contract import Sampler
from mmg_registry.samplers.mixtures import gaussian_mixture
from mmg_registry.samplers.normal import gaussian, independent


def named(name: str, dim: int = 5, mi: float = 1.0) -> Sampler:
    """Return the sampler called `name`.

    Args:
        name: "gaussian", "independent", "mixture", or a task's id.
        dim: columns on each side of "gaussian" and "independent".
        mi: mutual information of "gaussian" in nats.

    Raises:
        OptionError: for an unknown name, with the nearest known one, and for a `dim` or `mi` out of range.

    Example:
        >>> named("gaussian", dim=3, mi=0.7).dim_x
        3
    """
    made: dict[str, Callable[[], Sampler]] = {
        "gaussian": partial(gaussian, dim, mi),
        "independent": partial(independent, dim),
        "mixture": gaussian_mixture,
    }
    if name in made:
        return made[name]()
    if name not in SAMPLERS:
        raise OptionError(f"There is no sampler '{name}'; {nearest(name, [*made, *SAMPLERS])}.")
    return SAMPLERS[name]
