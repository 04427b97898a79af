"""Evidence made by hand, for tests of single steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mmg_plugins.belief import Measured
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.facts import TrainingFacts
from mmg_plugins.mmg.parts import mixing
from mmg_plugins.mmg.parts.coordinates import StandardCoordinates
from mmg_plugins.mmg.parts.links import Link
from mmg_plugins.mmg.parts.networks import FusedNetworks
from mmg_plugins.mmg.parts.orientation import Orientation
from mmg_plugins.mmg.parts.terms import Term
from mmg_plugins.mmg.trained import FittedGap, TrainedTerm, TrainedTerms
from mmg_registry.diffusion import GapEstimate, KnownMeans, default_logistic
from mmg_registry.results import Curve
from mmg_registry.training import Report

N = 40  # evaluation rows: enough for two features


def gap(cross: float = 0.0, cross_se: float = 0.01, top: float = 0.0, direct: float = 0.5) -> GapEstimate:
    """A gap of `direct` nats with a cross term, whose curve ends at the height `top`."""
    curve = Curve([-10.0, 13.5, 14.0], [0.02, top], [0.02, top], [0, 0], [1e-3, 1e-3], [1e-3, 1e-3], [0, 0], [9, 9])
    noise = torch.linspace(-0.01, 0.01, N, dtype=torch.float64)
    rows = torch.stack([direct + noise, direct - cross + noise.flip(0)], 1)
    return GapEstimate(direct, direct - cross, cross, 0.01, 0.01, cross_se, rows, curve)


def facts(**changed: Any) -> TrainingFacts:
    """Facts that change nothing, but for those given."""
    known = KnownMeans(np.zeros(14), 160)
    nothing = Measured(0.0, 0.0)
    return TrainingFacts(known, **{"heard": {}, "seen": nothing, **changed})


def fitted(*reports: Report, known: TrainingFacts | None = None, coordinates: Any = None) -> FittedGap:
    """Something fitted, with reports of its trainings and without any denoiser."""
    terms = tuple(TrainedTerm(Term(0, 1), None, report) for report in reports or (Report(),))  # type: ignore[arg-type]
    trained = TrainedTerms(FusedNetworks(8, 1), terms, default_logistic())
    plain = StandardCoordinates(np.zeros(2), np.ones(2), 1)
    return FittedGap(Link(Orientation(False, "as published")), coordinates or plain, trained, 200, known or facts())


def evidence(found: GapEstimate | None = None, **changed: Any) -> Evidence:
    """Evidence of a pair of single columns, the gap's cross term counted as `auto` does."""
    found = found or gap()
    rows = torch.linspace(-1, 1, N)[:, None], torch.linspace(1, -1, N)[:, None] ** 2
    own: dict[str, Any] = {"mixed": mixing.by_cross_term(found), "integrand": "direct", "tail": 0.0}
    own |= {"linear_height": 0.0, "rows": rows, "fitted": fitted(), **changed}
    return Evidence(found, **own)
