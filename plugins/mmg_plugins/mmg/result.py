"""The result of an estimate, put together from what its steps found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmg_plugins.columns import PairParts
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.recipe import Recipe
from mmg_plugins.mmg.steps import Trail, take
from mmg_plugins.mmg.trained import FittedGap
from mmg_registry.core import Proposal, chosen_device
from mmg_registry.errors import BiasWarning, about
from mmg_registry.results import Estimate

GAP = ("direct", "direct_se", "orthogonal", "orthogonal_se", "cross", "cross_se")


def estimated(recipe: Recipe, evidence: Evidence) -> Estimate:
    """Take the recipe's steps on the evidence, and return the estimate."""
    trail = take(recipe.steps, evidence)
    return Estimate(
        mi=trail.mi,
        std_error=trail.std_error,
        curve=evidence.gap.curve,
        pointwise=pointwise(trail),
        diagnostics={**measured(recipe, evidence), **judged(trail)},
        device=str(chosen_device(recipe.run.device)),
        backend=backend(recipe, evidence.fitted),
        warnings=[*experiment(recipe), *about(BiasWarning, trail.warnings)],
    )


class Piece(NamedTuple):
    """One information of the chain rule: which it is, how it was estimated, and the estimate."""

    words: str
    how: str
    found: Estimate


def joined_pieces(pieces: Sequence[Piece], sides: PairParts) -> Estimate:
    """Return the sum of all pieces, with the diagnostics of the last one, which is the largest part of the work.

    Errors of pieces on the same rows are taken for independent. Several curves, each over a window of its own, have no
    sum that could be drawn.
    """
    last = pieces[-1].found
    if len(pieces) == 1 and pieces[0].how == "trained":
        return replace(last, diagnostics={**last.diagnostics, **sides.words})
    chain = [{"of": p.words, "how": p.how, "mi": p.found.mi, "std_error": p.found.std_error} for p in pieces]
    return replace(
        last,
        mi=float(sum(p.found.mi for p in pieces)),
        std_error=float(np.linalg.norm([p.found.std_error or 0.0 for p in pieces])),
        curve=last.curve if len([p for p in pieces if p.found.curve]) == 1 else None,
        pointwise=np.sum([p.found.pointwise for p in pieces if p.found.pointwise is not None], axis=0),
        diagnostics={**last.diagnostics, **sides.words, "chain": chain},
        warnings=list(dict.fromkeys(text for p in pieces for text in p.found.warnings)),
    )


def experiment(recipe: Recipe) -> list[str]:
    """Return the warning of a result that steps were left out of."""
    if not recipe.left_out:
        return []
    return [
        f"Left out for an experiment: {', '.join(recipe.left_out)}. The estimate and its error lack what these steps "
        "add, so take neither for a result."
    ]


def pointwise(trail: Trail) -> NDArray[Any]:
    """Return the pointwise values `(n,)` of the evaluation rows in nats, moved as the steps moved their mean.

    The steps before `tail` move the mean inside the window; `tail` adds the same to every row.
    """
    rows, (inside, outside) = trail.evidence.mixed.rows, trail.around("tail")
    moved = inside - trail.start
    tail = trail.evidence.tail if trail.took("tail") else 0.0
    return np.asarray((rows + moved if moved else rows).numpy() + tail + (trail.mi - outside))


def measured(recipe: Recipe, evidence: Evidence) -> dict[str, Any]:
    """Return what was measured, and with which coordinates, network and proposal, for the diagnostics."""
    fitted = evidence.fitted
    return {name: getattr(evidence.gap, name) for name in GAP} | {
        "outside_window": evidence.tail,
        "gaussian_mi": fitted.coordinates.gaussian_mi,
        "linear_mi": None if fitted.coordinates.linear is None else asdict(fitted.coordinates.linear),
        "coordinates": coordinate_words(fitted),
        "proposal": proposal_words(fitted.trained.proposal),
        "repeats": recipe.gap.repeats_for(len(evidence.rows[0])),
        "network": network_words(fitted),
        **training_words(fitted),
        **recipe.describe(recipe, evidence),
    }


def judged(trail: Trail) -> dict[str, Any]:
    """Return the parts of the standard error, and the steps with their reasons, for the diagnostics."""
    return {"errors": trail.errors, "steps": trail.words}


def backend(recipe: Recipe, fitted: FittedGap) -> dict[str, Any]:
    """Return the backend: instruction set and threads of the training, and of the evaluation if it ran elsewhere."""
    return {**fitted.trained.terms[0].denoiser.backend, "threads": recipe.run.threads, **recipe.gap.words}


def coordinate_words(fitted: FittedGap) -> dict[str, list[str]]:
    """Return in words what the coordinates do to x and to y."""
    noised, given = fitted.coordinates.words
    done = {fitted.orientation.noised: noised, fitted.orientation.given: given}
    return {side: done[side] for side in ("x", "y")}


def proposal_words(q: Proposal) -> dict[str, Any]:
    """Return the kind and the window of the proposal over log-SNR."""
    kind = {"kind": "logistic", "loc": q.loc, "scale": q.scale} if q.scale > 0 else {"kind": "piecewise constant"}
    return {**kind, "window": [q.low, q.high]}


def network_words(fitted: FittedGap) -> dict[str, Any]:
    """Return the kind and the sizes of the network, and the number of parameters of all terms."""
    trained = fitted.trained
    parameters = sum(each.denoiser.n_parameters for each in trained.terms)
    return {**trained.network.words(fitted.coordinates), "parameters": parameters}


def training_words(fitted: FittedGap) -> dict[str, Any]:
    """Return the report of the first term's training, and those of other terms with the columns that they noise."""
    first, *others = fitted.trained.terms
    terms = [{"noised": [t.term.first, t.term.last], "training": t.report.to_dict()} for t in others]
    return {"training": first.report.to_dict(), "terms": terms}
