"""Pairs of 10 to 30 nats."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry import samplers


@pytest.mark.parametrize(("strength", "mi"), [(200, 9.90), (650, 12.26), (1100, 13.31), (1550, 14.00), (2000, 14.51)])
def test_high_information_plain_and_mapped(strength: int, mi: float) -> None:
    for prefix in ("", "half_cube-", "spiral-"):
        task = samplers.HIGH_MI[f"{prefix}multinormal-sparse-3-3-2-{strength}.0"]
        assert task.true_mi == pytest.approx(mi, abs=0.006)
        assert (task.dim_x, task.dim_y) == (3, 3)


@pytest.mark.parametrize("mi", [20.0, 30.0])
def test_extreme_information_is_what_the_rows_hold(mi: float) -> None:
    x, y = samplers.HIGH_MI[f"multinormal-sparse-3-3-2-{mi:g}nats"].sample(50_000)
    noise = np.var(y[:, :2] - x[:, :2])  # Var(Y - X) = 2 (1 - rho), and 1 - rho^2 = exp(-mi) in each of two pairs
    assert -math.log(noise) == pytest.approx(mi, abs=0.03)
