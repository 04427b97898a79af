import numpy as np
import pytest
from mmg_example import ExampleEstimator

import mmg_registry
from mmg_registry.testing import check_estimator


def test_contract():
    check_estimator(ExampleEstimator)


@pytest.mark.parametrize("correlation", [0.5, 0.9])
def test_known_value(correlation):
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 2000, 1))
    y = correlation * x + (1 - correlation**2) ** 0.5 * noise
    found = mmg_registry.estimate(x, y, plugin="example", seed=0)
    assert abs(found.mi + 0.5 * np.log(1 - correlation**2)) < 4 * found.std_error
