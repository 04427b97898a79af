from mmg_sklearn import SklearnKnn
from sklearn.feature_selection import mutual_info_regression

from mmg_registry.testing import check_estimator


def test_contract():
    check_estimator(SklearnKnn)
