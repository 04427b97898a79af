"""How much of the past to give, and which lags of the source: what predicts stretches of time that were held out.

More of the past never predicts the rows that it was fitted to worse, but others; so each choice is made by the
log-likelihood of held-out stretches, and the shorter one is taken where the longer gains less than its standard error
(Breiman et al., Classification and Regression Trees, 1984, section 3.4.3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import F64

FOLDS = 5
"""Stretches that are held out in turn. Lower: fewer rows to fit. Higher: time."""
BLOCKS = 20
"""Stretches whose means tell the error of a gain. Lower: the error is itself uncertain. Higher: they remember."""
RIDGE = 1e-6  # of the functions' variance, so that functions of one another do no harm


@dataclass(frozen=True)
class Gain:
    """What more of something adds to a held-out prediction, in nats a row.

    Attributes:
        nats: the gain.
        error: its standard error.
    """

    nats: float
    error: float

    @property
    def counts(self) -> bool:
        """Whether it is beyond its standard error."""
        return self.nats > self.error


@dataclass(frozen=True)
class Chosen:
    """How many steps of the past were chosen.

    Attributes:
        steps: their number.
        gains: what 1, 2 .. steps gain over none, held out.
    """

    steps: int
    gains: tuple[Gain, ...]

    def reason(self, whose: str) -> str:
        """Return why, in a sentence."""
        if not self.gains:
            return f"None of the past of {whose} is given."
        best = max(each.nats for each in self.gains)
        if not self.steps:
            return f"None of the past of {whose} is given: it predicts held-out stretches no better ({best:+.4f} nats)."
        at = self.gains[self.steps - 1]
        more = f"more of it gains {best - at.nats:.4f} at most, less than the error" if best > at.nats else "none more"
        step = "step gains" if self.steps == 1 else "steps gain"
        return f"{self.steps} {step} {at.nats:.4f} nats of the past of {whose} in held-out stretches, {more}."


def held_out(target: F64, designs: Sequence[F64]) -> F64:
    """Return the log-likelihood of each row under each of several nested predictions, in nats, `(n, designs + 1)`.

    The predictions are linear in the columns of the first designs, one more each time; the first is from none. Rows are
    predicted by what was fitted to other stretches of time, with normal errors.

    Args:
        target: `(n, d)` what is predicted.
        designs: `(n, q_i)` each.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((1000, 1))
        >>> likely = held_out(x + rng.standard_normal((1000, 1)), [x, rng.standard_normal((1000, 1))])
        >>> bool(likely[:, 1].mean() > likely[:, 0].mean()), bool(likely[:, 2].mean() < likely[:, 1].mean())
        (True, True)
    """
    design = np.concatenate([np.ones((len(target), 1)), *designs], axis=1)
    ends = np.cumsum([1, *(each.shape[1] for each in designs)])
    likely = np.empty((len(target), len(ends)))
    stretches = np.array_split(np.arange(len(target)), FOLDS)
    moments = [(design[rows].T @ design[rows], design[rows].T @ target[rows]) for rows in stretches]
    for rows, (gram, with_target) in zip(stretches, moments, strict=True):
        fitted = sum(each[0] for each in moments) - gram, sum(each[1] for each in moments) - with_target
        others = np.setdiff1d(np.arange(len(target)), rows, assume_unique=True)
        for place, end in enumerate(ends):
            weights = _weights(fitted[0][:end, :end], fitted[1][:end])
            scale = _covariance(target[others] - design[others, :end] @ weights)
            likely[rows, place] = _log_normal(target[rows] - design[rows, :end] @ weights, scale)
    return likely


def _weights(gram: F64, with_target: F64) -> F64:
    ridge = RIDGE * np.diag(gram)
    return np.asarray(np.linalg.solve(gram + np.diag(ridge), with_target))


def _covariance(left: F64) -> F64:
    found: F64 = left.T @ left / len(left) + 1e-12 * np.eye(left.shape[1])
    return found


def _log_normal(rows: F64, covariance: F64) -> F64:
    squares = np.einsum("nd,nd->n", rows, np.linalg.solve(covariance, rows.T).T)
    found: F64 = -0.5 * (squares + np.linalg.slogdet(2 * math.pi * covariance)[1])
    return found


def gain(likely: F64, than: F64) -> Gain:
    """Return by how much rows are likelier under one prediction than under another, `(n,)` each.

    The error is that of the means of stretches, which holds what neighbouring rows remember.
    """
    means = np.array([stretch.mean() for stretch in np.array_split(likely - than, BLOCKS)])
    return Gain(float(np.mean(likely - than)), float(means.std(ddof=1)) / math.sqrt(BLOCKS))


def steps_of(target: F64, past: Sequence[F64], beside: Sequence[F64] = ()) -> Chosen:
    """Return how many steps of a past to give for a prediction of `target` `(n, d)`.

    Args:
        target: what is predicted.
        past: the functions of each step, the latest first, `(n, q)` each.
        beside: what is given in any case.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> noise = rng.standard_normal(3000)
        >>> y = np.convolve(noise, 0.7 ** np.arange(60))[:3000]
        >>> steps_of(y[3:, None], [y[3 - k : -k, None] for k in (1, 2, 3)]).steps
        1
    """
    likely = held_out(target, [*beside, *past])[:, len(beside) :]
    gains = tuple(gain(column, likely[:, 0]) for column in likely.T[1:])
    best = int(np.argmax([0.0, *(each.nats for each in gains)]))
    steps = next(k for k in range(best + 1) if not gain(likely[:, best], likely[:, k]).counts)
    return Chosen(steps, gains)


def lags_of(target: F64, past: F64, source: Sequence[F64], first: int, most: int) -> tuple[tuple[int, ...], Gain]:
    """Return the places of the lags that predict best together, in the order in which they were added, and their gain.

    One after the other is added, the one that gains most, while it gains more than its standard error (Faes, Nollo and
    Porta, Phys. Rev. E 2011, by held-out prediction in the place of their test).

    Args:
        target: `(n, d)` what is predicted.
        past: `(n, q)` what is given.
        source: functions of the source at each lag, `(n, p)` each.
        first: the place of the lag that is taken in any case.
        most: lags at most.
    """
    taken = [first]
    while len(taken) < min(most, len(source)):
        base = [past, *(source[place] for place in taken)]
        others = [place for place in range(len(source)) if place not in taken]
        gains = {place: gain(*held_out(target, [*base, source[place]]).T[[-1, -2]]) for place in others}
        best = max(others, key=lambda place: gains[place].nats)
        if not gains[best].counts:
            break
        taken.append(best)
    likely = held_out(target, [past, np.concatenate([source[place] for place in taken], axis=1)])
    return tuple(taken), gain(likely[:, 2], likely[:, 1])
