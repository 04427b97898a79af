"""What `auto` keeps of its training rows, for its steps to draw on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_registry.diffusion import Adjusted, KnownMeans, adjust, features


class Measured(NamedTuple):
    """A value and its standard error, both in nats."""

    value: float
    error: float


@dataclass(frozen=True)
class TrainingFacts:
    """Facts of the training rows.

    Attributes:
        known: means of the regression features, over all training rows.
        norms: what the norms of rows of x and of y share; zeros where that cannot be told.
        neighbours: what nearest neighbours find; zeros where they cannot tell.
        seen: the direct value on rows that the network was trained on, adjusted to all rows; None before training.
    """

    known: KnownMeans
    norms: Measured
    neighbours: Measured
    seen: Measured | None = None

    def with_seen(self, seen: Measured) -> TrainingFacts:
        """Return the facts with what the trained network sees in its own rows."""
        return replace(self, seen=seen)

    def adjusted(self, rows: CoordinateRows, rho: NDArray[np.float64], *values: Tensor) -> list[Adjusted]:
        """Return means over `rows` of values `(n,)` each, adjusted to all rows by regression on the rows' features.

        The features are simple functions of (x, y) whose means over the training rows no network has touched
        (`mmg_registry.diffusion.adjustment`).
        """
        x, y = rows
        own = features(x.numpy(), y.numpy(), rho)
        return [adjust(each.numpy(), own, self.known) for each in values]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as named arrays."""
        pairs = {"norms": self.norms, "neighbours": self.neighbours, "seen": self.seen}
        kept = {name: np.array(pair) for name, pair in pairs.items() if pair is not None}
        return {"known_mean": self.known.mean, "known_count": np.array([self.known.count]), **kept}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> TrainingFacts:
        """Undo `arrays`."""
        known = KnownMeans(arrays["known_mean"], int(arrays["known_count"][0]))
        norms, neighbours = (Measured(*arrays[name].tolist()) for name in ("norms", "neighbours"))
        return cls(known, norms, neighbours, Measured(*arrays["seen"].tolist()) if "seen" in arrays else None)
