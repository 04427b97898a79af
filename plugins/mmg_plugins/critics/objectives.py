"""Objectives of critics, as functions of their scores.

A critic f scores pairs: `joint` `(n,)` holds f(x_i, y_i), `marginal` `(n, m)` holds f(x_i, y_j) for m other rows j.
All objectives are maximal where f is the log-density ratio log p(y | x) / p(y), in nats, up to what each leaves open (a
constant for Donsker-Varadhan, a function of x for InfoNCE). Each function returns every row's share, `(n,)`; the mean
of the shares is the objective.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus


class Scores(NamedTuple):
    """Scores of a batch: of its pairs, `(n,)`, and of each x with the y of m other rows, `(n, m)`."""

    joint: Tensor
    marginal: Tensor


CriticObjective = Callable[[Scores], Tensor]


def donsker_varadhan(scores: Scores) -> Tensor:
    """Return E_J f - log E_M e^f, `(n,)` (Donsker and Varadhan 1983; Belghazi et al., arXiv 1801.04062).

    >>> donsker_varadhan(Scores(torch.tensor([2.0, 0.0]), torch.zeros(2, 1))).tolist()
    [2.0, 0.0]
    """
    log_mean = log_mean_exp(scores.marginal)
    return scores.joint - log_mean - (scores.marginal - log_mean).exp().mean(1) + 1


def nwj(scores: Scores) -> Tensor:
    """Return E_J f + 1 - E_M e^f, `(n,)`, whose usual critic is 1 + f (Nguyen, Wainwright and Jordan, arXiv 0809.0853).

    >>> nwj(Scores(torch.zeros(2), torch.zeros(2, 3))).tolist()
    [0.0, 0.0]
    """
    return scores.joint + 1 - scores.marginal.exp().mean(1)


def infonce(scores: Scores) -> Tensor:
    """Return log N + f_ii - log sum_j e^f_ij over a row's own y and N - 1 others; at most log N (arXiv 1807.03748).

    >>> infonce(Scores(torch.tensor([1000.0]), torch.zeros(1, 3))).exp().round().tolist()
    [4.0]
    """
    all_scores = torch.cat([scores.joint[:, None], scores.marginal], 1)
    return scores.joint - torch.logsumexp(all_scores, 1) + math.log(all_scores.shape[1])


def jensen_shannon(scores: Scores) -> Tensor:
    """Return 2 (-E_J softplus(-f) - E_M softplus(f)): the objective of SMILE and, but for constants, of DIME's GAN.

    The factor 2 makes it grow as the information does, in nats, where x and y are weakly dependent.
    """
    return -2 * (softplus(-scores.joint) + softplus(scores.marginal).mean(1))


def hellinger(scores: Scores) -> Tensor:
    """Return 2 - E_J D - E_M 1/D with D = e^(-f/2): the squared Hellinger distance, an objective of f-DIME."""
    return 2 - (-scores.joint / 2).exp() - (scores.marginal / 2).exp().mean(1)


OBJECTIVES: dict[str, CriticObjective] = {
    "donsker-varadhan": donsker_varadhan,
    "infonce": infonce,
    "nwj": nwj,
    "jensen-shannon": jensen_shannon,
    "hellinger": hellinger,
}


def smile(scores: Scores, clamp: float) -> Tensor:
    """Return Donsker-Varadhan with scores clamped to [-clamp, clamp] in the partition alone (arXiv 1910.06222).

    >>> smile(Scores(torch.tensor([60.0]), torch.tensor([[60.0]])), clamp=5.0).tolist()
    [55.0]
    """
    return donsker_varadhan(Scores(scores.joint, scores.marginal.clamp(-clamp, clamp)))


def log_mean_exp(scores: Tensor) -> Tensor:
    """Return the log of the mean of e^score over all entries.

    >>> log_mean_exp(torch.full((3, 2), 100.0)).item()
    100.0
    """
    return torch.logsumexp(scores.flatten(), 0) - math.log(scores.numel())


@dataclass
class CorrectedPartition:
    """The loss with MINE's gradient, in whose denominator a moving average replaces the batch's own partition.

    The gradient of log E_M e^f over a batch is biased, because the batch's own mean stands in its denominator. With
    `smoothing` 0, or an average that equals the batch's mean, the gradient is that of Donsker-Varadhan. The average
    serves in training alone: the value that is reported does not depend on it.

    Attributes:
        smoothing: weight of the past in the average.
        log_average: logarithm of the average; None before the first batch.
    """

    smoothing: float
    log_average: Tensor | None = None

    def loss(self, scores: Scores) -> Tensor:
        """Return a scalar for differentiation; its value has no meaning, only its gradient has."""
        average = self._updated(log_mean_exp(scores.marginal.detach()))
        return (scores.marginal - average).exp().mean() - scores.joint.mean()

    def _updated(self, batch: Tensor) -> Tensor:
        if self.log_average is None or self.smoothing == 0:
            self.log_average = batch
            return batch
        past, present = math.log(self.smoothing), math.log1p(-self.smoothing)
        self.log_average = torch.logaddexp(self.log_average + past, batch + present)
        return self.log_average
