"""Windows of series: closed forms of order 1, and the drawn covariance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.samplers.beyond.series import autoregressive_windows


@pytest.mark.parametrize("length", [1, 5])
def test_of_order_one_only_the_nearest_values_count(length: int) -> None:
    assert autoregressive_windows(length, 0.9).true_mi == pytest.approx(-0.5 * math.log(1 - 0.81))


def test_of_order_two_two_values_suffice() -> None:
    assert autoregressive_windows(2, 1.2, -0.5).true_mi == pytest.approx(autoregressive_windows(6, 1.2, -0.5).true_mi)
    assert autoregressive_windows(1, 1.2, -0.5).true_mi == pytest.approx(-0.5 * math.log(1 - 0.8**2))


def test_windows_follow_the_recursion() -> None:
    z = np.hstack(autoregressive_windows(4, 1.2, -0.5).sample(50_000))
    noise = z[:, 2:] - 1.2 * z[:, 1:-1] + 0.5 * z[:, :-2]
    np.testing.assert_allclose(z.std(0), 1.0, atol=0.02)
    assert np.abs(np.corrcoef(noise.T) - np.eye(6)).max() < 0.03
    assert np.abs(np.corrcoef(noise.T, z[:, :2].T)[:6, 6:]).max() < 0.03
