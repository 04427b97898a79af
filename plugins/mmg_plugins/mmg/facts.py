"""Facts of the training rows that are kept for the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_registry.diffusion import Adjusted, KnownMeans, adjust, features
from mmg_registry.errors import demand


class Measured(NamedTuple):
    """A value and its standard error, both in nats."""

    value: float
    error: float


@dataclass(frozen=True)
class TrainingFacts:
    """Facts of the training rows, all informations in nats.

    Attributes:
        known: means of the regression features over all training rows.
        norms: the information between the norms of rows of x and of y; zeros where it cannot be estimated.
        neighbours: the information that nearest neighbours find; zeros where they give no estimate.
        seen: the direct value on rows that the network was trained on, adjusted to all rows; None before training too.

    All but `known` are None where the step that needs them was left out of `fit`; `needed` then refuses it.
    """

    known: KnownMeans
    norms: Measured | None = None
    neighbours: Measured | None = None
    seen: Measured | None = None

    def needed(self, fact: Literal["norms", "neighbours", "seen"], step: str) -> Measured:
        """Return a fact that `step` needs.

        Raises:
            OptionError: when the step was left out of `fit`, which therefore did not gather the fact.
        """
        found: Measured | None = getattr(self, fact)
        demand(
            found is not None,
            f"The step '{step}' was left out of fit by 'without'; fit again, or leave it out here too.",
        )
        return cast(Measured, found)

    def with_seen(self, seen: Measured) -> TrainingFacts:
        """Return a copy of the facts with the direct value that the trained network gives on its own rows."""
        return replace(self, seen=seen)

    def adjusted(self, rows: CoordinateRows, rho: NDArray[np.float64], *values: Tensor) -> list[Adjusted]:
        """Return the mean of each `(n,)` tensor of `values`, adjusted to all rows by regression on features of `rows`.

        The features are simple functions of (x, y); their means over the training rows are known and depend on no
        network (`mmg_registry.diffusion.adjustment`).
        """
        x, y = rows
        own = features(x.numpy(), y.numpy(), rho)
        return [adjust(each.numpy(), own, self.known) for each in values]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all facts as named arrays, from which `of_arrays` rebuilds them."""
        pairs = {"norms": self.norms, "neighbours": self.neighbours, "seen": self.seen}
        kept = {name: np.array(pair) for name, pair in pairs.items() if pair is not None}
        return {"known_mean": self.known.mean, "known_count": np.array([self.known.count]), **kept}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> TrainingFacts:
        """Rebuild facts from what `arrays` returned."""
        known = KnownMeans(arrays["known_mean"], int(arrays["known_count"][0]))
        kept = {name: Measured(*arrays[name].tolist()) for name in ("norms", "neighbours", "seen") if name in arrays}
        return cls(known, **kept)
