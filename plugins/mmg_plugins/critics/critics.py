"""Estimators that train a critic f(x, y) to tell pairs from shuffled pairs, and compute the estimate from its scores.

They differ in the training objective and in the formula that they report (see `mmg_plugins.critics.objectives`). All of
them report on rows that served neither for training nor for the choice of weights, from all pairs of evaluation rows
within blocks, in float64. Standard errors are those of the delta method: every row contributes to the estimate as a
pair, as an x and as a y.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar, Literal, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from mmg_plugins.critics import objectives as bounds
from mmg_plugins.critics.networks import Critic, CriticShape, Joint, LogMeans, Separable, log_means
from mmg_plugins.critics.readings import (
    cap_words,
    capped,
    clamped_words,
    contrastive,
    contrasts,
    cut_partition,
    log_partition,
    mean_score,
    near_cap,
    of_pairs,
    read_donsker_varadhan,
    read_nwj,
    unnormalised,
)
from mmg_plugins.critics.recipe import CriticRecipe, in_blocks
from mmg_plugins.critics.training import TrainableCritic
from mmg_plugins.neural import Neural, NeuralOptions, Reading
from mmg_registry.contracts import Array, Estimator
from mmg_registry.preprocess import PairTransform
from mmg_registry.threads import torch_threads

CALIBRATION_BLOCK = 128  # held-out rows compared with one another for nwj's constant; its error enters squared
LEAST_CLAMP = 5.0  # smile's published bound
UNCLAMPED = 0.99  # share of pairs that the bound leaves alone where smile chooses it


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


class CriticEstimator(Neural):
    """The estimator of all critics: subclasses declare words and options, and put a recipe together."""

    Options: ClassVar[type[CriticOptions]] = CriticOptions
    table_rows: ClassVar[int] = 512
    options: CriticOptions

    @abstractmethod
    def recipe(self) -> CriticRecipe:
        """Put the parts together, for the present options."""

    def scores(self, x: Array, y: Array) -> Array:
        """Return the critic's f(x_i, y_j) of each table."""
        module = cast("Critic", self._need_fit().trainable.module.cpu())
        with torch_threads(1), torch.no_grad():
            tables = [module.table(*(side[None] for side in self._placed(*rows)))[0] for rows in zip(x, y, strict=True)]
        return np.stack([table.double().numpy() for table in tables])

    def _trainable(self, pair: PairTransform, draw: torch.Generator) -> TrainableCritic:
        o, recipe = self.options, self.recipe()
        shape = CriticShape((pair.dim_x, pair.dim_y), [o.width] * o.depth, o.embedding, o.group)
        kind = {"joint": Joint, "separable": Separable}[o.critic]
        module = kind(shape, self._start_rho(pair), recipe.temperature, draw)
        return TrainableCritic(module, recipe.judged_by, recipe.value, recipe.smoothing)

    def _calibrate(self, trainable: TrainableCritic, x: Tensor, y: Tensor) -> None:
        calibrate = self.recipe().calibrate
        if calibrate is not None:
            calibrate(trainable.module, x, y)

    def _read(self, trainable: TrainableCritic, x: Tensor, y: Tensor) -> Reading:
        recipe = self.recipe()
        means = recipe.compare(trainable.module, x, y)
        found = recipe.read(means)
        words = {"critic": self.options.critic, "compared_with": int(means.size.min()) - 1, **recipe.describe(means)}
        return found._replace(words=words, doubts=recipe.doubt(means, float(found.mi)))


class MINE(CriticEstimator):
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

    def recipe(self) -> CriticRecipe:
        o = self.options
        return CriticRecipe("donsker-varadhan", read_donsker_varadhan, in_blocks(o.block), smoothing=o.smoothing)


class InfoNCE(CriticEstimator):
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
    pointwise = Estimator.pointwise  # the scores know the ratio up to a factor for each x, and values end at log N
    options: InfoNCEOptions

    def recipe(self) -> CriticRecipe:
        o = self.options
        compare = partial(in_growing_blocks, first=o.block, largest=o.largest_block)
        return CriticRecipe("infonce", contrastive, compare, cap_words, capped, temperature=o.temperature)


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

    def recipe(self) -> CriticRecipe:
        block = min(CALIBRATION_BLOCK, self.options.block)
        return replace(super().recipe(), read=read_nwj, calibrate=partial(normalise, block=block))


class SMILE(CriticEstimator):
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

    def recipe(self) -> CriticRecipe:
        o = self.options
        clamp = partial(clamp_of, given=o.clamp)
        return CriticRecipe(
            "jensen-shannon",
            read_donsker_varadhan,
            in_blocks(o.block),
            clamped_words,
            cut_partition,
            calibrate=partial(set_clamp, clamp=clamp),
            value=lambda scores: bounds.smile(scores, clamp(scores.joint)),
        )


class FDIME(CriticEstimator):
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

    def recipe(self) -> CriticRecipe:
        o = self.options
        judged_by = {"kl": "nwj", "gan": "jensen-shannon", "hd": "hellinger"}[o.divergence]
        return CriticRecipe(judged_by, mean_score, in_blocks(o.block), doubt=unnormalised, value=of_pairs)


# --- Parts of single recipes ----------------------------------------------------------------------------------------


def in_growing_blocks(critic: Critic, x: Tensor, y: Tensor, first: int, largest: int) -> LogMeans:
    """Compare rows within blocks of `first` rows, fourfold up to `largest` while the estimate is near its cap."""
    block, most = first, min(len(x), largest)
    means = log_means(critic, x, y, block)
    while block < most and near_cap(means, float(contrasts(means).mean())):
        block = min(4 * block, most)
        means = log_means(critic, x, y, block)
    return means


def normalise(critic: Critic, x: Tensor, y: Tensor, block: int) -> None:
    """Set the critic's constant so that the partition of rows x, y is 1."""
    critic.constant -= log_partition(log_means(critic, x, y, block))


def clamp_of(joint: Tensor, given: float | None) -> float:
    """Return the clamp, by the scores `joint` `(n,)` of true pairs unless one is given."""
    return given or max(LEAST_CLAMP, float(joint.quantile(UNCLAMPED)))


def set_clamp(critic: Critic, x: Tensor, y: Tensor, clamp: Callable[[Tensor], float]) -> None:
    """Set the critic's clamp by the scores of the pairs x, y."""
    critic.clamp.fill_(clamp(critic.held_out_scores(x, y).joint))
