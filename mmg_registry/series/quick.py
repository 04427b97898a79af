"""Which estimator answers where nobody names one: the closed form where lines tell all, else nearest neighbours.

A series costs some twenty estimates more than independent rows, so that the default trains nothing. `gaussian` is exact
for a Gaussian copula, at any history; nearest neighbours see curves too, and grow less exact with every column that is
given. Held-out stretches tell which of both these rows need: whether they are predicted better by curves than by lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmg_registry.data.kinds import kind_of
from mmg_registry.series.history import Gain, gain, held_out
from mmg_registry.series.problem import LagProblem

LINES, CURVES = "gaussian", "ksg"
SURE = 2.0
"""Standard errors of a gain from which curves are taken. Lower: noise takes the exact form away. Higher: weak curves
are left to the closed form, which tells less of them.

Evidence: of a pair of autoregressions one error was passed by chance; the curved pairs of the benchmark pass by 20.
"""
WORDS = {
    LINES: "Lines predict held-out stretches as well as curves ({:+.4f} ± {:.4f} nats), so that gaussian answers.",
    CURVES: "Curves predict held-out stretches better than lines ({:+.4f} ± {:.4f} nats), so that ksg answers.",
}
LABELLED = "There are labels or counts, so that ksg answers."


def plugin_of(problem: LagProblem, places: Sequence[int]) -> tuple[str, str]:
    """Return the plugin that answers about the lags at `places` of the problem, and why, in a sentence."""
    if not all(is_continuous(problem, side) for side in ("x", "y")):
        return CURVES, LABELLED
    curved = curvature(problem, places)
    name = CURVES if curved.nats > SURE * curved.error else LINES
    return name, WORDS[name].format(curved.nats, curved.error)


def curvature(problem: LagProblem, places: Sequence[int]) -> Gain:
    """Return what functions of past and source add to a held-out prediction by their normal scores."""
    lags = [problem.reach.lags[place] for place in places]
    past = [(side, lag) for side, steps in problem.reach.past for lag in range(1, steps + 1)]
    lines = [problem.at(side, lag, 1) for side, lag in [*past, *(("x", lag) for lag in lags)]]
    curves = [problem.past, *(problem.with_gate(place) for place in places)]
    likely = held_out(problem.target, [np.concatenate(each, axis=1) for each in (lines, curves)])
    return gain(likely[:, 2], likely[:, 1])


def is_continuous(problem: LagProblem, side: str) -> bool:
    """Return whether a side has neither labels nor counts."""
    values = problem.recording.side(side)
    return not any(values.labels) and all(
        kind_of(values.values[values.there, j]).name == "continuous" for j in range(len(values.names))
    )
