"""The part that gathers facts of the training rows for the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mmg_plugins.belief import SEEN_ROWS, Measured
from mmg_plugins.mmg.challengers import Challenger, Given, Question, hear, neighbours
from mmg_plugins.mmg.facts import TrainingFacts
from mmg_plugins.mmg.parts.gap import GapMeasure
from mmg_plugins.mmg.trained import FittedGap
from mmg_registry.diffusion import KnownMeans


class Remember(Protocol):
    """The part of a recipe that gathers facts."""

    def before(self, question: Question) -> TrainingFacts:
        """Return the facts that the training rows give without a network."""

    def after(self, facts: TrainingFacts, given: Given, fitted: FittedGap, gap: GapMeasure) -> TrainingFacts:
        """Return the facts with the value that the trained network gives on its own rows."""


@dataclass(frozen=True)
class RememberRows:
    """The part that gathers the facts that the steps need.

    Attributes:
        challengers: other estimators that are heard.
        left_out: names of steps and of challengers; a fact that only these need is not computed.
    """

    challengers: tuple[Challenger, ...] = ()
    left_out: frozenset[str] = frozenset()

    def before(self, question: Question) -> TrainingFacts:
        x, y = (side.numpy() for side in question.rows)
        known = KnownMeans.of(x, y, question.coordinates.rho)
        # what both denoisers see is no part of the information, but for challengers it would be
        if question.coordinates.beside.columns:
            return TrainingFacts(known, {})
        if "challenge" in self.left_out:
            return TrainingFacts(known)
        asked = [each for each in self.challengers if each.name not in self.left_out]
        return TrainingFacts(known, hear(asked, question))

    def after(self, facts: TrainingFacts, given: Given, fitted: FittedGap, gap: GapMeasure) -> TrainingFacts:
        if "generalisation" in self.left_out:
            return facts
        x, y = given
        every = -(-len(x) // SEEN_ROWS)
        rows = fitted.coordinates.transform(*fitted.orientation.apply(x[::every], y[::every]))
        direct = gap(fitted.trained, rows).rows[:, 0]
        found = facts.adjusted(rows, fitted.coordinates.rho, direct)[0]
        return facts.with_seen(Measured(found.mean, found.residual_error))


NEIGHBOURS_ALONE = RememberRows((neighbours.CHALLENGER,), frozenset({"generalisation"}))
"""What the variants that are not `auto` remember: what nearest neighbours find, as a second opinion."""
