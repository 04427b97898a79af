"""Angles: closed forms against quadrature of their laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from channels import by_channel, mean
from scipy import stats

from mmg_registry.samplers.beyond import circular


@pytest.mark.parametrize("concentration", [0.1, 3.0, 5.0])
def test_von_mises_noise_leaves_what_its_entropy_leaves(concentration: float) -> None:
    expected = math.log(2 * math.pi) - float(stats.vonmises(concentration).entropy())
    assert circular.von_mises_mi(concentration) == pytest.approx(expected, abs=1e-9)


def test_every_part_of_a_sum_of_angles_is_independent_of_it() -> None:
    x, y = circular.von_mises(3.0, angles=2).sample(20_000)
    noise = np.mod(y[:, 0] - x.sum(1) + np.pi, 2 * np.pi) - np.pi
    assert stats.kstest(noise, stats.vonmises(3.0).cdf).pvalue > 1e-4
    difference = np.mod(y[:, 0] - x[:, 0], 2 * np.pi)
    assert stats.kstest(difference, stats.uniform(0, 2 * np.pi).cdf).pvalue > 1e-4


def test_a_uniform_arc() -> None:
    sampler = circular.wrapped_uniform(0.1)
    x, y = sampler.sample(5000)
    away = np.abs(np.mod(y - x + 0.5, 1) - 0.5)
    assert away.max() <= 0.1
    assert stats.kstest(away[:, 0], stats.uniform(0, 0.1).cdf).pvalue > 1e-4
    assert sampler.true_mi == pytest.approx(math.log(5))


def cat_law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    image = np.stack([2 * x[..., 0] + x[..., 1], x[..., 0] + x[..., 1]], -1)
    around = np.mod(y - image + 0.5, 1) - 0.5
    turns = np.arange(-2, 3)
    return np.log(stats.norm.pdf(around[..., None] + turns, scale=0.15).sum(-1)).sum(-1)


def test_the_cat_map() -> None:
    sampler = circular.cat_map(0.15)
    x, y = sampler.sample(20_000, seed=1)
    assert mean(cat_law(x, y)).holds(sampler.true_mi, bias=0.0)  # y is uniform, so its log density is 0
    assert by_channel(sampler, cat_law, rows=2000, others=400).holds(sampler.true_mi, bias=0.03)
