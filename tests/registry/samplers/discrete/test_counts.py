"""Counts: informations by other quadratures, and by the exact log ratio on drawn rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import poisson

from mmg_registry.errors import OptionError
from mmg_registry.samplers.discrete.counts import (
    count_laws,
    counts_of_counts,
    poisson_population,
    zero_inflated_poisson,
)
from mmg_registry.samplers.tables import table_entropy, table_mi


def test_count_laws_are_those_of_poisson() -> None:
    laws = count_laws(np.array([0.01, 3.0, 400.0]))
    np.testing.assert_allclose(laws.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(laws[1, :9], poisson.pmf(np.arange(9), 3.0), rtol=1e-10)


@pytest.mark.parametrize("zeros", [0.0, 0.15, 0.5])
def test_zero_inflated_information_by_adaptive_quadrature(zeros: float) -> None:
    """I = H(Y) - H(Y|X); without its zeros Y is geometric: the sum of X's exponential law is in closed form."""
    law = (1 - zeros) * 0.5 ** (np.arange(80) + 1)
    law[0] += zeros

    def given(x: float) -> float:
        each = (1 - zeros) * poisson.pmf(np.arange(80), x)
        each[0] += zeros
        return math.exp(-x) * table_entropy(each)

    left = sum(quad(given, a, b, epsabs=1e-8)[0] for a, b in ((0, 0.1), (0.1, 3), (3, 30)))
    assert zero_inflated_poisson(zeros).true_mi == pytest.approx(table_entropy(law) - left, abs=1e-6)


def test_zero_inflated_rows_are_zero_as_often_as_told() -> None:
    x, y = zero_inflated_poisson(0.5).sample(50_000)
    assert np.mean(y == 0) == pytest.approx(0.75, abs=0.01)
    assert np.mean(y / x.mean()) == pytest.approx(0.5, abs=0.02)


def test_counts_of_counts_by_gauss_and_hermite() -> None:
    node, weight = np.polynomial.hermite_e.hermegauss(80)
    rho = 0.6
    second = rho * node[:, None] + math.sqrt(1 - rho**2) * node  # (80, 80), given the first
    counts = np.arange(60)
    laws = poisson.pmf(counts, np.exp(0.5 + 0.5 * node)[:, None])
    given = np.einsum("b,abk->ak", weight, poisson.pmf(counts, np.exp(0.5 + 0.5 * second)[..., None]))
    expected = table_mi(laws.T @ (weight[:, None] * given))
    assert counts_of_counts(rho, log_sd=0.5).true_mi == pytest.approx(expected, abs=1e-5)


def test_counts_of_counts_have_the_moments_of_their_law() -> None:
    x, y = counts_of_counts().sample(200_000)
    mean = math.exp(0.5 + 0.64 / 2)
    assert x.mean() == pytest.approx(mean, rel=0.02)
    assert np.mean(x * y) == pytest.approx(math.exp(2 * 0.5 + 0.64 * (1 + 0.9)), rel=0.05)


@pytest.mark.parametrize("neurons", [1, 2])
def test_the_population_is_a_sum_over_all_counts(neurons: int) -> None:
    angles = 2 * math.pi * np.arange(200) / 200
    laws = np.ones((200, 1))
    for i in range(neurons):
        rates = 0.5 + 2 * np.exp(3 * (np.cos(angles - 2 * math.pi * i / neurons) - 1))
        laws = np.einsum("ai,aj->aij", laws, poisson.pmf(np.arange(30), rates[:, None])).reshape(200, -1)
    assert poisson_population(neurons, peak=2.0).true_mi == pytest.approx(table_mi(laws), abs=1e-9)


def test_the_log_ratio_of_drawn_spikes_has_the_information_as_its_mean() -> None:
    pair = poisson_population(4, peak=4.0)
    angle, spikes = pair.sample(20_000)
    nodes = 2 * math.pi * np.arange(120) / 120

    def log_likelihood(at: np.ndarray) -> np.ndarray:
        rates = 0.5 + 4 * np.exp(3 * (np.cos(at[..., None] - 2 * math.pi * np.arange(4) / 4) - 1))
        return np.sum(spikes[:, None] * np.log(rates) - rates, axis=-1)

    ratio = log_likelihood(angle)[:, 0] - np.log(np.mean(np.exp(log_likelihood(nodes[None])), axis=1))
    assert ratio.mean() == pytest.approx(pair.true_mi, abs=4 * ratio.std() / math.sqrt(len(ratio)))


def test_parameters_out_of_range_are_refused() -> None:
    for word, make in (
        ("zeros", lambda: zero_inflated_poisson(1.5)), ("rho", lambda: counts_of_counts(1.0)),
        ("neurons", lambda: poisson_population(5)),
    ):  # fmt: skip
        with pytest.raises(OptionError, match=word):
            make()
