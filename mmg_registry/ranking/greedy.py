"""Features one by one, each for what it adds to those before: the greedy order by conditional information.

The next feature is the one with the largest I(feature; target | those before), as of Battiti (IEEE Trans. Neural Netw.
1994) with the information itself in place of a formula of pairs (Brown, Pocock, Zhao and Lujan, JMLR 2012, equation 5).
It stops where a test of the best candidate, which counts how many were tried, finds nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mmg_registry.contracts import Listener, Progress
from mmg_registry.errors import MMGError
from mmg_registry.quantity import Quantity
from mmg_registry.ranking.rows import FeatureRows
from mmg_registry.ranking.values import Valuer
from mmg_registry.request import Request
from mmg_registry.significance.answer import quick
from mmg_registry.tables import AnswerCell, AnswerColumn

MOST_CANDIDATES = 20
"""Features that are tried at each step: the first ones of the ranking. Lower: one that tells only together with others
is missed more often. Higher: time, in proportion, and a stricter test of the best."""
MOST_STEPS = 10  # unless told: with so many columns given, the rows for each combination are few

GREEDY = (
    AnswerColumn("step", "place in the greedy order; None for a feature that adds nothing for sure, or was not tried"),
    AnswerColumn("adds", "I(feature; target | features of the steps before)", True),
    AnswerColumn("adds_low", "lower end of its interval", True),
    AnswerColumn("adds_high", "upper end of its interval", True),
    AnswerColumn("adds_p", "of the test that it adds nothing, times the number of candidates"),
)


@dataclass(frozen=True)
class GreedyStep:
    """One step: the feature, what it adds in nats, and the p-value of its adding nothing, times the candidates."""

    feature: int
    found: Quantity
    p: float

    def cells(self, place: int) -> dict[str, AnswerCell]:
        """Return the cells of the step in the feature's row."""
        ends: dict[str, AnswerCell] = {"adds_low": self.found.low, "adds_high": self.found.high}
        return {"step": place, "adds": self.found.value, **ends, "adds_p": self.p}


NO_STEP: dict[str, AnswerCell] = {column.name: None for column in GREEDY}


@dataclass(frozen=True)
class GreedySearch:
    """What the greedy search asks.

    Attributes:
        rows: of the table.
        valuer: estimates.
        request: settings of the test.
        alpha: level of the test at which a feature is added.
    """

    rows: FeatureRows
    valuer: Valuer
    request: Request
    alpha: float

    def steps(self, candidates: Sequence[int], most: int, listener: Listener | None = None) -> list[GreedyStep]:
        """Return at most so many steps; the candidates are in the order of the ranking."""
        found: list[GreedyStep] = []
        left = list(candidates[:MOST_CANDIDATES])
        while left and len(found) < most:
            chosen = [step.feature for step in found]
            best = self._best(left, chosen, _reporter(listener, len(found), most))
            if best is None or best.p > self.alpha:
                return found
            found.append(best)
            left.remove(best.feature)
        return found

    def _best(self, left: Sequence[int], chosen: list[int], report: Callable[[float], None]) -> GreedyStep | None:
        """Return the candidate that adds most, by the lower end of its interval, then by its value."""
        added: list[tuple[int, Quantity]] = []
        for i, feature in enumerate(left):
            value = self.valuer.beside(feature, chosen) if chosen else self.valuer.alone(feature)
            added += [(feature, value.found)] if value.found else []
            report((i + 1) / len(left))
        if not added:
            return None
        feature, found = max(added, key=lambda each: (each[1].low or 0.0, each[1].value))
        return GreedyStep(feature, found, min(1.0, len(left) * self._p(feature, chosen)))

    def _p(self, feature: int, chosen: list[int]) -> float:
        pair = self.rows.beside(feature, chosen) if chosen else self.rows.alone(feature)
        request = replace(self.request, kinds=self.rows.kinds([feature, *chosen]))
        try:
            return quick(self.valuer.drawn(pair), request).p.value
        except MMGError:
            return 1.0  # what cannot be tested is not sure


def _reporter(listener: Listener | None, step: int, most: int) -> Callable[[float], None]:
    def report(share: float) -> None:
        if listener:
            listener(Progress(fraction=(step + share) / most, stage=f"step {step + 1}"))

    return report
