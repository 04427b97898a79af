"""Regression of many variables on z at once: ridge regression on scores, products and waves of z.

Each variable has its own ridge, by generalised cross-validation (Golub, Heath and Wahba, Technometrics 1979), and
residuals are those of a fit without the row, in closed form. Where rows depend on one another, whole folds of them are
left out in the place of a row, for a row would be told by its neighbours. One decomposition serves all variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Polynomial, legendre
from scipy.stats import rankdata

from mmg_registry.arrays import F64, Index
from mmg_registry.data.order import normal_scores
from mmg_registry.data.units import Units
from mmg_registry.significance.features import TOLD_BY_OTHERS, fewer, products, waves

WAVES = 150  # random cosines of a length; FEW_WAVES of them beyond MANY_ROWS, where time counts more
FEW_WAVES, MANY_ROWS = 80, 10_000
LENGTHS = (4.0, 2.0, 1.0, 0.5, 0.25)
"""Lengths of the waves, in typical distances of two rows: from nearly linear to ten periods over a single column. Each
variable takes the length that predicts it best; one for all would follow a curve in few columns, or noise in many."""
PLAIN = 5.0  # weight of scores and products beside a wave's: what is nearly linear is hardly shrunk
DEGREES = 12  # of polynomials along a direction that a side follows
HESSIANS = 2  # directions beside that of the linear fit
STEPS = 5  # by which a direction is refined
CURVE, EDGE = 7, 3.0  # degree of the curve along it, and standard deviations beyond which it is not extrapolated
MOST_FOLLOWED = 3  # columns of a side whose directions are looked for
MOST_SCORES = 30  # columns of z in the regression; of more, the first principal components
RIDGES = np.logspace(-6, 3, 28)  # beside features of variance 1
COARSE = RIDGES[::3]  # where each has to be fitted in each fold
FOLDS = 10  # of rows that belong together
LEAST_LEFT = 0.05  # of a row's residual that remains where the fit is made of that row alone
LEAST_SPREAD = 1e-10  # of the largest variance of a direction of the features: with less it is rounding


class Smoothed(NamedTuple):
    """A regression of m variables, each row told by others.

    Attributes:
        score: mean squared error of cross-validation of each variable, `(m,)`.
        told: what z tells, `(n, m)`.
        left: what it does not, `(n, m)`.
        freedom: degrees of freedom that the regression took, `(m,)`.
    """

    score: F64
    told: F64
    left: F64
    freedom: F64


@dataclass(frozen=True)
class Decomposed:
    """The features of z of one length: `(n, k)` orthonormal columns, and `(k,)` their variances among the features."""

    basis: F64
    spread: F64

    def without_row(self, targets: F64) -> Smoothed:
        """Return the fits of centred `targets` `(n, m)` with the best ridge of each, in closed form."""
        n = len(targets)
        weights = self.basis.T @ targets
        kept = self.spread[:, None] / (self.spread[:, None] + RIDGES)
        lost = (targets**2).sum(axis=0) - (2 * kept - kept**2).T @ weights**2
        score = n * lost / (n - 1 - kept.sum(axis=0)[:, None]).clip(1) ** 2
        kept = kept[:, score.argmin(axis=0)]
        told = self.basis @ (kept * weights)
        own = self.basis**2 @ kept + 1 / n
        left = (targets - told) / np.maximum(1 - own, LEAST_LEFT)
        return Smoothed(score.min(axis=0), told, left, kept.sum(axis=0))

    def without_fold(self, targets: F64, folds: Sequence[tuple[Index, Index]]) -> Smoothed:
        """Return the same where the rows of a fold `(fitted, evaluated)` are told by those that it fits."""
        told = np.empty((len(COARSE), *targets.shape))
        for fit, rows in folds:
            told[:, rows] = self._told(targets[fit], fit, rows)
        errors = ((targets - told) ** 2).mean(axis=1)
        best = errors.argmin(axis=0)
        chosen = told[best, :, np.arange(len(best))].T
        freedom = (self.spread[:, None] / (self.spread[:, None] + COARSE[best])).sum(axis=0)
        return Smoothed(errors.min(axis=0), chosen, targets - chosen, freedom)

    def _told(self, targets: F64, fit: Index, rows: Index) -> F64:
        """Return what each ridge tells of `rows` `(ridges, rows, m)`, fitted to the targets of other rows."""
        scaled = self.basis * np.sqrt(self.spread)
        sizes, turn = np.linalg.eigh(scaled[fit].T @ scaled[fit])
        weights = (turn.T @ (scaled[fit].T @ targets)) / (np.maximum(sizes, 0)[:, None] + COARSE[:, None, None])
        found: F64 = scaled[rows] @ turn @ weights
        return found


@dataclass(frozen=True)
class Smoother:
    """Regression on z by the features of each length, each row told by others: all, or those of other folds."""

    lengths: tuple[Decomposed, ...]
    folds: tuple[tuple[Index, Index], ...] = ()

    @classmethod
    def of(cls, z: F64, side: F64, units: Units, seed: int) -> Smoother:
        """Decompose the features of `z` `(n, dim_z)` that shall tell `side` `(n, d)`; the waves are drawn with `seed`.

        Rows that belong together, as `units` say, tell nothing of one another.

        Example:
            >>> z, noise = np.random.default_rng(0).standard_normal((2, 500, 1))
            >>> side = np.sin(2 * z) + 0.1 * noise
            >>> left = Smoother.of(z, side, Units(500), seed=0).fit(side).left
            >>> bool(abs(left.std() - 0.1) < 0.02)
            True
        """
        scores = fewer(normal_scores(z), MOST_SCORES)
        plain = np.hstack([PLAIN * scores, PLAIN * products(scores), *_along(scores, side)])
        count = WAVES if len(z) <= MANY_ROWS else FEW_WAVES
        features = (np.hstack([plain, waves(scores, each, count, seed)]) for each in LENGTHS)
        folds = () if units.labels is None else units.folds(min(FOLDS, units.count), seed)
        return cls(tuple(map(_decomposed, features)), tuple(folds))

    def fit(self, targets: F64) -> Smoothed:
        """Return the fit of each of `targets` `(n, m)` by the length that is best for it."""
        mean = targets.mean(axis=0)
        centred = targets - mean
        fits = [
            each.without_fold(centred, self.folds) if self.folds else each.without_row(centred) for each in self.lengths
        ]
        best, every = np.argmin([each.score for each in fits], axis=0), np.arange(targets.shape[1])
        told, left = (np.stack(each)[best, :, every].T for each in ([f.told for f in fits], [f.left for f in fits]))
        score, freedom = (np.stack(each)[best, every] for each in ([f.score for f in fits], [f.freedom for f in fits]))
        return Smoothed(score, told + mean, left, freedom)


def _along(scores: F64, side: F64) -> list[F64]:
    """Return polynomials of ranks along the directions of z in which columns of a side change most.

    Those are the direction of the linear fit, and the principal Hessian directions (Li, J. Amer. Statist. Assoc. 1992),
    which see what is even. What x and y follow is often one combination of many causes, which no wave of a random
    direction comes near.
    """
    if scores.shape[1] == 1:
        return []
    centred = scores - scores.mean(axis=0)
    white = np.linalg.svd(centred, full_matrices=False)[0] * np.sqrt(len(scores))
    return [_polynomials(white @ each) for column in side.T[:MOST_FOLLOWED] for each in _directions(white, column)]


def _directions(white: F64, column: F64) -> list[F64]:
    centred = column - column.mean()
    linear = white.T @ centred / len(white)
    left = centred - white @ linear
    size, turn = np.linalg.eigh((white * left[:, None]).T @ white / len(white))
    starts = [linear, *turn[:, np.argsort(-np.abs(size))[:HESSIANS]].T]
    return [_refined(white, centred, start) for start in starts]


def _refined(white: F64, column: F64, direction: F64) -> F64:
    """Return a direction near `direction` along which a curve fits the column better: Gauss-Newton steps.

    That is the projection pursuit of Friedman and Stuetzle (J. Amer. Statist. Assoc. 1981), with one curve.
    """
    for _ in range(STEPS):
        direction = direction / max(float(np.linalg.norm(direction)), TOLD_BY_OTHERS)
        index = np.clip(white @ direction, -EDGE, EDGE)
        curve = Polynomial.fit(index, column, CURVE)
        step = np.linalg.lstsq(white * curve.deriv()(index)[:, None], column - curve(index), rcond=None)[0]
        direction = direction + step
    return direction


def _polynomials(index: F64) -> F64:
    degrees = np.arange(1, DEGREES + 1)
    ranks = (rankdata(index) - 0.5) / len(index)
    found: F64 = legendre.legvander(2 * ranks - 1, DEGREES)[:, 1:] * np.sqrt(2 * degrees + 1) * PLAIN / degrees
    return found


def _decomposed(features: F64) -> Decomposed:
    features = features - features.mean(axis=0)
    spread, turn = np.linalg.eigh(features.T @ features / len(features))
    kept = spread > LEAST_SPREAD * spread[-1]
    return Decomposed(features @ (turn[:, kept] / np.sqrt(spread[kept] * len(features))), spread[kept])
