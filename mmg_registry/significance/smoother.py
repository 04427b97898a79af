"""Regression of many variables on z at once: ridge regression on scores, products and waves of z.

Each variable has its own ridge, by generalised cross-validation (Golub, Heath and Wahba, Technometrics 1979), and
residuals are those of a fit without the row, in closed form. One decomposition serves all variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Polynomial, legendre
from scipy.stats import rankdata

from mmg_registry.arrays import F64
from mmg_registry.data.order import normal_scores
from mmg_registry.significance.features import REST, fewer, products, waves

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
RIDGES = np.logspace(-6, 3, 28)  # of a row, beside features of variance 1
LEAST_LEFT = 0.05  # of a row's residual that remains where the fit is made of that row alone
LEAST_SPREAD = 1e-10  # of the largest variance of a direction of the features: with less it is rounding


@dataclass(frozen=True)
class Decomposed:
    """The features of z of one length: `(n, k)` orthonormal columns, and `(k,)` their variances among the features."""

    basis: F64
    spread: F64

    def ridges(self, targets: F64) -> Ridges:
        """Return the best ridge for each of centred `targets` `(n, m)`."""
        n = len(targets)
        weights = self.basis.T @ targets
        kept = self.spread[:, None] / (self.spread[:, None] + RIDGES)
        lost = (targets**2).sum(axis=0) - (2 * kept - kept**2).T @ weights**2
        score = lost / (n - 1 - kept.sum(axis=0)[:, None]).clip(1) ** 2
        return Ridges(score.min(axis=0), kept[:, score.argmin(axis=0)], weights)


class Ridges(NamedTuple):
    """What cross-validation chose for each of m variables.

    Attributes:
        score: its squared error `(m,)`, up to a factor.
        kept: how much of each basis column is kept, `(k, m)`.
        weights: of the basis columns, `(k, m)`.
    """

    score: F64
    kept: F64
    weights: F64


@dataclass(frozen=True)
class Smoother:
    """Regression on z, by the features of each length."""

    lengths: tuple[Decomposed, ...]

    @classmethod
    def of(cls, z: F64, side: F64, seed: int) -> Smoother:
        """Decompose the features of `z` `(n, dim_z)` that shall tell `side` `(n, d)`; the waves are drawn with `seed`.

        Example:
            >>> z, noise = np.random.default_rng(0).standard_normal((2, 500, 1))
            >>> side = np.sin(2 * z) + 0.1 * noise
            >>> left = Smoother.of(z, side, seed=0).residuals(side)
            >>> bool(abs(left.std() - 0.1) < 0.02)
            True
        """
        scores = fewer(normal_scores(z), MOST_SCORES)
        plain = np.hstack([PLAIN * scores, PLAIN * products(scores), *_along(scores, side)])
        count = WAVES if len(z) <= MANY_ROWS else FEW_WAVES
        return cls(tuple(_decomposed(np.hstack([plain, waves(scores, each, count, seed)])) for each in LENGTHS))

    def fitted(self, targets: F64) -> F64:
        """Return what z tells of `targets` `(n, m)`, in their unit."""
        return targets.mean(axis=0) + self._both(targets)[0]

    def residuals(self, targets: F64) -> F64:
        """Return what z does not tell of `targets` `(n, m)`: each row against a fit to the others."""
        fitted, own = self._both(targets)
        return (targets - targets.mean(axis=0) - fitted) / np.maximum(1 - own - 1 / len(targets), LEAST_LEFT)

    def _both(self, targets: F64) -> tuple[F64, F64]:
        """Return the fit `(n, m)` without the mean, and the share `(n, m)` that each row has in its own."""
        centred = targets - targets.mean(axis=0)
        found = [each.ridges(centred) for each in self.lengths]
        best = np.argmin([each.score for each in found], axis=0)
        fitted, own = np.empty_like(centred), np.empty_like(centred)
        for place in np.unique(best):
            basis, (_, kept, weights) = self.lengths[place].basis, found[place]
            mine = best == place
            fitted[:, mine] = basis @ (kept * weights)[:, mine]
            own[:, mine] = basis**2 @ kept[:, mine]
        return fitted, own


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
        direction = direction / max(float(np.linalg.norm(direction)), REST)
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
