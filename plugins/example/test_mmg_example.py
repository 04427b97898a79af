from mmg_example import ExampleEstimator

from mmg_registry.testing import check_estimator


def test_contract():
    check_estimator(ExampleEstimator)
