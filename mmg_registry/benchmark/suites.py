"""The built-in suites, offered through the same hook as those of other distributions.

They are `bmi` (the 40 tasks), `high-mi`, `null`, `beyond` (kinds that the 40 do not hold), and `beyond-held-out`, which
no default was chosen by.
"""

from __future__ import annotations

from mmg_registry.benchmark.tasks import Task
from mmg_registry.hooks import hookimpl
from mmg_registry.samplers import HIGH_MI, NULL, SAMPLERS
from mmg_registry.samplers.beyond import BEYOND, HELD_OUT


@hookimpl
def mmg_tasks() -> list[Task]:
    """Return all built-in tasks."""
    bmi = [Task("bmi", bmi_family(name), sampler) for name, sampler in SAMPLERS.items()]
    high = [Task("high-mi", high_family(name), sampler) for name, sampler in HIGH_MI.items()]
    null = [Task("null", "heavy-tailed" if "student" in name else "normal", each) for name, each in NULL.items()]
    beyond = {"beyond": BEYOND, "beyond-held-out": HELD_OUT}
    kinds = [Task(suite, kind, one) for suite, known in beyond.items() for kind, own in known.items() for one in own]
    return [*bmi, *high, *null, *kinds]


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
