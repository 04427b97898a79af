"""The challenger `copula`: Student's copula, fitted to most of the rows and heard on the others.

Columns with a scale in common (heavy tails, volatility) are dependent in a way that a network learns slowly from few
rows. Student's copula has that dependence and the correlations in few numbers (Demarta and McNeil, Int. Stat. Rev.
2005), so that some hundred rows tell it well. Whatever law the rows have, the value is a Donsker-Varadhan bound on rows
that the copula was not fitted to, and so no higher than their information but by chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, stdtrit
from scipy.stats import rankdata

from mmg_plugins.mmg.challengers.contract import NOTHING, Challenger, Heard, Question
from mmg_plugins.mmg.thresholds import CHALLENGE_ROWS, COPULA_COLUMNS, COPULA_ROWS
from mmg_registry.arrays import F64
from mmg_registry.data.split import folds

DEGREES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0)  # of freedom, of which the likeliest is taken
ROUNDS = 12  # of the scatter's fixed point, which by then moves by less than what rows leave open
FOLDS = 5  # with halves the correlations of ten columns of 600 rows cost twice what they do with fifths
PAIRS_OF = 2_000  # rows of which all pairs are seen, for the bound's second term


@dataclass(frozen=True)
class Student:
    """A Student density of `d` columns, of unit scales.

    Attributes:
        degrees: its degrees of freedom.
        scatter: `(d, d)` its correlations.
    """

    degrees: float
    scatter: F64

    def constant(self, columns: slice) -> float:
        """Return the logarithm of the density of some columns at its centre."""
        part = self.scatter[columns, columns]
        d, v = len(part), self.degrees
        return float(
            gammaln((v + d) / 2) - gammaln(v / 2) - d / 2 * math.log(v * math.pi) - np.linalg.slogdet(part)[1] / 2
        )

    def falls(self, square: F64, d: int) -> F64:
        """Return by how much the log density of `d` columns falls where their squared distance is `square`."""
        fall: F64 = -(self.degrees + d) / 2 * np.log1p(square / self.degrees)
        return fall


def ask(question: Question) -> Heard:
    """Return what Student's copula finds in each part of the rows when it was fitted to the others."""
    x, y = question.given
    if len(x) < COPULA_ROWS or question.columns > COPULA_COLUMNS or question.groups is not None:
        return NOTHING
    if _repeats(x) or _repeats(y):
        return NOTHING
    uniform, dims = ranks(np.hstack([x[:CHALLENGE_ROWS], y[:CHALLENGE_ROWS]])), x.shape[1]
    parts = folds(len(uniform), FOLDS, question.run.seed)
    found = [heard_by(fitted(np.delete(uniform, own, axis=0)), uniform[own], dims) for own in parts]
    value, error = (float(np.mean([each[0] for each in found])), math.hypot(*(each[1] for each in found)) / FOLDS)
    return Heard(value, error, error)


def _repeats(side: NDArray[np.generic]) -> bool:
    """Return whether a column has values more than once: ranks of a discrete column are no uniform margin."""
    return any(len(np.unique(column)) < len(column) for column in np.asarray(side).T)


def ranks(rows: NDArray[np.generic]) -> F64:
    """Return the columns of `(n, d)` as uniform margins, strictly between 0 and 1."""
    return (np.asarray(rankdata(rows, axis=0), dtype=np.float64) - 0.5) / len(rows)


def fitted(uniform: F64) -> Student:
    """Return the likeliest Student copula of uniform margins `(n, d)`."""
    return max((_of(uniform, degrees) for degrees in DEGREES), key=lambda found: found[1])[0]


def _of(uniform: F64, degrees: float) -> tuple[Student, float]:
    """Return the copula with these degrees of freedom, and its log likelihood a row, in nats."""
    rows = np.asarray(stdtrit(degrees, uniform), dtype=np.float64)
    law = Student(degrees, scatter_of(rows, degrees))
    every = slice(None)
    joint = law.constant(every) + law.falls(squares(rows, law.scatter), rows.shape[1])
    one = law.constant(slice(1)) + law.falls(rows**2, 1)
    return law, float(np.mean(joint - one.sum(axis=1)))


def scatter_of(rows: F64, degrees: float) -> F64:
    """Return the correlations of Student rows `(n, d)`: far rows weigh less (Kent, Tyler and Vardi, 1994)."""
    dims = rows.shape[1]
    scatter = np.eye(dims)
    for _ in range(ROUNDS):
        weights = (degrees + dims) / (degrees + squares(rows, scatter))
        scatter = (rows * weights[:, None]).T @ rows / len(rows)
    scale = np.sqrt(np.diag(scatter))
    found: F64 = scatter / np.outer(scale, scale)
    return found


def squares(rows: F64, scatter: F64) -> F64:
    """Return the squared distance `(n,)` of each row from 0, in units of the scatter."""
    found: F64 = np.einsum("ij,ij->i", rows, np.linalg.solve(scatter, rows.T).T)
    return found


def heard_by(law: Student, uniform: F64, dims: int) -> tuple[float, float]:
    """Return the bound of the log ratio on rows `(n, d)`, of which `dims` columns are x, and its error, in nats.

    It is E f(x, y) - log E exp f(x, y') (Donsker and Varadhan, Comm. Pure Appl. Math. 1983), its error by the delta
    method: each row stands in a pair, as an x and as a y.
    """
    rows = np.asarray(stdtrit(law.degrees, uniform[:PAIRS_OF]), dtype=np.float64)
    table = ratios(law, rows, dims)
    n, own = len(table), np.diag(table)
    np.fill_diagonal(weights := np.exp(table - table.max()), 0.0)
    as_x, as_y = weights.sum(axis=1), weights.sum(axis=0)
    total = weights.sum()
    value = own.mean() - (math.log(total / (n * (n - 1))) + table.max())
    parts = own - n * (as_x + as_y) / total
    return float(value), float(parts.std() / math.sqrt(n))


def ratios(law: Student, rows: F64, dims: int) -> F64:
    """Return ln p(x, y) / (p(x) p(y)) of every x `(n, dims)` with every y, `(n, n)`."""
    x, y = rows[:, :dims], rows[:, dims:]
    of_x, of_y = slice(dims), slice(dims, None)
    precision = np.asarray(np.linalg.inv(law.scatter), dtype=np.float64)
    square_x, square_y = squares(x, law.scatter[of_x, of_x]), squares(y, law.scatter[of_y, of_y])
    both = _form(x, precision[of_x, of_x])[:, None] + _form(y, precision[of_y, of_y])
    both = both + 2 * x @ precision[of_x, of_y] @ y.T
    constant = law.constant(slice(None)) - law.constant(of_x) - law.constant(of_y)
    apart = law.falls(square_x, dims)[:, None] + law.falls(square_y, y.shape[1])
    found: F64 = constant + law.falls(np.maximum(both, 0.0), rows.shape[1]) - apart
    return found


def _form(rows: F64, matrix: F64) -> F64:
    found: F64 = np.einsum("ij,jk,ik->i", rows, matrix, rows)
    return found


CHALLENGER = Challenger("copula", ask)
