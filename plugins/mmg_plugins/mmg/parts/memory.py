"""The part that gathers facts of the training rows for the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mmg_plugins.mmg.facts import Measured, TrainingFacts
from mmg_plugins.mmg.parts.coordinates import CoordinateRows, Coordinates
from mmg_plugins.mmg.parts.gap import GapMeasure
from mmg_plugins.mmg.steps.neighbours import ask_neighbours
from mmg_plugins.mmg.thresholds import SEEN_ROWS
from mmg_plugins.mmg.trained import FittedGap
from mmg_registry.contracts import Array, Run
from mmg_registry.diffusion import KnownMeans, norm_information

Given = tuple[Array, Array]  # x and y, as given to fit
NOTHING = Measured(0.0, 0.0)


class Remember(Protocol):
    """The part of a recipe that gathers facts."""

    def before(self, given: Given, coordinates: Coordinates, rows: CoordinateRows, run: Run) -> TrainingFacts:
        """Return the facts that the training rows give without a network."""

    def after(self, facts: TrainingFacts, given: Given, fitted: FittedGap, gap: GapMeasure) -> TrainingFacts:
        """Return the facts with the value that the trained network gives on its own rows."""


@dataclass(frozen=True)
class RememberRows:
    """The part that gathers the facts that the steps need.

    Attributes:
        left_out: names of steps; a fact that only these need is not computed.
    """

    left_out: frozenset[str] = frozenset()

    def before(self, given: Given, coordinates: Coordinates, rows: CoordinateRows, run: Run) -> TrainingFacts:
        x, y = (side.numpy() for side in rows)
        known = KnownMeans.of(x, y, coordinates.rho)
        if coordinates.beside:  # what both denoisers see is no part of the information, but of these it would be
            return TrainingFacts(known, NOTHING, NOTHING)
        norms = None if "norms" in self.left_out else Measured(*norm_information(x, y))
        neighbours = None if "neighbours" in self.left_out else ask_neighbours(*given, run)
        return TrainingFacts(known, norms, neighbours)

    def after(self, facts: TrainingFacts, given: Given, fitted: FittedGap, gap: GapMeasure) -> TrainingFacts:
        if "generalisation" in self.left_out:
            return facts
        x, y = given
        every = -(-len(x) // SEEN_ROWS)
        rows = fitted.coordinates.transform(*fitted.orientation.apply(x[::every], y[::every]))
        direct = gap(fitted.trained, rows).rows[:, 0]
        found = facts.adjusted(rows, fitted.coordinates.rho, direct)[0]
        return facts.with_seen(Measured(found.mean, found.residual_error))


NEIGHBOURS_ALONE = RememberRows(frozenset({"norms", "generalisation"}))
"""What the variants that are not `auto` remember: what nearest neighbours find, as a second opinion."""
