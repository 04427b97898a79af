"""A question as regressions: the functions of target, past and source at the rows of an embedding."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.data.order import FEW_MEMORIES, MOST_ROWS, autocorrelations, integrated
from mmg_registry.series.embedding import Reach, rows_of
from mmg_registry.series.features import functions_of
from mmg_registry.series.recording import Recording
from mmg_registry.series.screen import Prediction

PAST_DEGREE = 5
"""Degree of the functions of what is given. Lower: what the past tells by curves passes for the source's. Higher: time.

Evidence: chosen; of a past that is not given fully, a source that it drives seems to tell the rest.
"""
MOST_PRODUCTS = 3
"""Latest steps of the past whose products count. Lower: less of a nonlinear past is given. Higher: many functions."""
ROWS_A_FUNCTION = 20
"""Rows for each function of a prediction. Lower: what is fitted is chance. Higher: few rows are predicted by lines."""
FARTHEST = 4  # shifts are of a fourth of the rows at least, in whichever direction, where memories are longer
MEMORIES = 2.0  # that a shift is longer than, as for the errors of dependent rows
HARDLY_FORGETS = (
    "The series hardly forget (over some {memory:.0f} of {n} rows), so that shifted ones are not independent and "
    "p-values too small; give a longer series, or differences of neighbouring samples."
)


Functions = dict[tuple[int, int], F64]  # of a side, by which it is and their degree: `(n_series, p)`


@dataclass(frozen=True)
class LagProblem:
    """The functions that a question is about, at its target rows.

    Attributes:
        recording: the series.
        reach: what belongs to a row.
        degree: of the functions of the source.
        functions: those of each side by degree, filled when asked for; questions about the same sides share them.
    """

    recording: Recording
    reach: Reach
    degree: int = 3
    functions: Functions = field(default_factory=dict, repr=False, compare=False)

    @functools.cached_property
    def rows(self) -> Index:
        """The target rows of the recording, `(n,)`."""
        return rows_of(self.recording, self.reach)

    def at(self, side: str, lag: int, degree: int) -> F64:
        """Return the functions of a side `lag` steps before each target row, `(n, p)`; those of degree 1 first."""
        values = self.recording.side(side)
        key = id(values), degree
        if key not in self.functions:
            each = functions_of(values, degree)
            self.functions[key] = np.concatenate([*(one[:, :1] for one in each), *(one[:, 1:] for one in each)], axis=1)
        found: F64 = self.functions[key][self.recording.back(lag)[self.rows]]
        return found

    @functools.cached_property
    def target(self) -> F64:
        """Normal scores of the target, or functions of its labels, `(n, d)`."""
        return self.at("y", 0, 1)

    def step(self, side: str, lag: int) -> F64:
        """Return the functions of one step of the past of a side, and its products with later steps, `(n, q)`."""
        degree = self.past_degree
        own = self.at(side, lag, degree)
        if degree == 1 or not 1 < lag <= MOST_PRODUCTS:
            return own
        scores = self.at(side, lag, 1)
        return np.concatenate([own, *(scores * self.at(side, later, 1) for later in range(1, lag))], axis=1)

    @functools.cached_property
    def past_degree(self) -> int:
        """Degree of the functions of what is given: lower where rows are few."""
        past = self.reach.past
        columns = sum(steps * self.recording.side(side).values.shape[1] for side, steps in past if steps)
        return int(np.clip(len(self.rows) // (ROWS_A_FUNCTION * max(columns, 1)), 1, PAST_DEGREE))

    @functools.cached_property
    def past(self) -> F64:
        """The functions of what is given, `(n, q)`."""
        steps = [self.step(side, lag) for side, most in self.reach.past for lag in range(1, most + 1)]
        if self.reach.own and self.reach.given and self.past_degree > 1:
            steps.append(self.at("y", 1, 1)[:, :1] * self.at("given", 1, 1))
        return np.concatenate([np.empty((len(self.rows), 0)), *steps], axis=1)

    @functools.cached_property
    def source(self) -> F64:
        """The functions of the source at each lag, `(n, lags, p)`."""
        return np.stack([self.at("x", lag, self.degree) for lag in self.reach.lags], axis=1)

    @property
    def gate(self) -> F64 | None:
        """The score of the value before the target, `(n,)`, where it is given and the source is a single column."""
        single = len(self.recording.side("x").names) == 1
        return self.at("y", 1, 1)[:, 0] if self.reach.own and single and self.degree > 1 else None

    @property
    def prediction(self) -> Prediction:
        """What is predicted, and what from."""
        return Prediction(self.target, self.past, self.gate)

    def with_gate(self, place: int) -> F64:
        """Return the functions of the source at one lag, by its place, with the product with the gate, `(n, p)`."""
        own = self.source[:, place]
        return own if self.gate is None else np.concatenate([own, own[:, :1] * self.gate[:, None]], axis=1)

    @functools.cached_property
    def memory(self) -> float:
        """Rows after which source and target have forgotten, the longer of both."""
        sides = [self.source[:MOST_ROWS, 0, :1], self.target[:MOST_ROWS]]
        acfs = [autocorrelations(side - side.mean(axis=0)) for side in sides]
        return max(integrated(column) for acf in acfs for column in acf.T)

    def shifts(self, count: int, seed: int) -> Index:
        """Return by how many rows to shift the source: beyond what both sides remember, and into other trials.

        Rows of all trials stand in a circle. `count` different shifts are drawn, or all there are.
        """
        n, trials = len(self.rows), np.bincount(self.recording.trial[self.rows])
        apart = max(MEMORIES * self.memory, self.reach.longest, trials.max() if len(trials) > 1 else 0)
        least = int(min(apart, n // FARTHEST)) + 1
        possible = np.arange(least, n - least + 1)
        if len(possible) <= count:
            return possible
        drawn = np.random.default_rng([seed, 17]).choice(possible, count, replace=False)
        return np.sort(drawn).astype(np.int64)

    def doubts(self) -> list[str]:
        """Return a warning where the series is too short for what it remembers."""
        n = len(self.rows)
        return [HARDLY_FORGETS.format(memory=self.memory, n=n)] if n < FEW_MEMORIES * self.memory else []
