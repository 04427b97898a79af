"""Estimators that train a critic f(x, y) to tell pairs from shuffled pairs, and compute the estimate from its scores.

They differ in the training objective and in the formula that they report (see `mmg_plugins.critics.objectives`). All of
them report on rows that served neither for training nor for the choice of weights, from all pairs of evaluation rows
within blocks, in float64. Standard errors are those of the delta method: every row contributes to the estimate as a
pair, as an x and as a y.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from mmg_plugins.critics import objectives as bounds
from mmg_plugins.critics.networks import Critic, CriticShape, Joint, LogMeans, Separable, log_means
from mmg_plugins.critics.objectives import CriticObjective, Scores
from mmg_plugins.critics.training import TrainableCritic
from mmg_plugins.neural import Neural, NeuralOptions, Reading
from mmg_registry.preprocess import PairTransform

CALIBRATION_BLOCK = 128  # held-out rows compared with one another for nwj's constant; its error enters squared
LEAST_CLAMP = 5.0  # smile's published bound
UNCLAMPED = 0.99  # share of pairs that the bound leaves alone where smile chooses it
HEAVY = 0.1  # share of the partition that one row may carry without a warning


class CriticOptions(NeuralOptions):
    """Options that all critics have."""

    width: int = Field(64, ge=4, le=2_048, description="units of a hidden layer")
    batch: int = Field(256, ge=2, le=65_536, description="rows a training step; all of them where there are fewer")
    critic: Literal["joint", "separable"] = Field(
        "joint",
        description="an inner product of a network of x and one of y; 'joint' adds a network that every pair passes",
    )
    embedding: int = Field(64, ge=1, le=2_048, description="columns of the inner product")
    group: int = Field(
        8, ge=2, le=4_096, description="rows of a batch compared with one another by 'joint'; the other compares all"
    )
    block: int = Field(
        512,
        ge=2,
        le=32_768,
        description="evaluation rows compared with one another; infonce is capped at its logarithm",
    )


class MINEOptions(CriticOptions):
    """Options of `mine` and `nwj`."""

    smoothing: float = Field(0.9, ge=0, lt=1, description="weight of the past in the moving average of the partition")


class InfoNCEOptions(CriticOptions):
    """Options of `infonce`."""

    temperature: float = Field(1.0, gt=0, le=1_000, description="divides all scores, those of pairs included")
    largest_block: int = Field(
        8_192,
        ge=2,
        le=32_768,
        description="'block' grows up to this, fourfold at a time, while the estimate is near its cap",
    )


class SMILEOptions(CriticOptions):
    """Options of `smile`."""

    clamp: float | None = Field(
        None,
        gt=0,
        le=100,
        description="bound of the scores in the partition, from both sides (published: 5); unless given, what 99 of "
        "100 held-out pairs stay below, 5 at least",
    )


class FDIMEOptions(CriticOptions):
    """Options of `f-dime`."""

    divergence: Literal["kl", "gan", "hd"] = Field(
        "kl", description="trained by: Kullback-Leibler, Jensen-Shannon as in a GAN, or squared Hellinger"
    )


class _CriticEstimator(Neural):
    """Base class of the critics' estimators."""

    Options: ClassVar[type[CriticOptions]] = CriticOptions
    options: CriticOptions

    def _trainable(self, pair: PairTransform, draw: torch.Generator) -> TrainableCritic:
        o, judged = self.options, self._judged_by()
        shape = CriticShape((pair.dim_x, pair.dim_y), [o.width] * o.depth, o.embedding, o.group)
        kind = {"joint": Joint, "separable": Separable}[o.critic]
        module = kind(shape, self._start_rho(pair), self._temperature(), draw)
        return TrainableCritic(module, judged, self._value(), self._smoothing())

    def _temperature(self) -> float:
        return 1.0

    def _smoothing(self) -> float:
        return 0.0

    @abstractmethod
    def _judged_by(self) -> str:
        """Return the name of the objective in `objectives.OBJECTIVES`."""

    def _value(self) -> CriticObjective | None:
        """Return the function that gives the running estimate, or None where it is the objective itself."""
        return None

    @abstractmethod
    def _reading(self, means: LogMeans) -> Reading:
        """Return the estimate from the scores of evaluation rows."""

    def _read(self, trainable: TrainableCritic, x: Tensor, y: Tensor) -> Reading:
        means = self._means(trainable.module, x, y)
        found = self._reading(means)
        words = {"critic": self.options.critic, "compared_with": int(means.size.min()) - 1, **self._words(means)}
        return found._replace(words=words, doubts=self._doubts(means, float(found.mi)))

    def _means(self, critic: Critic, x: Tensor, y: Tensor) -> LogMeans:
        return log_means(critic, x, y, self.options.block)

    def _words(self, means: LogMeans) -> dict[str, Any]:
        return {"log_partition": float(_log_partition(means)), "heaviest_row": _heaviest(means)}

    def _doubts(self, means: LogMeans, mi: float) -> list[str]:
        share = _heaviest(means)
        if share <= HEAVY or len(means.joint) < 2 / HEAVY:
            return []
        return [
            f"A single row carries {100 * share:.0f} % of the mean over shuffled pairs: that mean, and with it the "
            "standard error, is not to be trusted; more evaluation rows, or 'infonce' or 'smile', vary less."
        ]


def _log_partition(means: LogMeans) -> Tensor:
    """Return log E_M e^f, the logarithm of the partition."""
    return torch.logsumexp(means.by_row, 0) - math.log(len(means.by_row))


def _shares(means: LogMeans) -> Tensor:
    """Return each row's share `(n,)` of the partition as an x and as a y, relative to the whole, minus its mean."""
    log_z = _log_partition(means)
    return (means.by_row - log_z).exp() + (means.by_column - log_z).exp() - 2


def _heaviest(means: LogMeans) -> float:
    return float((means.by_row - torch.logsumexp(means.by_row, 0)).exp().max())


def _donsker_varadhan(means: LogMeans) -> Reading:
    pointwise = means.joint - _log_partition(means)
    return Reading(pointwise.mean(), means.joint - _shares(means), pointwise)


class MINE(_CriticEstimator):
    """MINE: the Donsker-Varadhan bound, trained with a moving average in the gradient's denominator.

    The method is that of Belghazi et al. (arXiv 1801.04062).

    With exact expectations E_J f - log E_M e^f is a lower bound. The logarithm of a mean over finitely many pairs is
    too low on average, so no direction is claimed for the estimate. Pointwise values are f - log E_M e^f.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> mine = MINE(run=Run(seed=0, threads=1), steps=50).fit(x[:1600], y[:1600])
        >>> bool(abs(mine.estimate(x[1600:], y[1600:]).mi - 0.511) < 0.15)
        True
    """

    name = "mine"
    summary = "critic: Donsker-Varadhan, corrected gradient"
    reference = "Belghazi et al., arXiv 1801.04062"
    Options = MINEOptions
    options: MINEOptions

    def _judged_by(self) -> str:
        return "donsker-varadhan"

    def _smoothing(self) -> float:
        return self.options.smoothing

    def _reading(self, means: LogMeans) -> Reading:
        return _donsker_varadhan(means)


class InfoNCE(_CriticEstimator):
    """InfoNCE: the critic says which of N y belongs to x; a lower bound on average for any critic, at most log N.

    The method is that of van den Oord et al. (arXiv 1807.03748).

    N is the number of evaluation rows in a block: `block`, or more, up to `largest_block`, where the estimate is within
    a nat of the cap log N. The cap is in the result, with a warning when the estimate is still near it.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> found = InfoNCE(run=Run(seed=0, threads=1), steps=50).fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(found.mi - 0.511) < 0.15), round(found.diagnostics["cap"], 2)  # log 400
        (True, 5.99)
    """

    name = "infonce"
    summary = "critic: contrastive, capped at log N"
    reference = "van den Oord et al., arXiv 1807.03748"
    Options = InfoNCEOptions
    bound = "lower"
    options: InfoNCEOptions

    def _temperature(self) -> float:
        return self.options.temperature

    def _judged_by(self) -> str:
        return "infonce"

    def _means(self, critic: Critic, x: Tensor, y: Tensor) -> LogMeans:
        block, most = self.options.block, min(len(x), self.options.largest_block)
        means = log_means(critic, x, y, block)
        while block < most and _near_cap(means, float(_contrasts(means).mean())):
            block = min(4 * block, most)
            means = log_means(critic, x, y, block)
        return means

    def _reading(self, means: LogMeans) -> Reading:
        values = _contrasts(means)
        return Reading(values.mean(), values - means.competing, values)

    def _words(self, means: LogMeans) -> dict[str, Any]:
        return {"cap": math.log(int(means.size.min()))}

    def _doubts(self, means: LogMeans, mi: float) -> list[str]:
        if not _near_cap(means, mi):
            return []
        size = int(means.size.min())
        return [
            f"The estimate is near its cap of {math.log(size):.2f} nats, the logarithm of the {size} rows compared "
            "with one another: the information may be much larger. More evaluation rows, up to 'largest_block', raise "
            "the cap."
        ]


def _contrasts(means: LogMeans) -> Tensor:
    """Return each row's share `(n,)`: log N plus the log of the softmax weight of its own y among all."""
    others = (means.size - 1).log()
    return means.joint + means.size.log() - torch.logaddexp(means.joint, means.by_row + others)


def _near_cap(means: LogMeans, mi: float) -> bool:
    return mi > math.log(int(means.size.min())) - 1


class NWJ(MINE):
    """NWJ, also known as MINE-f: E_J f + 1 - E_M e^f, a lower bound on average for any critic.

    The bound is that of Nguyen, Wainwright and Jordan (arXiv 0809.0853).

    The best constant to add to f makes E_M e^f = 1, and the bound then equals Donsker-Varadhan's. So f is trained as in
    `mine`, and its constant is set on held-out training rows. Training by the exponential itself would have to learn
    the constant first, with gradients that grow with its error. The variance of the bound grows like the exponential of
    the information. Pointwise values are f + 1 - E_M e^f.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> nwj = NWJ(run=Run(seed=0, threads=1), steps=50).fit(x[:1600], y[:1600])
        >>> bool(abs(nwj.estimate(x[1600:], y[1600:]).mi - 0.511) < 0.15)
        True
    """

    name = "nwj"
    summary = "critic: lower bound of Nguyen, Wainwright and Jordan"
    reference = "Nguyen, Wainwright and Jordan, arXiv 0809.0853"
    bound = "lower"

    def _calibrate(self, trainable: TrainableCritic, x: Tensor, y: Tensor) -> None:
        block = min(CALIBRATION_BLOCK, self.options.block)
        trainable.module.constant -= _log_partition(log_means(trainable.module, x, y, block))

    def _reading(self, means: LogMeans) -> Reading:
        z = _log_partition(means).exp()
        pointwise = means.joint + 1 - z
        return Reading(pointwise.mean(), means.joint - z * _shares(means), pointwise)


class SMILE(_CriticEstimator):
    """SMILE: Donsker-Varadhan with scores clamped in the partition alone; trained by Jensen-Shannon, unclamped.

    The method is that of Song and Ermon (arXiv 1910.06222).

    It varies less than MINE, and is biased where log-density ratios lie beyond the clamp, of which the result warns. It
    is no bound. The density ratio averages to 1 over shuffled pairs, and pairs with a ratio above the clamp contribute
    to that 1 just their share among true pairs. What the clamp cuts off is at most that share, which is why the clamp,
    unless given, is set by the scores of true pairs. Pointwise values are f minus the log partition.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> smile = SMILE(run=Run(seed=0, threads=1), steps=50).fit(x[:1600], y[:1600])
        >>> bool(abs(smile.estimate(x[1600:], y[1600:]).mi - 0.511) < 0.15)
        True
    """

    name = "smile"
    summary = "critic: Donsker-Varadhan with a clamped partition"
    reference = "Song and Ermon, arXiv 1910.06222"
    Options = SMILEOptions
    options: SMILEOptions

    def _judged_by(self) -> str:
        return "jensen-shannon"

    def _value(self) -> CriticObjective:
        return lambda scores: bounds.smile(scores, self._clamp(scores.joint))

    def _clamp(self, joint: Tensor) -> float:
        """Return the clamp, by the scores `joint` `(n,)` of true pairs unless the option gives one."""
        return self.options.clamp or max(LEAST_CLAMP, float(joint.quantile(UNCLAMPED)))

    def _calibrate(self, trainable: TrainableCritic, x: Tensor, y: Tensor) -> None:
        trainable.module.clamp.fill_(self._clamp(trainable.module.scores(x, y, trainable.module.held_out_group).joint))

    def _words(self, means: LogMeans) -> dict[str, Any]:
        return {**super()._words(means), "clamp": float(means.clamp[0])}

    def _reading(self, means: LogMeans) -> Reading:
        return _donsker_varadhan(means)

    def _doubts(self, means: LogMeans, mi: float) -> list[str]:
        """Return the warnings of all critics, and one where scores of shuffled pairs lie beyond the clamp."""
        found, log_z = super()._doubts(means, mi), float(_log_partition(means))
        if not _far_from_one(log_z, mi):
            return found
        return [
            *found,
            f"The log mean of the clamped ratio over shuffled pairs is {log_z:+.2f}, not 0, and the estimate is off by "
            f"about as many nats: a 'clamp' above the present {float(means.clamp[0]):.3g} cuts less off, and training "
            "longer may help.",
        ]


class FDIME(_CriticEstimator):
    """f-DIME: the mean of f itself, after training by a variational f-divergence.

    The method is that of Letizia, Novello and Tonello (arXiv 2305.20025).

    It needs no partition, and is no bound. No x of a shuffled pair meets its own y, as in the paper's derangements.
    With f the log-density ratio, the discriminators of the paper are e^f (KL), 1 / (1 + e^f) (GAN) and e^(-f/2) (HD).
    Pointwise values are f.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> dime = FDIME(run=Run(seed=0, threads=1), steps=50, divergence="gan").fit(x[:1600], y[:1600])
        >>> bool(abs(dime.estimate(x[1600:], y[1600:]).mi - 0.511) < 0.15)
        True
    """

    name = "f-dime"
    summary = "critic: mean log ratio of a discriminator"
    reference = "Letizia, Novello and Tonello, arXiv 2305.20025"
    Options = FDIMEOptions
    options: FDIMEOptions

    def _judged_by(self) -> str:
        return {"kl": "nwj", "gan": "jensen-shannon", "hd": "hellinger"}[self.options.divergence]

    def _value(self) -> CriticObjective:
        return _joint

    def _reading(self, means: LogMeans) -> Reading:
        return Reading(means.joint.mean(), means.joint, means.joint)

    def _doubts(self, means: LogMeans, mi: float) -> list[str]:
        log_z = float(_log_partition(means))
        if not _far_from_one(log_z, mi):
            return []
        return [
            f"The learned ratio does not average to 1 over shuffled pairs (its log mean is {log_z:+.2f}), so the "
            "estimate is off by about as many nats; train longer or with more rows."
        ]


def _far_from_one(log_mean: float, mi: float) -> bool:
    return abs(log_mean) > max(0.1, 0.1 * abs(mi))


def _joint(scores: Scores) -> Tensor:
    return scores.joint
