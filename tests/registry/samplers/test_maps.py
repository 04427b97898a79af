"""Invertible maps: they rise, or can be turned back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mmg_registry import samplers


def test_bimodal_marginals_are_mixtures_of_normals_in_both_tails() -> None:
    z = np.array([-8.0, -1.0, 0.0, 0.3, 8.0])
    t = samplers.bimodal(z, (0.3, 0.7), (0, 5))
    assert np.all(np.diff(t) > 0)
    np.testing.assert_allclose(0.3 * stats.norm.cdf(t) + 0.7 * stats.norm.cdf(t - 5), stats.norm.cdf(z), rtol=1e-9)
    np.testing.assert_allclose(0.3 * stats.norm.sf(t) + 0.7 * stats.norm.sf(t - 5), stats.norm.sf(z), rtol=1e-9)


@pytest.mark.parametrize("wiggly", [samplers.wiggly_x, samplers.wiggly_y, samplers.half_cube, samplers.asinh])
def test_coordinate_maps_rise_everywhere(wiggly: object) -> None:
    assert np.all(np.diff(wiggly(np.linspace(-20, 20, 100_001))) > 0)  # type: ignore[operator]


def test_a_spiral_keeps_norms_and_can_be_turned_back() -> None:
    v = np.random.default_rng(0).standard_normal((100, 5))
    turned = samplers.spiral(v, 1, 2)
    np.testing.assert_allclose(np.sum(turned**2, axis=1), np.sum(v**2, axis=1))
    np.testing.assert_array_equal(turned[:, [0, 3, 4]], v[:, [0, 3, 4]])
    np.testing.assert_allclose(samplers.spiral(turned, 2, 1), v, atol=1e-12)


def test_the_swiss_roll_is_a_curve_of_one_parameter() -> None:
    u = np.linspace(0, 1, 1001)[:, None]
    roll = samplers.swiss_roll(u)
    np.testing.assert_allclose(np.hypot(*roll.T) * 21, 1.5 * np.pi * (1 + 2 * u[:, 0]))
