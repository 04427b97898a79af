"""Noise of other shapes: truths against Monte Carlo over drawn rows."""

from __future__ import annotations

import numpy as np
import pytest
from channels import LogLaw, by_channel, mean
from scipy import stats

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.beyond import noise


def added(law: stats.rv_continuous) -> LogLaw:
    return lambda x, y: law.logpdf(y[..., 0] - x[..., 0])


def growing(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return stats.norm.logpdf(y[..., 0], scale=1 + np.abs(x[..., 0]))


def multiplied(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of the sign and the logarithm of y, whose change of variable cancels."""
    x, y = x[..., 0], y[..., 0]
    same = np.sign(x) == np.sign(y)
    return np.where(same, stats.norm.logpdf(np.log(np.abs(y)), np.log(np.abs(x)), 0.6), -np.inf)


@pytest.mark.parametrize(
    ("sampler", "law"),
    [
        (noise.laplace_noise(0.4), added(stats.laplace(scale=0.4))),
        (noise.growing_noise(), growing),
        (noise.multiplied(0.6), multiplied),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_truths_are_those_of_the_rows(sampler: Sampler, law: LogLaw) -> None:
    found = by_channel(sampler, law)
    assert found.error < 0.025
    assert found.holds(sampler.true_mi)


def test_noise_with_a_sharp_end() -> None:
    """Few rows fall below all others, where the mean over other rows is 0: the margin is that of a normal plus x."""
    sampler = noise.exponential_noise(0.5)
    x, y = sampler.sample(20_000)
    assert (y > x).all()
    ratio = stats.expon.logpdf(y - x, scale=0.5) - stats.exponnorm.logpdf(y, 0.5)
    assert mean(ratio).holds(sampler.true_mi, bias=0.0)
