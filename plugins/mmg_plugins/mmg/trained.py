"""The result of a training, and how it is saved: trained terms, their proposal, and facts of the training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from mmg_plugins.mmg.facts import TrainingFacts
from mmg_plugins.mmg.parts.coordinates import Coordinates, FitCoordinates, no_rows
from mmg_plugins.mmg.parts.links import Link
from mmg_plugins.mmg.parts.networks import Networks
from mmg_plugins.mmg.parts.orientation import Orientation
from mmg_plugins.mmg.parts.terms import Term
from mmg_registry.arrays import NamedArrays, SavedState
from mmg_registry.contracts import Run, below
from mmg_registry.core import Proposal
from mmg_registry.diffusion import TrainedDenoiser, as_saved
from mmg_registry.training import Report

Meta = Mapping[str, Any]


@dataclass(frozen=True)
class TrainedTerm:
    """One term of the chain rule, its denoiser at the kept weights, and the report of its training."""

    term: Term
    denoiser: TrainedDenoiser
    report: Report


@dataclass(frozen=True)
class TrainedTerms:
    """Denoisers whose gaps sum to the information.

    Attributes:
        network: the part that made the denoisers.
        terms: one term, unless the recipe splits the information.
        proposal: the density over log-SNR under which all terms are evaluated.
    """

    network: Networks
    terms: tuple[TrainedTerm, ...]
    proposal: Proposal

    @property
    def reports(self) -> Sequence[Report]:
        """Return the report of every term's training."""
        return [each.report for each in self.terms]

    @property
    def seconds(self) -> float:
        """Return the wall time of all trainings together, in seconds."""
        return sum(report.seconds for report in self.reports)

    def state(self) -> SavedState:
        """Return the weights as named arrays, and everything else as a JSON-serialisable mapping."""
        weights = {
            f"{i}.{key}": tensor.numpy()
            for i, each in enumerate(self.terms)
            for key, tensor in each.denoiser.snapshot().items()
        }
        terms = [{**asdict(each.term), "report": each.report.to_dict()} for each in self.terms]
        return weights, {"network": self.network.state(), "proposal": _saved(self.proposal), "terms": terms}


@dataclass(frozen=True)
class FittedGap:
    """A fitted estimator of the gap, which `fit` leaves and `restore` rebuilds.

    Attributes:
        link: which information this is, and which variable was noised.
        coordinates: the coordinates, fitted to the training rows.
        trained: the trained denoisers.
        rows: number of rows that it was fitted to, held-out ones included.
        facts: facts of the training rows that the steps need, or None.
    """

    link: Link
    coordinates: Coordinates
    trained: TrainedTerms
    rows: int
    facts: TrainingFacts | None = None

    @property
    def orientation(self) -> Orientation:
        """Return which variable was noised, and why."""
        return self.link.orientation

    def state(self) -> SavedState:
        """Return the fitted numbers as named arrays, and everything else as a JSON-serialisable mapping."""
        coordinates, words = self.coordinates.state()
        weights, trained = self.trained.state()
        facts = self.facts.arrays() if self.facts else {}
        parts = {"coordinates": coordinates, "term": weights, "facts": facts}
        arrays = {f"{part}.{key}": array for part, named in parts.items() for key, array in named.items()}
        return arrays, {"link": self.link.state(), "coordinates": words, "rows": self.rows, **trained}

    @classmethod
    def restored(cls, fit: FitCoordinates, network: Networks, run: Run, arrays: NamedArrays, meta: Meta) -> FittedGap:
        """Rebuild what `state` saved, with the coordinates and networks of a recipe.

        Raises:
            OptionError: when a module of the user's was trained and `network` has none.
        """
        coordinates = fit.restore(below(arrays, "coordinates."), meta["coordinates"])
        network = network.restored(meta["network"])
        terms = [
            _restored(coordinates, network, run, below(arrays, f"term.{i}."), each)
            for i, each in enumerate(meta["terms"])
        ]
        trained = TrainedTerms(network, tuple(terms), _loaded(meta["proposal"]))
        kept = below(arrays, "facts.")
        facts = TrainingFacts.of_arrays(kept) if kept else None
        return cls(Link.restored(meta["link"]), coordinates, trained, meta["rows"], facts)


def _restored(coordinates: Coordinates, network: Networks, run: Run, arrays: NamedArrays, meta: Meta) -> TrainedTerm:
    term = Term(meta["first"], meta["last"])
    denoiser = network.build(coordinates, term, no_rows(coordinates), run)
    snapshot = {key: torch.tensor(value) for key, value in arrays.items()}
    return TrainedTerm(term, as_saved(denoiser, term.noised, snapshot), Report(**meta["report"]))


def _saved(q: Proposal) -> dict[str, Any]:
    return {"loc": q.loc, "scale": q.scale, "edges": q.edges.tolist(), "cdf": q.cdf.tolist()}


def _loaded(q: Meta) -> Proposal:
    return Proposal(torch.tensor(q["edges"]), torch.tensor(q["cdf"]), q["loc"], q["scale"])
