"""The step `unseen`: what a training that learned nothing, or kept early weights, could not have seen.

Where the initial weights were kept, every row has the value of the linear denoisers, and their spread says nothing of
what the network missed (`mmg_plugins.unseen`).
"""

from __future__ import annotations

import math

from mmg_plugins.belief import surely_above
from mmg_plugins.mmg.challengers import Heard, neighbours
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps import cross, generalisation, unfinished
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import NEIGHBOUR_COLUMNS, NOTICEABLE_PART, PEER_SHARE, REACH_ERRORS
from mmg_plugins.unseen import (
    directions_unknown,
    early_weights,
    fewer_rows_than_columns,
    linear_left,
    missed,
    no_evidence,
    nothing_learned,
    too_small_to_see,
)


def find(evidence: Evidence, value: float) -> Finding:
    """Keep the value; return the information that was too small to be seen as a part of the error.

    Nearest neighbours, where they were asked, need no training: what they cannot rule out counts in place of what
    held-out rows could not have noticed, if it is less. Where the estimate is surely low, the interval reaches what
    they allow.
    """
    fitted = evidence.fitted
    dims = fitted.coordinates.dim_x, fitted.coordinates.dim_y
    error = missed(fitted.trained.reports, fitted.rows, dims, _of_neighbours(evidence, value))
    error = math.hypot(error, _left_unlearned(evidence, value), _linear_left(evidence, value), _reach(evidence, value))
    return Finding(value, error, "what could not have been seen, where initial or early weights were kept")


def _linear_left(evidence: Evidence, value: float) -> float:
    """Return how far the linear dependence of training rows exceeds a value without learning, in nats."""
    fitted = evidence.fitted
    if not nothing_learned(fitted.trained.reports):
        return 0.0
    return linear_left(fitted.coordinates.linear, value, evidence.mixed.error or 0.0)


def _left_unlearned(evidence: Evidence, value: float) -> float:
    """Return what a training that kept early weights may have left unlearned, in nats; 0 for later weights.

    Early weights are kept where memorising begins to cost more than learning brings. Both are then of one size, and
    what is memorised is measured: by how much the value is larger on training rows. The steps `cross` and
    `generalisation` count a part of the same, which is taken off.
    """
    fitted = evidence.fitted
    seen = fitted.facts.seen if fitted.facts else None
    if seen is None or not early_weights(fitted.trained.reports):
        return 0.0
    direct = evidence.adjusted[1]
    memorised = surely_above(seen.value - direct.mean, math.hypot(seen.error, direct.residual_error))
    counted = [step.find(evidence, value).error or 0.0 for step in (cross.MIXED, generalisation.STEP)]
    return math.sqrt(max(0.0, memorised**2 - sum(error**2 for error in counted)))


def _reach(evidence: Evidence, value: float) -> float:
    """Return the error with which an interval reaches what neighbours allow, in nats; 0 for a training that settled.

    A training that kept early weights, or was cut, leaves an estimate that is low, by an amount that it cannot tell.
    Neighbours who find as much are low too, but they know how much they still rise with the rows. Those who find less
    than the network rise for want of rows in many columns, which says nothing of the network. Where nothing was
    learned, what they cannot rule out counts already.
    """
    known, reports = _neighbours(evidence), evidence.fitted.trained.reports
    is_low = bool(early_weights(reports)) or any(map(unfinished.stopped, reports))
    if known is None or nothing_learned(reports) or not is_low or known.value < PEER_SHARE * value:
        return 0.0
    return max(0.0, known.value + known.error - value) / REACH_ERRORS


def _of_neighbours(evidence: Evidence, value: float) -> float:
    """Return what neighbours cannot rule out, in nats: their excess and a standard error; infinite if not asked."""
    known = _neighbours(evidence)
    return math.inf if known is None else max(0.0, known.value - value) + known.error


def _neighbours(evidence: Evidence) -> Heard | None:
    """Return what neighbours found; None where they were not asked, or could not tell."""
    facts = evidence.fitted.facts
    known = (facts.heard or {}).get(neighbours.CHALLENGER.name) if facts else None
    return known if known and known.error else None


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn that nothing was learned, where that may hide much, or that training kept early weights."""
    fitted, error = evidence.fitted, finding.error or 0.0
    if not nothing_learned(fitted.trained.reports):
        return early_weights(fitted.trained.reports)
    left, coordinates = _linear_left(evidence, finding.value), fitted.coordinates
    columns = coordinates.dim_x + coordinates.dim_y + coordinates.beside.given
    found = [*fewer_rows_than_columns(fitted.rows, columns)]
    found += [directions_unknown(left)] if NOTICEABLE_PART(left, mi) else []
    if columns > NEIGHBOUR_COLUMNS:
        return [*found, no_evidence(columns)]
    return [*found, too_small_to_see(error)] if NOTICEABLE_PART(error, mi) else found


STEP = Step("unseen", find, warn)
