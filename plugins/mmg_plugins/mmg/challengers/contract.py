"""The contract of a challenger: from the training rows to an information that they surely hold, and its error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from mmg_plugins.mmg.parts.coordinates import CoordinateRows, Coordinates
from mmg_plugins.mmg.thresholds import CHALLENGE_ERRORS, CHALLENGE_ROWS, CHALLENGE_SHARE
from mmg_registry.arrays import Index
from mmg_registry.contracts import Array, Estimator, Run
from mmg_registry.data.split import hold_out

Given = tuple[Array, Array]  # x and y, as given to fit


class Heard(NamedTuple):
    """What a challenger says, all in nats.

    Attributes:
        value: the information that it finds.
        sampling: standard error of the value over draws of the rows, for what the rows surely hold.
        error: standard error of the value as an estimate of the information, as far as the challenger can tell.
        partial: share of a rise to the value that is a part of the error too, for the value tells but a part.
    """

    value: float
    sampling: float
    error: float
    partial: float = 0.0

    @property
    def least(self) -> float:
        """Return what the rows surely hold, in nats.

        Example:
            >>> Heard(0.5, 0.05, 0.1).least
            0.425
        """
        return self.value - CHALLENGE_ERRORS * self.sampling


NOTHING = Heard(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Question:
    """What challengers are asked about.

    Attributes:
        given: training rows x `(n, dim_x)` and y `(n, dim_y)`, as given to `fit`.
        rows: the same rows in the denoisers' coordinates.
        coordinates: the denoisers' coordinates.
        run: seed, threads, limits.
        groups: `(n,)` a number for each row; rows with the same number are not independent. None where all are.
    """

    given: Given
    rows: CoordinateRows
    coordinates: Coordinates
    run: Run
    groups: Index | None = None

    @property
    def columns(self) -> int:
        """Return the number of columns of both sides together."""
        return sum(side.shape[1] for side in self.given)

    @property
    def quiet(self) -> Run:
        """Return the run of an estimator that is asked: on the CPU, without progress of its own."""
        return replace(self.run, progress=None, device="cpu")


@dataclass(frozen=True)
class Challenger:
    """A second opinion.

    Attributes:
        name: its name in the result, and in the option `without`.
        ask: returns what it finds in the rows; `NOTHING` where it cannot tell.
    """

    name: str
    ask: Callable[[Question], Heard]


def hear(challengers: Iterable[Challenger], question: Question) -> dict[str, Heard]:
    """Return what each challenger says, by its name."""
    return {each.name: each.ask(question) for each in challengers}


def on_other_rows(fresh: Callable[[], Estimator], question: Question) -> Heard:
    """Fit an estimator on most training rows, and return what it finds on the others.

    Its value on rows that it was fitted to is larger by what it learned by heart, which to first order is also missing
    from its value on others (Efron, JASA 1986). Half of the difference is a part of the error, not of the sampling.
    """
    (x, y), groups = question.given, question.groups
    share = min(CHALLENGE_SHARE, CHALLENGE_ROWS / len(x))
    fit, asked = hold_out(len(x), share, question.run.seed, groups)
    estimator = fresh()
    estimator.groups = None if groups is None else groups[fit]
    estimator.fit(x[fit], y[fit])
    some = fit[:: -(-len(fit) // CHALLENGE_ROWS)]
    found, seen = estimator.estimate(x[asked], y[asked]), estimator.estimate(x[some], y[some])
    whole = found.std_error or 0.0
    sampling = found.diagnostics.get("errors", {}).get("rows", whole)
    return Heard(found.mi, sampling, math.hypot(whole, max(0.0, seen.mi - found.mi) / 2))
