"""What a sampler is: a pair of variables that can be drawn and whose mutual information is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.kinds import KindName
from mmg_registry.limits import checked

Samples = tuple[F64, F64]
DrawSamples = Callable[[np.random.Generator, int], Samples]
Map = Callable[[F64], F64]


@dataclass(frozen=True)
class Sampler:
    """A pair (X, Y) that can be sampled and whose mutual information is known.

    Attributes:
        name: its published id, or a descriptive name.
        dim_x, dim_y: dimensions of X and of Y.
        truth: I(X; Y) in nats, or a function that computes it, which runs when `true_mi` is first asked for.
        draw: maps (generator, n) to rows (x, y).
        kinds: kinds of columns by their names ("y", or "y0", "y1" .. where there are more), as `estimate` takes them,
            where the values alone do not tell: a category whose codes are those of a text.

    Example:
        >>> from mmg_registry.samplers import SAMPLERS
        >>> task = SAMPLERS["1v1-normal-0.75"]
        >>> x, y = task.sample(1000, seed=0)
        >>> x.shape, y.shape, round(task.true_mi, 4)
        ((1000, 1), (1000, 1), 0.4133)
    """

    name: str
    dim_x: int
    dim_y: int
    truth: float | Callable[[], float]
    draw: DrawSamples = field(repr=False, compare=False)
    kinds: Mapping[str, KindName] = field(default_factory=dict, repr=False, hash=False)

    @cached_property
    def true_mi(self) -> float:
        """Return I(X; Y) in nats."""
        return self.truth() if callable(self.truth) else self.truth

    def sample(self, n: int, seed: int = 0) -> Samples:
        """Draw `x` `(n, dim_x)` and `y` `(n, dim_y)` in float64; equal seeds give equal rows.

        Raises:
            OptionError: for an `n` or a `seed` out of range, see `mmg_registry.limits`.
        """
        return self.draw(np.random.default_rng(checked("seed", seed)), checked("rows", n, "n"))

    def mapped(self, prefix: str, on_x: Map, on_y: Map, dim_x: int | None = None) -> Sampler:
        """Return the pair (on_x(X), on_y(Y)) for invertible maps, which has the same mutual information.

        Args:
            prefix: beginning of the new name, before this pair's name.
            on_x, on_y: maps of rows `(n, dim)`.
            dim_x: dimension of on_x(X), if it differs.
        """
        draw = partial(_draw_mapped, self.draw, on_x, on_y)
        return Sampler(f"{prefix}-{self.name}", dim_x or self.dim_x, self.dim_y, self.truth, draw)


def _draw_mapped(base: DrawSamples, on_x: Map, on_y: Map, rng: np.random.Generator, n: int) -> Samples:
    x, y = base(rng, n)
    return on_x(x), on_y(y)


def product_of(name: str, parts: Sequence[Sampler]) -> Sampler:
    """Return independent pairs as one, whose columns are those of all parts and whose information is their sum.

    Kinds that a part tells are not kept, for its columns get other names.

    Example:
        >>> from mmg_registry.samplers import gaussian
        >>> product_of("two", [gaussian(1, 0.25), gaussian(2, 0.5)]).true_mi
        0.75
    """
    dims = sum(part.dim_x for part in parts), sum(part.dim_y for part in parts)
    draw = partial(_draw_product, [part.draw for part in parts])
    return Sampler(name, *dims, sum(part.true_mi for part in parts), draw)


def _draw_product(draws: Sequence[DrawSamples], rng: np.random.Generator, n: int) -> Samples:
    drawn = [draw(rng, n) for draw in draws]
    return np.hstack([x for x, _ in drawn]), np.hstack([y for _, y in drawn])
