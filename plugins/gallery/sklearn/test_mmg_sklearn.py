import numpy as np
import pytest
from mmg_sklearn import SklearnKnn
from sklearn.feature_selection import mutual_info_regression

import mmg_registry
from mmg_registry.testing import check_estimator


def test_contract():
    check_estimator(SklearnKnn)


@pytest.mark.parametrize("neighbours", [3, 10])
def test_the_value_is_that_of_the_package(neighbours):
    x, noise = np.random.default_rng(0).standard_normal((2, 500, 1))
    y = x + noise
    found = mmg_registry.estimate(x, y, plugin="sklearn-knn", seed=0, options={"n_neighbors": neighbours})
    there = mutual_info_regression(x, y[:, 0], n_neighbors=neighbours, random_state=0)[0]
    assert found.mi == pytest.approx(there, abs=0.02)  # rows are brought to a common scale, and ties broken, apart
