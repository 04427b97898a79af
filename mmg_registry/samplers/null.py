"""Independent pairs of every kind of column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.kinds import KindName
from mmg_registry.limits import checked
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.heavy_tailed import independent_student
from mmg_registry.samplers.normal import independent

DrawColumns = Callable[[np.random.Generator, int, int], F64]  # (generator, rows, columns) to `(rows, columns)`


def _normal(rng: np.random.Generator, n: int, dim: int) -> F64:
    return rng.standard_normal((n, dim))


def _skewed(rng: np.random.Generator, n: int, dim: int) -> F64:
    return np.asarray(np.exp(1.2 * rng.standard_normal((n, dim))))


def _count(rng: np.random.Generator, n: int, dim: int) -> F64:
    """Draw Poisson counts whose log-rates are normal, so that they vary more than a Poisson number."""
    return rng.poisson(np.exp(0.5 + 0.7 * rng.standard_normal((n, dim)))).astype(np.float64)


def _zeros(rng: np.random.Generator, n: int, dim: int) -> F64:
    return np.where(rng.random((n, dim)) < 0.6, 0.0, np.exp(rng.standard_normal((n, dim))))


def _category(rng: np.random.Generator, n: int, dim: int) -> F64:
    return rng.choice(5, size=(n, dim), p=[0.4, 0.25, 0.2, 0.1, 0.05]).astype(np.float64)


def _binary(rng: np.random.Generator, n: int, dim: int) -> F64:
    return (rng.random((n, dim)) < 0.3).astype(np.float64)


def _rounded(rng: np.random.Generator, n: int, dim: int) -> F64:
    return np.round(rng.standard_normal((n, dim)), 1)


def _mixed(rng: np.random.Generator, n: int, dim: int) -> F64:
    """Draw columns of every kind in turn."""
    return np.hstack([_PLAIN[j % len(_PLAIN)](rng, n, 1) for j in range(dim)])


_PLAIN: tuple[DrawColumns, ...] = (_normal, _skewed, _count, _zeros, _category, _binary, _rounded)
COLUMNS: dict[str, DrawColumns] = {each.__name__.strip("_"): each for each in (*_PLAIN, _mixed)}


def independent_pair(kind_x: str, kind_y: str, dim: int = 1) -> Sampler:
    """Return independent columns, `dim` against `dim`, of kinds in `COLUMNS`: 0 nats.

    Raises:
        OptionError: for a dimension below 1.

    Example:
        >>> x, y = independent_pair("binary", "skewed", dim=3).sample(100)
        >>> np.unique(x).tolist(), bool((y > 0).all())
        ([0.0, 1.0], True)
    """
    name = kind_x if kind_x == kind_y else f"{kind_x}-{kind_y}"
    draw = partial(_draw_apart, COLUMNS[kind_x], COLUMNS[kind_y], checked("dim", dim))
    return Sampler(f"independent-{name}-{dim}-{dim}", dim, dim, 0.0, draw)


def _draw_apart(on_x: DrawColumns, on_y: DrawColumns, dim: int, rng: np.random.Generator, n: int) -> Samples:
    return on_x(rng, n, dim), on_y(rng, n, dim)


def independent_texts(names_x: int = 12, names_y: int = 15) -> Sampler:
    """Return two independent columns of text as codes in the order of their names, all equally likely: 0 nats."""
    draw = partial(_draw_texts, names_x, names_y)
    kinds: dict[str, KindName] = {"x": "category", "y": "category"}
    return Sampler(f"independent-texts-{names_x}-{names_y}", 1, 1, 0.0, draw, kinds)


def _draw_texts(names_x: int, names_y: int, rng: np.random.Generator, n: int) -> Samples:
    x, y = (rng.integers(names, size=(n, 1)).astype(np.float64) for names in (names_x, names_y))
    return x, y


def _null() -> list[Sampler]:
    dims = (1, 5, 25, 50)
    normal = [replace(independent(d), name=f"independent-normal-{d}-{d}") for d in dims]
    heavy = [independent_student(d, 2) for d in dims]
    kinds = [independent_pair(kind, kind, dim) for kind in list(COLUMNS)[1:-1] for dim in (1, 5, 50)]
    mixed = [independent_pair("mixed", "mixed", dim) for dim in (7, 50)]
    unlike = (("category", "normal", 1), ("category", "normal", 5), ("binary", "skewed", 1), ("zeros", "count", 1))
    return [*normal, *heavy, *kinds, *mixed, *(independent_pair(*each) for each in unlike), independent_texts()]


NULL: dict[str, Sampler] = {task.name: task for task in _null()}
