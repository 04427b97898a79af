"""Facts of the training rows that are kept for the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmg_plugins.belief import Measured
from mmg_plugins.mmg.challengers.contract import Heard
from mmg_plugins.mmg.parts.coordinates import CoordinateRows
from mmg_registry.contracts import below
from mmg_registry.diffusion import Adjusted, KnownMeans, adjust, features
from mmg_registry.errors import demand

T = TypeVar("T")


@dataclass(frozen=True)
class TrainingFacts:
    """Facts of the training rows, all informations in nats.

    Attributes:
        known: means of the regression features over all training rows.
        heard: what other estimators find in the training rows, by the name of the challenger.
        seen: the direct value on rows that the network was trained on, adjusted to all rows; None before training too.

    All but `known` are None where the step that needs them was left out of `fit`, and is then refused.
    """

    known: KnownMeans
    heard: Mapping[str, Heard] | None = None
    seen: Measured | None = None

    def all_heard(self, step: str) -> Mapping[str, Heard]:
        """Return what was heard, which `step` needs.

        Raises:
            OptionError: when the step was left out of `fit`, where therefore nobody was asked.
        """
        return _needed(self.heard, step)

    def seen_for(self, step: str) -> Measured:
        """Return the direct value on training rows, which `step` needs.

        Raises:
            OptionError: when the step was left out of `fit`, which therefore did not measure it.
        """
        return _needed(self.seen, step)

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
        heard = {f"heard.{name}": np.array(each) for name, each in (self.heard or {}).items()}
        asked = {"asked": np.array([1.0])} if self.heard is not None else {}
        seen = {"seen": np.array(self.seen)} if self.seen is not None else {}
        return {"known_mean": self.known.mean, "known_count": np.array([self.known.count]), **seen, **asked, **heard}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> TrainingFacts:
        """Rebuild facts from what `arrays` returned."""
        known = KnownMeans(arrays["known_mean"], int(arrays["known_count"][0]))
        heard = {name: Heard(*each.tolist()) for name, each in below(arrays, "heard.").items()}
        seen = Measured(*arrays["seen"].tolist()) if "seen" in arrays else None
        return cls(known, heard if "asked" in arrays else None, seen)


def _needed(found: T | None, step: str) -> T:
    demand(
        found is not None,
        f"The step '{step}' was left out of fit by 'without'; fit again, or leave it out here too.",
    )
    return cast(T, found)
