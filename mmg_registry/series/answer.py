"""An embedding as a pair with what is given, and the registry's estimate of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.data import Pair
from mmg_registry.data.labels import Labels
from mmg_registry.data.order import order_of
from mmg_registry.data.units import FEWEST_BLOCKS, Blocks, block_length
from mmg_registry.estimation.run import run
from mmg_registry.kinds import KindName
from mmg_registry.request import Request
from mmg_registry.results import Estimate
from mmg_registry.series.embedding import at_lag, columns_at
from mmg_registry.series.recording import Recording

Places = Sequence[tuple[str, int]]  # side and steps before the target


@dataclass(frozen=True)
class Embedded:
    """What is asked of a recording: I(x; y | z) at target rows, each variable by its places."""

    recording: Recording
    rows: Index
    x: Places
    y: Places
    z: Places = ()

    def pair(self) -> Pair:
        """Return the rows as a pair, in the order of time; trials are its groups where there are many."""
        sides: dict[str, Any] = {}
        for side in ("x", "y", *(["z"] if self.z else [])):
            places = getattr(self, side)
            values, names = columns_at(self.recording, self.rows, places)
            sides |= {side: values, f"{side}_names": names, f"{side}_labels": self._labels(places)}
        trial = self.recording.trial[self.rows]
        many = len(np.unique(trial)) >= FEWEST_BLOCKS
        return Pair(**sides, source=self.recording.source, groups=trial if many else None, doubts=self.recording.doubts)

    def kinds(self, told: Mapping[str, KindName]) -> dict[str, KindName]:
        """Return the kinds that were told of channels as those of their columns; of other names as they are."""
        places = [*self.x, *self.y, *self.z]
        columns = [(name, f"{name}{at_lag(lag)}") for side, lag in places for name in self.recording.side(side).names]
        names = {name for name, _ in columns}
        of_columns = {column: told[name] for name, column in columns if name in told}
        return {**of_columns, **{name: kind for name, kind in told.items() if name not in names}}

    def _labels(self, places: Places) -> tuple[Labels, ...]:
        found = [
            own
            for side, _ in places
            for own in self.recording.side(side).labels or ((),) * len(self.recording.side(side).names)
        ]
        return tuple(found) if any(found) else ()


def estimate_of(embedded: Embedded, request: Request) -> Estimate:
    """Return the registry's estimate of what is asked, in nats; rows near in time stay on one side of every split."""
    pair = embedded.pair()
    kinds, blocks = embedded.kinds(request.kinds), _blocks(pair, request.blocks)
    return run(pair, replace(request, unit="nats", groups=None, kinds=kinds, blocks=blocks)).estimate


def _blocks(pair: Pair, wish: Blocks) -> Blocks:
    """Return how rows are held together: by blocks of time where both sides remember, which a series may.

    The registry finds that out by itself, but asks whether the order of rows means anything, which it does here.
    """
    if pair.groups is not None or wish != "auto":
        return wish
    order = order_of(pair.x, pair.y)
    return block_length(order.memory, len(pair)) if order.alike else "none"
