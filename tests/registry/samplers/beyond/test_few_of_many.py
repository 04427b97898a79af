"""Few of many columns: truths on the columns that count, and independence of the others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from channels import LogLaw, by_channel, mean
from scipy import stats

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.beyond import few_of_many as few


def square_law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    second = stats.norm.logpdf(y[..., 1], 0.8 * x[..., 1], 0.6)
    return stats.norm.logpdf(y[..., 0], x[..., 0] ** 2, 0.5) + second


def polynomial_law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return stats.norm.logpdf(y[..., 0], x[..., 0] * x[..., 1] + x[..., 2] ** 2, 0.5)


@pytest.mark.parametrize(
    ("sampler", "law"),
    [(few.square_in(50, 0.5, 0.8), square_law), (few.polynomial_in(30, 0.5), polynomial_law)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_columns_that_count(sampler: Sampler, law: LogLaw) -> None:
    assert by_channel(sampler, law).holds(sampler.true_mi, bias=0.01)


def test_the_sine_behind_a_rotation() -> None:
    sampler = few.sine_in(20, 0.5)
    turns = np.random.default_rng(5)
    x, y = (side @ few.rotation(20, turns).T for side in sampler.sample(3000))
    others, _ = sampler.sample(1500, seed=2)
    others = others @ few.rotation(20, np.random.default_rng(5)).T
    own = stats.norm.logpdf(y[:, 0], 2 * np.sin(3 * x[:, 0]), 0.5)
    margin = np.log(stats.norm.pdf(y[:, :1], 2 * np.sin(3 * others[:, 0]), 0.5).mean(1))
    assert mean(own - margin).holds(sampler.true_mi)


def test_parity_and_vote_tell_a_bit_less_flips_and_single_columns_of_parity_nothing() -> None:
    expected = math.log(2) - float(stats.entropy([0.1, 0.9]))
    for sampler in (few.parity(3, 0.1), few.vote(5, 15, 0.1)):
        assert sampler.true_mi == pytest.approx(expected)
    x, y = few.parity(3, 0.1).sample(50_000)
    assert (np.sign(x.prod(1)) == np.sign(y[:, 0])).mean() == pytest.approx(0.9, abs=0.01)
    assert np.abs(np.corrcoef(np.sign(x).T, np.sign(y[:, 0]))[3, :3]).max() < 0.02
    x, y = few.vote(5, 15, 0.1).sample(50_000)
    assert ((x[:, :5].sum(1) > 0) == y[:, 0]).mean() == pytest.approx(0.9, abs=0.01)
    assert set(np.unique(y)) == {0.0, 1.0}


def test_maps_into_many_columns_keep_the_pairs() -> None:
    """A least-squares inverse of the projection gives the correlated numbers back."""
    sampler = few.projected(40, 3, 0.7)
    x, y = sampler.sample(5000)
    assert np.linalg.matrix_rank(x) == 3
    outer = np.random.default_rng(7).standard_normal((2, 3, 40)) / math.sqrt(3)
    z = [np.linalg.lstsq(outer[k].T, side.T, rcond=None)[0].T for k, side in enumerate((x, y))]
    scores = [np.sign(each) * np.abs(each) ** (2 / 3) for each in z]
    np.testing.assert_allclose(np.corrcoef(scores[0].T, scores[1].T)[:3, 3:], 0.7 * np.eye(3), atol=0.06)
    assert sampler.true_mi == pytest.approx(-1.5 * math.log(0.51))


def test_a_bent_pair_is_the_same_pair_in_every_draw_and_its_noise_is_its_own() -> None:
    sampler = few.curved_in(10, 90, 0.8)
    x, y = (side @ few.rotation(100, np.random.default_rng(200 + k)).T for k, side in enumerate(sampler.sample(4000)))
    np.testing.assert_allclose(x[:, 10:].std(0), 0.5, atol=0.03)
    assert np.abs(np.corrcoef(x[:, 10:].T, y.T)[:90, 90:]).max() < 0.1
    assert np.linalg.svd(x[:, :10] - x[:, :10].mean(0), compute_uv=False)[2] > 1  # a curved surface, not a plane
    assert sampler.true_mi == pytest.approx(-math.log(0.36))
