"""The built-in suites, offered through the same hook as those of other distributions: `bmi`, `high-mi` .."""

from __future__ import annotations

from collections.abc import Mapping

from mmg_registry.benchmark.tasks import Task
from mmg_registry.hooks import hookimpl
from mmg_registry.samplers import HIGH_MI, NULL, SAMPLERS, Sampler, discrete_pairs, mutinfo_grid
from mmg_registry.samplers.beyond import BEYOND, HELD_OUT


@hookimpl
def mmg_tasks() -> list[Task]:
    """Return all built-in tasks."""
    bmi = [Task("bmi", bmi_family(name), sampler) for name, sampler in SAMPLERS.items()]
    high = [Task("high-mi", high_family(name), sampler) for name, sampler in HIGH_MI.items()]
    null = [Task("null", null_family(name), each) for name, each in NULL.items()]
    known = {"discrete": discrete_pairs(), "mutinfo": mutinfo_grid(), "beyond": BEYOND, "beyond-held-out": HELD_OUT}
    return [*bmi, *high, *null, *(task for suite, pairs in known.items() for task in _by_family(suite, pairs))]


def _by_family(suite: str, families: Mapping[str, list[Sampler]]) -> list[Task]:
    return [Task(suite, family, sampler) for family, samplers in families.items() for sampler in samplers]


def bmi_family(name: str) -> str:
    """Return the family of one of the 40 tasks, as their authors group them.

    Example:
        >>> bmi_family("asinh-student-identity-2-2-1"), bmi_family("asinh-student-identity-1-1-1")
        ('transformed', 'one-dimensional')
    """
    sampler = SAMPLERS[name]
    if sampler.dim_x == sampler.dim_y == 1:
        return "one-dimensional"
    families = {"swissroll": "embedding", "multinormal": "multinormal", "student": "student"}
    return next((family for start, family in families.items() if name.startswith(start)), "transformed")


def high_family(name: str) -> str:
    """Return the family of a task of high information: plain, half-cubed or spiralled."""
    maps = {"half_cube": "half-cubed", "spiral": "spiralled"}
    return next((family for start, family in maps.items() if name.startswith(start)), "plain")


def null_family(name: str) -> str:
    """Return the family of an independent pair: what its columns are.

    Example:
        >>> null_family("independent-category-normal-5-5"), null_family("independent-student-1-1-2")
        ('category and normal', 'heavy-tailed')
    """
    kinds = [word for word in name.split("-")[1:] if not word.isdigit()]
    return "heavy-tailed" if kinds == ["student"] else " and ".join(kinds)
