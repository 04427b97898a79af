"""False discovery rates, beside SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from mmg_registry.screen.rates import ordered_rates, price_of_dependence

P = np.random.default_rng(6).uniform(size=200) ** 3


def test_rates_are_those_of_scipy() -> None:
    order, log_q = ordered_rates(-np.log(P).astype(np.float32))
    np.testing.assert_allclose(np.exp(log_q), false_discovery_control(P)[order], rtol=1e-4)


def test_under_dependence_they_are_those_of_scipy_too() -> None:
    order, log_q = ordered_rates(-np.log(P).astype(np.float32))
    dear = np.minimum(1, np.exp(log_q) * price_of_dependence(len(P)))
    assert dear == pytest.approx(false_discovery_control(P, method="by")[order], rel=1e-4)
