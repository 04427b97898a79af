"""Sums over grids, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mmg_registry.samplers.quadrature import (
    Nodes,
    copula_mi,
    density_entropy,
    even_panels,
    noisy_signal_mi,
    normal_nodes,
    panels,
)
from mmg_registry.samplers.tables import table_mi


def test_panels_are_exact_for_polynomials_and_kinks_at_their_edges() -> None:
    rule = panels([-1.0, 0.0, 0.5, 2.0], order=4)
    assert len(rule.at) == 12
    assert rule.weight @ rule.at**7 == pytest.approx((2**8 - 1) / 8)
    assert rule.weight @ np.abs(rule.at) == pytest.approx(2.5)


def test_even_panels_are_no_longer_than_asked_for() -> None:
    assert len(even_panels(0.0, 1.0, 0.3, order=2).at) == 2 * 4
    assert even_panels(0.0, 3.0, 1.0).weight.sum() == pytest.approx(3.0)


def test_masses_of_independent_sides_share_nothing_and_scale_does_not_count() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(5), rng.random(7)
    assert table_mi(np.outer(a, b)) == pytest.approx(0, abs=1e-12)
    flips = np.array([[0.9, 0.1], [0.1, 0.9]])
    expected = math.log(2) - float(stats.entropy([0.1, 0.9]))
    assert table_mi(flips) == pytest.approx(expected)
    assert table_mi(17 * flips) == pytest.approx(expected)


def test_masses_too_small_to_multiply_do_not_make_it_infinite() -> None:
    assert table_mi(np.array([[1.0, 0.0], [0.0, 1e-300]])) == pytest.approx(0, abs=1e-12)


def test_a_density_on_nodes_is_a_mass_too() -> None:
    rule = normal_nodes()
    conditional = stats.norm.pdf(rule.at, 0.8 * rule.at[:, None], 0.6) / stats.norm.pdf(rule.at)
    masses = rule.weight[:, None] * rule.weight * conditional
    assert table_mi(masses) == pytest.approx(-0.5 * math.log(0.36), abs=1e-9)


@pytest.mark.parametrize("law", [stats.norm(2, 3), stats.laplace(scale=0.5), stats.gamma(3)])
def test_entropy_of_known_laws(law: stats.rv_continuous) -> None:
    rule = even_panels(float(law.ppf(1e-15)), float(law.isf(1e-15)), float(law.std()) / 10)
    assert density_entropy(law.pdf(rule.at), rule.weight) == pytest.approx(float(law.entropy()), abs=1e-4)


def test_a_bit_in_noise_against_the_integral_of_its_error() -> None:
    # log 2 - E log(1 + exp(-2 (1 + s n) / s^2)) for the signal -1 or 1 in noise of standard deviation s
    found = noisy_signal_mi(Nodes(np.array([-1.0, 1.0]), np.array([0.5, 0.5])), stats.norm(scale=0.7))
    rule = normal_nodes()
    lost = rule.weight @ np.log1p(np.exp(-2 * (1 + 0.7 * rule.at) / 0.49))
    assert found == pytest.approx(math.log(2) - lost, abs=1e-9)


def test_the_copula_of_normals() -> None:
    def log_density(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return -0.5 * math.log(0.75) - (0.25 * (a * a + b * b) - a * b) / 1.5

    assert copula_mi(log_density) == pytest.approx(-0.5 * math.log(0.75), abs=1e-9)
