"""What each lag of a source adds to a prediction of the target, and how often a shifted source adds as much.

The target's normal scores are predicted from functions of the past (see `features`), without and with those of the
source at one lag; -1/2 log of the ratio of what both leave is the *predictive information*. For a Gaussian copula it is
the information itself: half of Granger's measure (Geweke, J. Am. Stat. Assoc. 1982; Barnett, Barrett and Seth, Phys.
Rev. Lett. 2009). Without a past it is a lower bound, for a normal variable has the largest entropy of its variance.
What the source does through the value before the target counts by products of the two.

Shifting the source in a circle keeps what it remembers and breaks its dependence on the target (Theiler et al., Physica
D 1992). All lags are shifted together, so that the largest value over lags is compared with the largest of each shift,
which holds the error of all lags together (Westfall and Young 1993; Nichols and Holmes, Hum. Brain Mapp. 2002).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.data.order import autocorrelations, integrated

LEVEL = 0.05  # of the threshold that pictures show, and of lags that count
SAME = 1e-9  # share of a variance that is left of nothing: of a function of the past, of a target that is known exactly
MOST_NUMBERS = 1 << 26  # of one block of lags: 512 MB


@dataclass(frozen=True)
class Prediction:
    """What is predicted, and what from, at n target rows.

    Attributes:
        target: `(n, d)` normal scores of the target, or the functions of its labels.
        past: `(n, q)` functions of what is given.
        gate: `(n,)` the value before the target, by which the source is multiplied too; None where nothing is given.
    """

    target: F64
    past: F64
    gate: F64 | None = None


@dataclass(frozen=True)
class Screened:
    """Predictive information by lag, in nats.

    Attributes:
        raw: `(lags,)` as it is in these rows.
        null: `(shifts, lags)` that of the shifted source.
        errors: `(lags,)` standard errors of `value`.
    """

    raw: F64
    null: F64
    errors: F64

    @property
    def value(self) -> F64:
        """That of these rows less the mean of shifted sources, which is what chance adds, `(lags,)`."""
        found: F64 = self.raw - self.null.mean(axis=0)
        return found

    @property
    def p_values(self) -> F64:
        """Of each lag, corrected for all of them, `(lags,)`: the share of shifts in which some lag has as much."""
        found: F64 = (1 + (self._largest[:, None] >= self.value).sum(axis=0)) / (1 + len(self.null))
        return found

    def threshold(self, level: float = LEVEL) -> float:
        """Return what some lag of a shifted source reaches in a share `level` of shifts, in nats."""
        return float(np.quantile(self._largest, 1 - level))

    @property
    def _largest(self) -> F64:
        """The largest over lags of each shift, each lag less its mean, `(shifts,)`."""
        found: F64 = (self.null - self.null.mean(axis=0)).max(axis=1)
        return found


def screened(prediction: Prediction, source: F64, shifts: Index) -> Screened:
    """Return the predictive information of a source at several lags, and of the same source shifted.

    Args:
        prediction: what is predicted, and from what, at n rows.
        source: `(n, lags, p)` functions of the source at each lag, the first of them its normal score.
        shifts: rows to shift the source by, in a circle.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 3, 1))
        >>> y = 0.6 * x[:, 1] + 0.8 * rng.standard_normal((2000, 1))
        >>> found = screened(Prediction(y, np.empty((2000, 0))), x, np.arange(100, 1900, 20))
        >>> np.abs(found.value).round(1).tolist(), round(float(found.p_values[1]), 2)
        ([0.0, 0.2, 0.0], 0.01)
    """
    left = _Left.of(prediction)
    size = max(1, MOST_NUMBERS // (2 * source.shape[0] * source.shape[2]))
    parts = [_Lags.of(source[:, start : start + size]) for start in range(0, source.shape[1], size)]
    raw, *null = (np.concatenate([_information(left, part, int(shift)) for part in parts]) for shift in [0, *shifts])
    errors = np.concatenate([_errors(left, part) for part in parts])
    by_chance = np.asarray(null).reshape(len(shifts), len(raw))
    return Screened(raw, by_chance, np.hypot(errors, by_chance.std(axis=0)))


@dataclass(frozen=True)
class _Left:
    """The side that stays in its place.

    Attributes:
        target: `(n, d)` what the past leaves of the target.
        past: `(n, q)` a constant and the past, orthonormal over the rows.
        gate: as in `Prediction`.
    """

    target: F64
    past: F64
    gate: F64 | None

    @classmethod
    def of(cls, prediction: Prediction) -> _Left:
        past = directions(prediction.past)
        target = prediction.target - past @ (past.T @ prediction.target) / len(past)
        return cls(target, past, prediction.gate)

    @functools.cached_property
    def covariance(self) -> F64:
        """That of what is left of the target, `(d, d)`, without singular directions: its columns are of variance 1."""
        found: F64 = self.target.T @ self.target / len(self.target) + SAME**2 * np.eye(self.target.shape[1])
        return found

    @functools.cached_property
    def columns(self) -> F64:
        """Target and past side by side, `(n, d + q)`."""
        return np.concatenate([self.target, self.past], axis=1)

    @functools.cached_property
    def gated(self) -> tuple[F64, F64]:
        """The columns times the gate; and the gate and its square, `(n, 2)`."""
        gate = np.asarray(self.gate)[:, None]
        return self.columns * gate, np.concatenate([gate, gate**2], axis=1)


def directions(past: F64) -> F64:
    """Return a constant and the directions of `past` `(n, q)`, of mean square 1 and orthogonal, without empty ones.

    Example:
        >>> directions(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])).shape
        (3, 2)
    """
    constant = np.ones((len(past), 1))
    if not past.shape[1]:
        return constant
    centred = past - past.mean(axis=0)
    variances, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = variances > SAME * variances[-1]
    return np.concatenate([constant, centred @ (vectors[:, kept] / np.sqrt(variances[kept]))], axis=1)


@dataclass(frozen=True)
class _Lags:
    """The side that is shifted: the functions of some lags.

    Attributes:
        functions: `(n, lags * p)` side by side.
        count: how many lags.
    """

    functions: F64
    count: int

    @classmethod
    def of(cls, source: F64) -> _Lags:
        return cls(np.ascontiguousarray(source.reshape(len(source), -1)), source.shape[1])

    @functools.cached_property
    def first(self) -> F64:
        """The first function of each lag, `(n, lags)`."""
        return np.ascontiguousarray(self.functions.reshape(len(self.functions), self.count, -1)[:, :, 0])

    @functools.cached_property
    def by_first(self) -> F64:
        """All functions, each times the first of its lag, `(n, lags * p)`."""
        own = self.functions.reshape(len(self.functions), self.count, -1)
        return np.asarray((own * own[:, :, :1]).reshape(self.functions.shape))

    @functools.cached_property
    def within(self) -> F64:
        """Second moments of the functions of each lag `(lags, p, p)`, which no shift changes."""
        own = np.moveaxis(self.functions.reshape(len(self.functions), self.count, -1), 1, 0)
        found: F64 = np.swapaxes(own, 1, 2) @ own / len(self.functions)
        return found


def _information(left: _Left, lags: _Lags, shift: int) -> F64:
    """Return the predictive information of each lag `(lags,)`, in nats, the source shifted by `shift` rows."""
    weights, with_target = _regressed(left, lags, shift)
    before = left.covariance
    share = np.linalg.solve(before, np.swapaxes(with_target, 1, 2) @ weights)
    found: F64 = -0.5 * np.linalg.slogdet((1 + SAME) * np.eye(len(before)) - share)[1]
    return found


def _regressed(left: _Left, lags: _Lags, shift: int) -> tuple[F64, F64]:
    """Return the weights of the source's functions for the target `(lags, p, d)`, and their moments with it.

    Both are of what the past leaves of them; with a gate, p counts the product with it too.
    """
    crossed, within = _moments(left, lags, shift)
    d = left.target.shape[1]
    with_target, with_past = np.swapaxes(crossed[:, :d], 1, 2), crossed[:, d:]
    partial = within - np.swapaxes(with_past, 1, 2) @ with_past
    scale = np.sqrt(np.maximum(np.einsum("lii->li", within), np.finfo(np.float64).tiny))
    inverse = np.linalg.pinv(partial / scale[:, :, None] / scale[:, None, :], rcond=SAME, hermitian=True)
    weights = inverse @ (with_target / scale[:, :, None]) / scale[:, :, None]
    return weights, with_target


def _moments(left: _Left, lags: _Lags, shift: int) -> tuple[F64, F64]:
    """Return second moments of the functions: with target and past `(lags, d + q, p)`, among them `(lags, p, p)`."""
    crossed = _by_lag(_product(left.columns, lags.functions, shift), lags.count)
    if left.gate is None:
        return crossed, lags.within
    gated, gates = left.gated
    with_gated = _by_lag(_product(gated, lags.first, shift), lags.count)
    squares = _by_lag(_product(gates, lags.by_first, shift), lags.count)
    beside = squares[:, :1]  # of the product with each function
    itself = squares[:, 1:, :1]
    upper = np.concatenate([lags.within, np.swapaxes(beside, 1, 2)], axis=2)
    lower = np.concatenate([beside, itself], axis=2)
    return np.concatenate([crossed, with_gated], axis=2), np.concatenate([upper, lower], axis=1)


def _product(fixed: F64, moved: F64, shift: int) -> F64:
    """Return the mean of products, row i of `fixed` with row i + `shift` of `moved` in a circle, `(d, lags * p)`."""
    stay = len(fixed) - shift
    found: F64 = fixed[:stay].T @ moved[shift:]
    if shift:
        found += fixed[stay:].T @ moved[:shift]
    return found / len(fixed)


def _by_lag(products: F64, lags: int) -> F64:
    """Return products `(rows, lags * p)` as `(lags, rows, p)`."""
    return np.moveaxis(products.reshape(len(products), lags, -1), 1, 0)


def _errors(left: _Left, lags: _Lags) -> F64:
    """Return standard errors of the predictive information `(lags,)`, by each row's part in it and its memory."""
    weights, _ = _regressed(left, lags, 0)
    own = lags.functions.reshape(len(left.target), lags.count, -1)
    return np.array([_error(left, own[:, lag], weights[lag]) for lag in range(lags.count)])


def _error(left: _Left, source: F64, weights: F64) -> float:
    if left.gate is not None:
        source = np.concatenate([source, source[:, :1] * left.gate[:, None]], axis=1)
    told = source @ weights
    after = left.target - (told - left.past @ (left.past.T @ told) / len(told))
    floor = SAME * len(told) * left.covariance
    parts = 0.5 * (_surprise(left.target, floor) - _surprise(after, floor))
    centred = parts - parts.mean()
    inflation = integrated(autocorrelations(centred[:, None])[:, 0])
    return float(np.sqrt(inflation * np.mean(centred**2) / len(parts)))


def _surprise(rows: F64, floor: F64) -> F64:
    """Return each row's squared length in units of the covariance of `rows` `(n, d)`, `(n,)`; `floor` / n is added."""
    found: F64 = np.einsum("nd,nd->n", rows, np.linalg.solve((rows.T @ rows + floor) / len(rows), rows.T).T)
    return found
