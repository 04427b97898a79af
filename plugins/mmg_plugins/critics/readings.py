"""What the scores of evaluation rows say: estimates, what they are told with, and what they are doubted for."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from mmg_plugins.critics.networks import LogMeans
from mmg_plugins.critics.objectives import Scores
from mmg_plugins.neural import Reading

HEAVY = 0.1  # share of the partition that one row may carry without a warning


# --- The partition --------------------------------------------------------------------------------------------------


def log_partition(means: LogMeans) -> Tensor:
    """Return log E_M e^f, the logarithm of the partition."""
    return torch.logsumexp(means.by_row, 0) - math.log(len(means.by_row))


def shares(means: LogMeans) -> Tensor:
    """Return each row's share `(n,)` of the partition as an x and as a y, relative to the whole, minus its mean."""
    log_z = log_partition(means)
    return (means.by_row - log_z).exp() + (means.by_column - log_z).exp() - 2


def heaviest(means: LogMeans) -> float:
    """Return the largest share of the partition that one row carries."""
    return float((means.by_row - torch.logsumexp(means.by_row, 0)).exp().max())


def read_donsker_varadhan(means: LogMeans) -> Reading:
    """Read E_J f - log E_M e^f."""
    pointwise = means.joint - log_partition(means)
    return Reading(pointwise.mean(), means.joint - shares(means), pointwise)


def read_nwj(means: LogMeans) -> Reading:
    """Read E_J f + 1 - E_M e^f."""
    z = log_partition(means).exp()
    pointwise = means.joint + 1 - z
    return Reading(pointwise.mean(), means.joint - z * shares(means), pointwise)


def mean_score(means: LogMeans) -> Reading:
    """Read E_J f."""
    return Reading(means.joint.mean(), means.joint, means.joint)


def partition_words(means: LogMeans) -> dict[str, Any]:
    """Return the log partition and the heaviest row, for the diagnostics."""
    return {"log_partition": float(log_partition(means)), "heaviest_row": heaviest(means)}


def clamped_words(means: LogMeans) -> dict[str, Any]:
    """Return the same and the clamp."""
    return {**partition_words(means), "clamp": float(means.clamp[0])}


def heavy_row(means: LogMeans, mi: float) -> list[str]:
    """Doubt a partition that hangs on one row."""
    share = heaviest(means)
    if share <= HEAVY or len(means.joint) < 2 / HEAVY:
        return []
    return [
        f"A single row carries {100 * share:.0f} % of the mean over shuffled pairs: that mean, and with it the "
        "standard error, is not to be trusted; more evaluation rows, or 'infonce' or 'smile', vary less."
    ]


def cut_partition(means: LogMeans, mi: float) -> list[str]:
    """Doubt a partition that hangs on one row, and one that the clamp cuts: a density ratio averages to 1."""
    found, log_z = heavy_row(means, mi), float(log_partition(means))
    if not far_from_one(log_z, mi):
        return found
    return [
        *found,
        f"The log mean of the clamped ratio over shuffled pairs is {log_z:+.2f}, not 0, and the estimate is off by "
        f"about as many nats: a 'clamp' above the present {float(means.clamp[0]):.3g} cuts less off, and training "
        "longer may help.",
    ]


def unnormalised(means: LogMeans, mi: float) -> list[str]:
    """Doubt a learned ratio that does not average to 1."""
    log_z = float(log_partition(means))
    if not far_from_one(log_z, mi):
        return []
    return [
        f"The learned ratio does not average to 1 over shuffled pairs (its log mean is {log_z:+.2f}), so the "
        "estimate is off by about as many nats; train longer or with more rows."
    ]


def far_from_one(log_mean: float, mi: float) -> bool:
    """Return whether a mean that should be 1 is off by more than a tenth, of it or of the estimate."""
    return abs(log_mean) > max(0.1, 0.1 * abs(mi))


# --- One among N ----------------------------------------------------------------------------------------------------


def contrasts(means: LogMeans) -> Tensor:
    """Return each row's share `(n,)`: log N plus the log of the softmax weight of its own y among all."""
    others = (means.size - 1).log()
    return means.joint + means.size.log() - torch.logaddexp(means.joint, means.by_row + others)


def near_cap(means: LogMeans, mi: float) -> bool:
    """Return whether an estimate is within a nat of log N."""
    return mi > math.log(int(means.size.min())) - 1


def contrastive(means: LogMeans) -> Reading:
    """Read the mean of `contrasts`."""
    values = contrasts(means)
    return Reading(values.mean(), values - means.competing, values)


def cap_words(means: LogMeans) -> dict[str, Any]:
    """Return the cap log N, for the diagnostics."""
    return {"cap": math.log(int(means.size.min()))}


def capped(means: LogMeans, mi: float) -> list[str]:
    """Doubt an estimate near its cap."""
    if not near_cap(means, mi):
        return []
    size = int(means.size.min())
    return [
        f"The estimate is near its cap of {math.log(size):.2f} nats, the logarithm of the {size} rows compared "
        "with one another: the information may be much larger. More evaluation rows, up to 'largest_block', raise "
        "the cap."
    ]


def of_pairs(scores: Scores) -> Tensor:
    """Return the scores of true pairs: the running estimate of `mean_score`."""
    return scores.joint
