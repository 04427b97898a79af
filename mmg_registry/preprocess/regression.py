"""A smooth prediction of columns from columns that are known, to be subtracted from them.

What is predicted from z may be subtracted wherever z is known: I(X; Y | Z) = I(X - f(Z); Y - g(Z) | Z) for all f and
g. So a prediction need not be right; the better it is, the less a common cause is left to be learned by a network.

It is linear, plus waves: cosines of random projections, whose weights are a ridge regression (Rahimi and Recht, "Random
features for large-scale kernel machines", NIPS 2007). Held-out rows choose how far the waves are shrunk, column by
column, and leave them out where they surely gain nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64
from mmg_registry.preprocess.covariance import TALL, chunks

WAVES = 200
"""Most waves. Lower: bends of two or three columns are missed. Higher: time, which grows with the square."""

ROWS_A_WAVE = 20
"""Rows for each wave. Lower: fitted rows are predicted better than others. Higher: few rows have no waves."""

FEWEST_WAVES = 10
"""Waves that are worth trying. Lower: time for nothing. Higher: 200 to 1,000 rows have a linear prediction alone."""

WAVE_ROWS = 20_000
"""Rows that waves are fitted to. Lower: weights are noise. Higher: time and memory; the linear part takes all rows."""

LENGTHS = (0.3, 4.0)
"""Frequencies of waves, in radians a standard deviation. Lower: waves repeat the linear part. Higher: noise."""

PENALTIES = (1e-05, 0.0001, 0.001, 0.01, 0.1, 1.0, 10.0)
"""Ridge penalties that are tried, in units of the waves' mean variance: from hardly any to one that leaves nothing."""

TRIED = 5
"""One row in so many is held out to choose the penalty."""

SURE_GAIN = 2.0
"""Standard errors that a gain on held-out rows must exceed. Lower: waves of noise. Higher: weak bends stay."""


@dataclass(frozen=True)
class Regression:
    """A prediction, but for a constant.

    Attributes:
        weights: `(dim + waves, k)` weights of the columns and of the waves.
        frequencies: `(dim, waves)`; no columns where the prediction is linear.
        phases: `(waves,)`.

    Example:
        >>> z, e = np.random.default_rng(0).standard_normal((2, 4000, 1))
        >>> left = (z**2 + e) - Regression.fit(z, z**2 + e)(z)
        >>> bool(left.std() < 1.1), round(float((z**2 + e).std()), 1)
        (True, 1.7)
    """

    weights: F64
    frequencies: F64
    phases: F64

    @classmethod
    def linear(cls, z: F64, targets: F64) -> Regression:
        """Fit a linear prediction of `targets` `(n, k)` from `z` `(n, dim)`, whose columns have mean 0."""
        weights = np.linalg.lstsq(z, targets - targets.mean(0), rcond=None)[0]
        return cls(weights, np.zeros((z.shape[1], 0)), np.zeros(0))

    @classmethod
    def fit(cls, z: F64, targets: F64) -> Regression:
        """Fit a smooth prediction of `targets` `(n, k)` from `z` `(n, dim)`, whose columns are near standard normal.

        Where rows are few for the columns of z, these are shrunk like waves.
        """
        dim, count = z.shape[1], min(WAVES, len(z) // ROWS_A_WAVE)
        frequencies, phases = _drawn_waves(dim, count if count >= FEWEST_WAVES else 0)
        tall, some = len(z) >= TALL * dim, slice(None, None, -(-len(z) // WAVE_ROWS))
        straight = cls.linear(z, targets) if tall else cls.linear(z, 0 * targets)
        free, shrunk = (z[some], z[some, :0]) if tall else (z[some, :0], z[some])
        tried = np.hstack([shrunk, _waves(z[some], frequencies, phases)])
        if not tried.shape[1]:
            return straight
        tried = tried - tried.mean(0)
        common = np.linalg.lstsq(free, tried, rcond=None)[0]
        left = (targets - straight(z))[some]
        weights = _shrunk(tried - free @ common, left - left.mean(0))
        whole = np.vstack([straight.weights - common @ weights, weights]) if tall else weights
        return cls(whole, frequencies, phases)

    def __call__(self, z: F64) -> F64:
        """Return the prediction `(n, k)` from `z` `(n, dim)`."""
        dim = z.shape[1]
        found: F64 = z @ self.weights[:dim]
        if len(self.phases):
            for rows in chunks(0, len(z), len(self.phases)):
                found[rows] += _waves(z[rows], self.frequencies, self.phases) @ self.weights[dim:]
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return named arrays, from which `of_arrays` rebuilds the prediction."""
        return {name: np.ascontiguousarray(array) for name, array in vars(self).items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Regression:
        """Rebuild what `arrays` returned."""
        return cls(**arrays)


def _drawn_waves(dim: int, count: int) -> tuple[F64, F64]:
    """Return frequencies `(dim, count)` and phases `(count,)`: half of them of single columns, half of all columns.

    The same on every call. Of many columns an isotropic wave is rarely one that a single column needs.
    """
    rng = np.random.default_rng(0)
    low, high = LENGTHS
    lengths = low * (high / low) ** rng.random(count)
    frequencies = rng.standard_normal((dim, count)) / np.sqrt(dim)
    single = np.arange(0, count, 2)
    frequencies[:, single] = 0.0
    frequencies[(single // 2) % dim, single] = 1.0
    return frequencies * lengths, rng.uniform(0, 2 * np.pi, count)


def _waves(z: F64, frequencies: F64, phases: F64) -> F64:
    waves: F64 = np.cos(z @ frequencies + phases)
    return waves


def _shrunk(waves: F64, left: F64) -> F64:
    """Return the weights `(waves, k)` of centred waves `(n, waves)` for what is left of each target `(n, k)`."""
    held_out = np.random.default_rng(0).permutation(len(left)) % TRIED == 0
    unit = max(float(np.mean(waves**2)), np.finfo(np.float64).tiny)
    fitted = _ridge(waves[~held_out], left[~held_out], unit)
    gains = np.stack([_gain(waves[held_out] @ weights, left[held_out]) for weights in fitted])
    whole = np.stack(_ridge(waves, left, unit))
    chosen = whole[gains.argmax(0), :, np.arange(left.shape[1])].T
    return np.where(gains.max(0) > 0, chosen, 0.0)


def _ridge(waves: F64, left: F64, unit: float) -> list[F64]:
    """Return the weights `(waves, k)` of a ridge regression for each of `PENALTIES`, in units of `unit`."""
    square, product = waves.T @ waves / len(waves), waves.T @ left / len(waves)
    own = np.eye(len(square))
    return [np.linalg.solve(square + penalty * unit * own, product) for penalty in PENALTIES]


def _gain(predicted: F64, left: F64) -> F64:
    """Return by how much a prediction surely lowers the squared error of each target `(k,)`; negative for less."""
    gain = left**2 - (left - predicted) ** 2
    sure: F64 = gain.mean(0) - SURE_GAIN * gain.std(0) / np.sqrt(len(gain))
    return sure
