"""All rows of which a pair is a sample: what has to hold in every row is looked up there, block after block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmg_registry.arrays import Index


@dataclass(frozen=True)
class Whole:
    """All rows, of which a pair holds some that were drawn at random.

    Attributes:
        n: number of rows that were drawn from.
        seed: of the draw.
        blocks: what reads all rows, each time anew: pairs with the columns of the sample, one after the other.
    """

    n: int
    seed: int
    blocks: Callable[[], Iterator[Any]]

    def through(self, view: Callable[[Any], Any]) -> Whole:
        """Return the rows as `view` shows those of a block."""
        return replace(self, blocks=lambda: map(view, self.blocks()))

    def to_dict(self, drawn: int) -> dict[str, Any]:
        """Return what a result says of a sample of `drawn` rows."""
        return {"rows": drawn, "of": self.n, "seed": self.seed}


def drawn(n: int, size: int, seed: int) -> Index:
    """Return the sorted places of `size` of `n` rows, all sets of which are equally likely.

    Example:
        >>> places = drawn(10, 3, seed=0)
        >>> len(set(places.tolist())), bool((np.diff(places) > 0).all())
        (3, True)
    """
    rng = np.random.default_rng([seed, n])
    return np.sort(rng.choice(n, size, replace=False, shuffle=False))


def told_of_sample(size: int, n: int, seed: int, file: str) -> str:
    """Return the sentence of a result that rests on a sample."""
    return (
        f"The answer is made from {size:,} rows drawn at random (seed {seed}) of {n:,} in {file}; what is said of "
        "columns, save what is exact or infinite, is of these rows. --rows (rows=) draws others, or takes all."
    )
